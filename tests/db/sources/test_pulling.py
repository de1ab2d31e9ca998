from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx

from kpis.ingest.models import Rejection
from kpis.measurements.models import Measurement
from kpis.plumbing import outbound
from kpis.plumbing.models import Change
from kpis.sources import credentials, pulling, schedule
from kpis.sources.models import Feed
from tests.db.sources.conftest import NINE, ticket
from tests.factories import DataSourceFactory, FeedFactory, KpiFactory

LATER = NINE + timedelta(minutes=5)


def values():
    return dict(Measurement.objects.values_list("event_id", "value"))


def test_what_the_source_says_is_stored_and_the_run_says_what_came(desk, source, pulled):
    desk.rows = [ticket("1", 10), ticket("2", 20)]
    run = pulled(source)
    assert values() == {"1": 10.0, "2": 20.0}
    assert (run.state, run.received, run.accepted, run.rejected) == ("ok", 2, 2, 0)
    assert run.finished_at is not None


def test_the_first_run_asks_for_one_rhythm_and_the_overlap(desk, source, pulled):
    run = pulled(source)
    assert (run.asked_from, run.asked_until) == (NINE - timedelta(minutes=65), NINE)
    assert desk.requests[0].url.params["from"] == "2026-03-02T07:55:00Z"


def test_the_next_run_goes_on_where_the_last_one_ended_less_the_overlap(desk, source, pulled):
    pulled(source)
    run = pulled(source, NINE + timedelta(hours=7))
    assert run.asked_from == NINE - timedelta(hours=1)


def test_a_row_that_comes_again_is_counted_once(desk, source, pulled):
    desk.rows = [ticket("1", 10)]
    pulled(source)
    run = pulled(source, LATER)
    assert values() == {"1": 10.0}
    assert (run.accepted, run.unchanged) == (0, 1)


def test_a_row_that_was_corrected_replaces_what_was_stored(desk, source, pulled):
    desk.rows = [ticket("1", 10)]
    pulled(source)
    desk.rows = [ticket("1", 12)]
    run = pulled(source, LATER)
    assert values() == {"1": 12.0}
    assert run.replaced == 1


def test_a_row_that_is_no_point_is_kept_with_its_reason_and_the_run_is_partial(desk, source, pulled):
    desk.rows = [ticket("1", 10), ticket("2", "twelve")]
    run = pulled(source)
    assert values() == {"1": 10.0}
    assert (run.state, run.received, run.accepted, run.rejected) == ("partial", 2, 1, 1)
    rejection = Rejection.objects.get()
    assert (rejection.code, rejection.batch.source) == ("invalid_value", source)
    assert "twelve" in rejection.point


def test_the_factor_brings_a_value_into_the_unit_of_the_kpi(desk, source, pulled):
    Feed.objects.update(factor=60)
    desk.rows = [ticket("1", 1.5)]
    pulled(source)
    assert values() == {"1": 90.0}


def test_a_source_that_is_out_of_reach_gives_a_failed_run_with_its_reason(desk, source, pulled):
    desk.pages = [httpx.ConnectError("refused")]
    run = pulled(source)
    assert (run.state, run.error_code) == ("failed", "outbound_unreachable")
    assert run.error_detail


def test_a_failed_run_leaves_the_cursor_so_that_the_gap_is_asked_for_later(desk, source, pulled):
    pulled(source)
    desk.pages = [httpx.Response(500)]
    pulled(source, LATER)
    run = pulled(source, NINE + timedelta(minutes=10))
    assert run.asked_from == NINE - timedelta(hours=1)


def test_pages_before_a_failure_stay_stored_but_the_cursor_waits(desk, source, pulled):
    feed = Feed.objects.get()
    feed.fields = feed.fields | {"next": "next"}
    feed.save()
    desk.pages = [httpx.Response(200, json={"tickets": [ticket("1")], "next": "/tickets?page=2"}), httpx.Response(500)]
    run = pulled(source)
    assert (run.state, run.error_code) == ("failed", "source_answered_error")
    assert values() == {"1": 10.0}
    assert Feed.objects.get().until is None


def test_one_feed_that_fails_makes_the_run_partial_and_the_others_are_stored(desk, source, pulled):
    FeedFactory(source=source, kpi=KpiFactory(), points="[", fields={"at": "a", "value": "b"})
    desk.rows = [ticket("1")]
    run = pulled(source)
    assert (run.state, run.error_code) == ("partial", "expression_wrong")
    assert values() == {"1": 10.0}


