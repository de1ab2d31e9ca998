from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.test import Client

from kpis.plumbing import wakeup
from kpis.sources.models import DataSource
from tests.factories import (
    DataSourceFactory,
    FeedFactory,
    InitiativeFactory,
    KpiFactory,
    PullFactory,
    RejectionFactory,
    UserFactory,
    token_for,
)

FAR = datetime(2036, 3, 2, 9, tzinfo=UTC)
PROMETHEUS = {"slug": "prom", "name": "Prometheus", "kind": "prometheus", "address": "https://prom.company.example"}


class Api:
    def __init__(self, scopes=("manage",), **more):
        self.client = Client(headers={"Authorization": f"Bearer {token_for(scopes, **more)}"})

    def __call__(self, method, path, body=None):
        response = self.client.generic(
            method, f"/api/v1/{path}", json.dumps(body) if body is not None else "", content_type="application/json"
        )
        return response.status_code, (json.loads(response.content) if response.content else None)


@pytest.fixture
def api():
    return Api()


def codes(answer):
    return [(error["code"], error["attr"]) for error in answer["errors"]]


def with_feed(its_kpi, **feed):
    return PROMETHEUS | {"feeds": [{"kpi": its_kpi.key, "query": "up"} | feed]}


def test_a_source_is_made_with_its_feeds_and_told_with_its_health(api):
    kpi = KpiFactory()
    status, answer = api("POST", "sources/", with_feed(kpi, keep_labels=["team"], factor=0.001))
    assert status == 201
    assert answer["feeds"] == [
        {"kpi": kpi.key, "query": "up", "points": "", "fields": {}, "keep_labels": ["team"], "factor": 0.001}
        | {"step": None, "until": None}
    ]
    assert answer["health"] == {"state": "waiting", "since": None, "newest_at": None}
    assert api("GET", "sources/prom/") == (200, answer)


def test_a_new_source_is_pulled_at_once(api, monkeypatch):
    woken = []
    monkeypatch.setattr(wakeup, "after_commit", lambda name, *args: woken.append((name, *args)))
    api("POST", "sources/", with_feed(KpiFactory()))
    assert woken == [("kpis.pull_source", DataSource.objects.get().pk)]


def test_the_secret_header_is_taken_and_never_shown(api):
    _, answer = api("POST", "sources/", PROMETHEUS | {"auth_header": "Authorization: Bearer s3cret-value"})
    assert answer["has_auth_header"] is True
    for path in ("sources/", "sources/prom/", "audit-events/"):
        assert "s3cret" not in json.dumps(api("GET", path)[1])


@pytest.mark.parametrize(
    ("wrong", "code", "attr"),
    [
        ({"address": "prom:9090"}, "address_wrong", "address"),
        ({"address": 5}, "invalid", "address"),
        ({"kind": "carrier_pigeon"}, "invalid_choice", "kind"),
        ({"every": "PT1S"}, "rhythm_out_of_range", "every"),
        ({"every": "soon"}, "invalid", "every"),
        ({"overlap": "P365D"}, "overlap_out_of_range", "overlap"),
        ({"auth_header": "abc"}, "header_wrong", "auth_header"),
        ({"initiative": "nowhere"}, "does_not_exist", "initiative"),
        ({"slug": "Not A Slug"}, "invalid_slug", "slug"),
        ({"adress": "x"}, "unknown_member", "adress"),
    ],
)
def test_each_refusal_names_the_member_that_is_to_blame(api, wrong, code, attr):
    status, answer = api("POST", "sources/", PROMETHEUS | wrong)
    assert status == 400
    assert (code, attr) in codes(answer)


@pytest.mark.parametrize(
    ("feed", "code", "attr"),
    [
        ({"kpi": "no.where"}, "does_not_exist", "feeds.0.kpi"),
        ({"query": " "}, "query_missing", "feeds.0"),
        ({"step": "PT7M"}, "step_uneven", "feeds.0"),
        ({"begin_at": "2026-03-01T00:00:00"}, "invalid", "feeds.0.begin_at"),
        ({"factor": "1"}, "not_a_number", "feeds.0.factor"),
        ({"keep_labels": "team"}, "not_a_list", "feeds.0.keep_labels"),
        ({"fields": "at"}, "not_a_dict", "feeds.0.fields"),
        ({"qurey": "up"}, "unknown_member", "feeds.0.qurey"),
    ],
)
def test_a_feed_that_can_never_work_is_refused_with_its_place(api, feed, code, attr):
    status, answer = api("POST", "sources/", with_feed(KpiFactory(), **feed))
    assert status == 400
    assert (code, attr) in codes(answer)


def test_a_slug_that_is_taken_is_refused(api):
    api("POST", "sources/", PROMETHEUS)
    status, answer = api("POST", "sources/", PROMETHEUS)
    assert (status, codes(answer)) == (400, [("unique", "slug")])


