from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from kpis.access.models import User
from kpis.plumbing import clock
from kpis.sources.models import DataSource
from tests.db.dashboards.conftest import signed_in
from tests.factories import (
    DataSourceFactory,
    FeedFactory,
    InitiativeFactory,
    KpiFactory,
    PullFactory,
    RejectionFactory,
)

HOSTILE = '<script>alert("x")</script>'


def text_of(client, path, status=200):
    response = client.get(path)
    assert response.status_code == status
    return unescape(response.content.decode())


def failing_source(**fields):
    source = DataSourceFactory(**{"slug": "prom", "name": "Prometheus of the platform team"} | fields)
    remark = {"kpi": "a.b", "code": "query_wrong", "detail": 'parse error: unexpected "}"'}
    PullFactory(
        source=source, state="failed", error_code="query_wrong", error_detail=remark["detail"], remarks=[remark]
    )
    return source


def test_where_no_source_is_set_up_the_first_step_is_said(engineer):
    assert "curl" in text_of(engineer, "/sources/")


def test_the_page_begins_with_how_many_sources_bring_their_data(engineer):
    for n in range(3):
        PullFactory(source=DataSourceFactory(slug=f"s-{n}", last_data_at=clock.now()))
    assert "All 3 sources bring their data." in text_of(engineer, "/sources/")


def test_a_source_that_fails_is_named_first_with_its_reason(engineer):
    DataSourceFactory(slug="good", name="Good one", last_data_at=clock.now())
    failing_source()
    page = text_of(engineer, "/sources/")
    assert "1 of 2 sources" in page
    assert "The query is not understood." in page
    assert page.index("Prometheus of the platform team", page.index("<table")) < page.index("Good one")


def test_a_silent_source_says_since_when_and_what_that_means(engineer):
    DataSourceFactory(slug="line-3", name="Line 3 gateway", kind="push", address="", every=None, overlap=None,
                      last_data_at=clock.now() - timedelta(days=4))  # fmt: skip
    assert "Line 3 gateway has been silent since" in text_of(engineer, "/sources/")
    assert "never as zero" in text_of(engineer, "/sources/line-3/")


def test_a_run_shows_what_was_asked_what_came_and_why_not_all(engineer):
    failing_source()
    page = text_of(engineer, "/sources/prom/")
    assert "The query is not understood." in page
    assert 'parse error: unexpected "}"' in page
    assert "Nothing is lost" in page


def test_rejected_points_stand_there_with_the_reason_and_as_they_were_sent(engineer):
    source = DataSourceFactory(slug="desk")
    RejectionFactory(batch__source=source, batch__arrived_at=clock.now(), code="invalid_time", point='{"at": "never"}')
    page = text_of(engineer, "/sources/desk/")
    assert "The time cannot be read" in page
    assert '{"at": "never"}' in page


def test_what_a_source_feeds_is_shown_with_its_query_and_how_far_it_got(engineer):
    source = DataSourceFactory(slug="prom")
    FeedFactory(source=source, kpi=KpiFactory(name="Handling time"), query="sum(up)", until=clock.now())
    page = text_of(engineer, "/sources/prom/")
    assert "Handling time" in page
    assert "sum(up)" in page
    assert "pulled up to" in page


def test_the_secret_is_not_on_the_page_in_any_form(engineer):
    DataSourceFactory(slug="prom", auth_header=b"gAAAA-ciphertext")
    page = text_of(engineer, "/sources/prom/")
    assert "kept encrypted" in page
    assert "gAAAA" not in page


def test_names_and_answers_of_others_are_text_and_never_markup(engineer):
    source = failing_source(name=HOSTILE)
    FeedFactory(source=source, query=HOSTILE, kpi=KpiFactory(name=HOSTILE))
    RejectionFactory(batch__source=source, point=HOSTILE)
    remark = {"kpi": HOSTILE, "code": HOSTILE, "detail": HOSTILE}
    PullFactory(source=source, state="failed", error_code="x", error_detail=HOSTILE, remarks=[remark])
    for path in ("/sources/", "/sources/prom/"):
        assert HOSTILE not in engineer.get(path).content.decode()


def test_what_one_may_not_see_is_answered_like_what_does_not_exist():
    client = signed_in()
    User.objects.get().initiatives.add(InitiativeFactory())
    DataSourceFactory(slug="theirs", initiative=InitiativeFactory())
    assert text_of(client, "/sources/theirs/", 404)
    assert client.post("/sources/theirs/run/").status_code == 404


def test_a_visitor_is_asked_to_sign_in():
    for path in ("/sources/", "/sources/x/"):
        assert Client().get(path).status_code == 302


def test_pull_now_makes_the_source_due(engineer):
    DataSourceFactory(slug="prom", next_due_at=clock.now() + timedelta(days=1))
    assert engineer.post("/sources/prom/run/").status_code == 302
    assert DataSource.objects.get().next_due_at <= clock.now()


def test_a_source_that_is_paused_is_not_pulled_and_says_why(engineer):
    DataSourceFactory(slug="prom", enabled=False)
    response = engineer.post("/sources/prom/run/", follow=True)
    assert "is not pulled" in response.content.decode()


def test_a_trial_shows_what_would_come(engineer):
    FeedFactory(source=DataSourceFactory(slug="prom", address="http://127.0.0.1:9"))
    page = unescape(engineer.post("/sources/prom/trial/").content.decode())
    assert "The portal may not reach this address." in page


def test_looking_changes_nothing_and_who_only_reads_has_no_buttons():
    client = signed_in(role=User.Role.VIEWER)
    DataSourceFactory(slug="prom")
    assert "Pull now" not in text_of(client, "/sources/prom/")
    assert client.post("/sources/prom/run/").status_code == 403
    assert client.post("/sources/prom/trial/").status_code == 403


@pytest.mark.parametrize("path", ["/sources/prom/run/", "/sources/prom/trial/"])
def test_an_act_is_never_done_by_a_link(engineer, path):
    DataSourceFactory(slug="prom")
    assert engineer.get(path).status_code == 405


def test_the_list_takes_the_same_few_queries_however_long_it_is(engineer, django_assert_max_num_queries):
    for n in range(12):
        PullFactory(source=DataSourceFactory(slug=f"s-{n}", initiative=InitiativeFactory()))
    with django_assert_max_num_queries(12):
        engineer.get("/sources/")


def test_the_page_of_one_source_takes_a_bounded_number_of_queries(engineer, django_assert_max_num_queries):
    source = failing_source()
    for _ in range(10):
        FeedFactory(source=source)
        RejectionFactory(batch__source=source)
        PullFactory(source=source)
    with django_assert_max_num_queries(20):
        engineer.get("/sources/prom/")
