from __future__ import annotations

from datetime import timedelta

import pytest

from kpis.access.models import AuditEvent
from kpis.definitions.changing import ChangeRefused
from kpis.sources import configuring, credentials
from kpis.sources.configuring import FeedPlan, SourceWrong
from tests.db.sources.conftest import NINE
from tests.factories import InitiativeFactory, KpiFactory

ADDRESS = "https://prometheus.company.example"
HOUR = timedelta(hours=1)


def made(feeds=None, header="", **fields):
    given = {"slug": "prom", "name": "Prometheus", "kind": "prometheus", "address": ADDRESS} | fields
    plans = [FeedPlan(KpiFactory(), query="up")] if feeds is None else feeds
    return configuring.create_source(given, feeds=plans, header=header, by=None, at=NINE)


def changed(source, feeds=None, header=None, **fields):
    configuring.change_source(source, fields, feeds=feeds, header=header, by=None, at=NINE + HOUR)
    source.refresh_from_db()
    return source


def refusal(work):
    with pytest.raises((ChangeRefused, SourceWrong)) as caught:
        work()
    return caught.value.code


def test_a_new_source_has_a_rhythm_and_an_overlap_and_is_due_at_once():
    source = made()
    assert (source.every, source.overlap) == (timedelta(minutes=5), timedelta(hours=1))
    assert source.next_due_at == NINE


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"address": "prometheus:9090"}, "address_wrong"),
        ({"address": "ftp://prometheus"}, "address_wrong"),
        ({"address": "http://"}, "address_wrong"),
        ({"address": "http://[::1"}, "address_wrong"),
        ({"address": "http://host:99999"}, "address_wrong"),
        ({"address": "http://user:pass@host"}, "address_has_secret"),
        ({"every": timedelta(seconds=1)}, "rhythm_out_of_range"),
        ({"every": timedelta(days=90)}, "rhythm_out_of_range"),
        ({"overlap": -HOUR}, "overlap_out_of_range"),
        ({"kind": "push"}, "push_has_no_feeds"),
    ],
)
def test_a_source_that_can_never_work_is_refused_when_it_is_set_up(fields, code):
    assert refusal(lambda: made(**fields)) == code


def test_a_feed_that_can_never_work_is_refused_with_its_place():
    with pytest.raises((ChangeRefused, SourceWrong)) as caught:
        made([FeedPlan(KpiFactory(), query="up"), FeedPlan(KpiFactory(), query="up", step=timedelta(seconds=7))])
    assert (caught.value.code, caught.value.attr) == ("step_uneven", "feeds.1")


def test_a_source_of_an_initiative_feeds_its_own_kpis_only():
    assert refusal(lambda: made(initiative=InitiativeFactory())) == "kpi_of_another"


def test_a_secret_is_kept_as_ciphertext_that_only_its_own_source_opens():
    source, other = made(header="Authorization: Bearer abcdef"), made(slug="other")
    assert b"abcdef" not in bytes(source.auth_header)
    assert credentials.header_of(source) == {"Authorization": "Bearer abcdef"}
    other.auth_header = source.auth_header
    with pytest.raises(Exception, match="belongs to another place"):
        credentials.header_of(other)


@pytest.mark.parametrize(
    "header", ["Bearer abc", "A b: c", "X: \r\nY: z", "X: café", "Host: evil", "X:", ": abc", "X: " + "a" * 5000]
)
def test_what_is_no_header_line_is_refused(header):
    assert refusal(lambda: made(header=header)) == "header_wrong"


def test_the_trail_tells_every_change_but_never_the_secret():
    source = made(header="Authorization: Bearer abcdef")
    changed(source, header="Authorization: Bearer ghijkl", name="Other")
    said = [(event.what, str(event.details)) for event in AuditEvent.objects.order_by("sequence")]
    assert [what for what, _ in said] == [
        "datasource.created",
        "datasource.secret_changed",
        "datasource.feeds_changed",
        "datasource.changed",
        "datasource.secret_changed",
    ]
    assert not any("abcdef" in details or "ghijkl" in details for _, details in said)


def test_a_feed_that_stays_keeps_its_cursor_and_a_changed_one_begins_anew():
    kept, renewed = FeedPlan(KpiFactory(), query="up"), FeedPlan(KpiFactory(), query="down")
    source = made([kept, renewed])
    source.feeds.update(until=NINE, memory={"counters": {"a": 1}})
    changed(source, feeds=[kept, FeedPlan(renewed.kpi, query="sum(down)"), FeedPlan(KpiFactory(), query="x")])
    assert [(feed.query, feed.until) for feed in source.feeds.all()] == [("up", NINE), ("sum(down)", None), ("x", None)]


def test_a_new_feed_begins_where_it_is_told_to():
    source = made([FeedPlan(KpiFactory(), query="up", begin_at=NINE - timedelta(days=60))])
    assert source.feeds.get().until == NINE - timedelta(days=60)


def test_the_secret_does_not_move_to_another_host_by_itself():
    source = made(header="Authorization: Bearer abcdef")
    assert refusal(lambda: changed(source, address="https://evil.example")) == "header_needed"
    assert changed(source, address=ADDRESS + "/prometheus").auth_header is not None
    moved = changed(source, address="https://other.example", header="Authorization: Bearer new-one")
    assert credentials.header_of(moved) == {"Authorization": "Bearer new-one"}


def test_an_empty_header_removes_the_secret():
    assert changed(made(header="X: abc"), header="").auth_header is None


@pytest.mark.parametrize(
    ("fields", "code"), [({"slug": "new"}, "slug_is_fixed"), ({"kind": "scrape"}, "kind_is_fixed")]
)
def test_slug_and_kind_stay(fields, code):
    source = made()
    assert refusal(lambda: changed(source, **fields)) == code


def test_a_change_makes_the_source_due_so_that_it_is_seen_at_once():
    assert changed(made(), name="New").next_due_at == NINE + HOUR


def test_a_change_that_is_refused_changes_nothing():
    source = made()
    assert refusal(lambda: changed(source, feeds=[FeedPlan(KpiFactory(), query=" ")], name="New")) == "query_missing"
    source.refresh_from_db()
    assert (source.name, source.feeds.get().query) == ("Prometheus", "up")


def test_deleting_a_source_is_in_the_trail():
    source = made()
    configuring.delete_source(source, by=None, at=NINE)
    assert AuditEvent.objects.order_by("sequence").last().what == "datasource.deleted"