def test_a_source_is_changed_and_deleted(api):
    api("POST", "sources/", with_feed(KpiFactory()))
    status, answer = api("PATCH", "sources/prom/", {"name": "New", "enabled": False})
    assert (status, answer["name"], answer["health"]["state"]) == (200, "New", "paused")
    assert len(answer["feeds"]) == 1
    assert api("DELETE", "sources/prom/") == (204, None)
    assert api("GET", "sources/prom/")[0] == 404


def test_what_is_answered_can_be_sent_back(api):
    _, answer = api("POST", "sources/", with_feed(KpiFactory()) | {"overlap": "PT0S"})
    body = {name: value for name, value in answer.items() if name not in ("health", "next_due_at", "has_auth_header")}
    body["feeds"] = [{k: v for k, v in feed.items() if k != "until"} for feed in body["feeds"]]
    status, again = api("PUT", "sources/prom/", {k: v for k, v in body.items() if k != "is_sample"})
    assert status == 200
    assert again["feeds"] == answer["feeds"]


def test_the_runs_say_what_was_asked_what_came_and_what_went_wrong(api):
    source = DataSourceFactory(slug="prom")
    PullFactory(source=source, received=10, accepted=8, rejected=2, state="partial")
    PullFactory(
        source=source, state="failed", error_code="query_wrong", error_detail="Prometheus does not understand …"
    )
    _, answer = api("GET", "sources/prom/pulls/")
    assert [run["state"] for run in answer["results"]] == ["failed", "partial"]
    assert answer["results"][0]["error_code"] == "query_wrong"
    assert answer["results"][1]["accepted"] == 8
    _, answer = api("GET", "sources/prom/pulls/?state=failed")
    assert answer["count"] == 1


def test_rejected_points_are_listed_as_they_were_sent(api):
    source = DataSourceFactory(slug="desk")
    RejectionFactory(batch__source=source, code="invalid_value", attr="value", point='{"minutes": "twelve"}')
    RejectionFactory()
    _, answer = api("GET", "sources/desk/rejections/")
    assert [(point["code"], point["attr"]) for point in answer["results"]] == [("invalid_value", "value")]
    assert "twelve" in answer["results"][0]["point"]


def test_a_source_can_be_pulled_now(api):
    source = DataSourceFactory(slug="prom", next_due_at=FAR)
    status, _ = api("POST", "sources/prom/run/")
    source.refresh_from_db()
    assert status == 202
    assert source.next_due_at < FAR


def test_what_is_paused_or_pushes_is_not_pulled(api):
    DataSourceFactory(slug="paused", enabled=False)
    DataSourceFactory(slug="push", kind="push", address="", every=None, overlap=None)
    for slug in ("paused", "push"):
        status, answer = api("POST", f"sources/{slug}/run/")
        assert (status, codes(answer)) == (409, [("not_pulled", None)])


def test_a_trial_of_a_source_out_of_reach_says_so_for_each_feed(api):
    source = DataSourceFactory(slug="prom", address="http://127.0.0.1:9")
    for _ in range(2):
        FeedFactory(source=source)
    _, answer = api("POST", "sources/prom/test/")
    assert [trial["code"] for trial in answer["results"]] == ["outbound_refused"] * 2


def test_a_list_of_sources_takes_the_same_few_queries_however_long_it_is(api, django_assert_max_num_queries):
    for n in range(5):
        FeedFactory(source=DataSourceFactory(slug=f"s-{n}"))
    with django_assert_max_num_queries(12):
        _, answer = api("GET", "sources/")
    assert answer["count"] == 5


def test_a_reader_may_look_but_not_change():
    api = Api(("read",))
    DataSourceFactory(slug="prom")
    assert api("GET", "sources/prom/")[0] == 200
    for method, path in [("POST", "sources/"), ("PATCH", "sources/prom/"), ("POST", "sources/prom/run/")]:
        assert api(method, path, {})[0] == 403
    assert api("POST", "sources/prom/test/")[0] == 403


def test_a_controller_does_not_set_up_sources():
    api = Api(by=UserFactory(role="controller"))
    assert api("POST", "sources/", PROMETHEUS)[0] == 403


def test_who_sees_one_initiative_sees_and_makes_its_sources_only():
    ours, theirs = InitiativeFactory(), InitiativeFactory()
    api = Api(initiatives=[ours])
    DataSourceFactory(slug="theirs", initiative=theirs)
    DataSourceFactory(slug="all", initiative=None)
    assert api("GET", "sources/")[1]["count"] == 0
    assert api("GET", "sources/theirs/")[0] == 404
    status, answer = api("POST", "sources/", PROMETHEUS)
    assert (status, codes(answer)) == (400, [("initiative_needed", "initiative")])
    their_kpi = KpiFactory(initiative=theirs)
    body = PROMETHEUS | {"initiative": ours.slug, "feeds": [{"kpi": their_kpi.key, "query": "up"}]}
    assert codes(api("POST", "sources/", body)[1]) == [("does_not_exist", "feeds.0.kpi")]