def test_a_source_out_of_reach_is_not_asked_for_each_of_its_feeds(desk, source, pulled):
    for _ in range(3):
        FeedFactory(source=source, kpi=KpiFactory(), points="tickets", fields={"at": "closed", "value": "minutes"})
    desk.pages = [httpx.ConnectError("refused")] * 4
    assert pulled(source).state == "failed"
    assert len(desk.requests) == 1


def test_the_secret_header_is_sent_and_never_told(desk, source, pulled):
    source.auth_header = credentials.sealed(source, "Authorization: Bearer s3cret-value")
    source.save()
    answer = {"message": "no access for Bearer s3cret-value"}
    desk.pages = [httpx.Response(403, json=answer)]
    run = pulled(source)
    assert desk.requests[0].headers["Authorization"] == "Bearer s3cret-value"
    assert run.error_code == "not_let_in"
    assert "s3cret" not in run.error_detail + str(run.remarks)


def test_a_secret_that_cannot_be_opened_is_said_and_nothing_is_asked(desk, source, pulled):
    source.auth_header = b"damaged"
    source.save()
    run = pulled(source)
    assert (run.state, run.error_code) == ("failed", "secret_unreadable")
    assert desk.requests == []


def test_a_run_that_was_closed_meanwhile_stores_nothing_and_says_nothing(desk, source, at):
    desk.rows = [ticket("1")]
    with at(NINE):
        run = schedule.claim_due(source.pk, at=NINE)
        schedule.close_dead_runs(at=NINE + timedelta(minutes=5))
        pulling.pull(run)
    run.refresh_from_db()
    assert values() == {}
    assert (run.state, run.error_code, run.received) == ("failed", "worker_died", 0)


def test_an_error_of_ours_still_ends_the_run(desk, source, at, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(pulling, "accept_columns", broken)
    desk.rows = [ticket("1")]
    with at(NINE), pytest.raises(ZeroDivisionError):
        run = schedule.claim_due(source.pk, at=NINE)
        pulling.pull(run)
    run.refresh_from_db()
    assert (run.state, run.error_code) == ("failed", "unexpected")


def test_the_source_knows_the_newest_stored_points_own_time(desk, source, pulled):
    desk.rows = [
        ticket("1", closed="2026-03-02T08:10:00Z"),
        ticket("2", closed="2026-03-02T08:20:00Z"),
        ticket("3", closed="2036-03-02T08:20:00Z"),
    ]
    pulled(source)
    source.refresh_from_db()
    assert source.last_data_at == datetime(2026, 3, 2, 8, 20, tzinfo=UTC)


def test_the_browsers_are_told_after_each_run(desk, source, pulled, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        pulled(source)
    assert ("source", "desk") in set(Change.objects.values_list("event", "key"))


def test_a_run_without_end_stops_and_the_rest_comes_first_in_the_next_one(desk, source, at, monkeypatch):
    other = KpiFactory()
    FeedFactory(source=source, kpi=other, points="tickets", fields={"at": "closed", "value": "minutes"})
    desk.rows = [ticket("1")]
    monkeypatch.setattr(pulling, "RUN_AT_MOST", timedelta(0))
    with at(NINE):
        run = schedule.claim_due(source.pk, at=NINE)
    with at(NINE + timedelta(seconds=1)):
        pulling.pull(run)
    run.refresh_from_db()
    assert (run.state, run.error_code) == ("failed", "run_too_long")


def test_growth_of_a_counter_is_stored_with_the_memory_that_it_was_counted_from(monkeypatch, pulled):
    monkeypatch.setattr(outbound, "client", lambda **options: httpx.Client())
    source = DataSourceFactory(
        kind="scrape", address="https://app.example/metrics", every=timedelta(seconds=30), overlap=timedelta(0)
    )
    FeedFactory(source=source, kpi=KpiFactory(), query="increase(points_total)")
    for n, total in enumerate([100, 130, 130, 20]):
        with respx.mock:
            respx.get(source.address).mock(return_value=httpx.Response(200, text=f"points_total {total}\n"))
            pulled(source, NINE + n * timedelta(minutes=1))
    assert list(Measurement.objects.order_by("at").values_list("value", flat=True)) == [30.0, 0.0, 20.0]
