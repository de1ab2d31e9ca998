from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.db.sources.test_receiving import END, NOON, metric, send
from tests.factories import DataSourceFactory, InitiativeFactory, KpiFactory, UserFactory

NAMED = [{"label": "__name__", "op": "=", "value": "queue_length"}]


@pytest.fixture
def source():
    return DataSourceFactory(slug="cluster", kind="push", address="", every=None, overlap=None)


@pytest.fixture
def kpi():
    return KpiFactory(slug="requests", initiative__slug="support")


def rule(kpi, **more):
    return {"kpi": kpi.key, "matchers": NAMED, "kind": "gauge"} | more


def test_a_pushing_source_is_made_with_its_name_alone(api):
    answer = api.post("/api/v1/sources/", {"slug": "cluster", "name": "Cluster", "kind": "push"}, format="json")
    assert answer.status_code == 201, answer.data
    assert api.get("/api/v1/sources/cluster/").json()["overlap"] is None


def test_rules_are_made_listed_changed_moved_and_removed(api, source, kpi):
    url = "/api/v1/sources/cluster/rules/"
    first = api.post(url, rule(kpi, keep_labels=["team"], factor=0.5), format="json")
    assert first.status_code == 201, first.data
    assert first.json() == {
        "id": first.json()["id"],
        "position": 1,
        "kpi": "support.requests",
        "matchers": NAMED,
        "kind": "gauge",
        "keep_labels": ["team"],
        "drop_labels": [],
        "rename_labels": {},
        "factor": 0.5,
        "series_taken": 0,
    }
    second = api.post(url, rule(kpi, position=1), format="json").json()
    assert [one["id"] for one in api.get(url).json()["results"]] == [second["id"], first.json()["id"]]
    moved = api.patch(f"{url}{second['id']}/", {"position": 2}, format="json")
    assert (moved.status_code, moved.json()["position"], moved.json()["kind"]) == (200, 2, "gauge")
    changed = api.patch(f"{url}{second['id']}/", {"kind": "counter"}, format="json").json()
    assert (changed["kind"], changed["position"]) == ("counter", 2)
    assert api.delete(f"{url}{second['id']}/").status_code == 204
    assert api.get(url).json()["count"] == 1


@pytest.mark.parametrize(
    ("wrong", "code", "attr"),
    [
        ({"kpi": "support.nothing"}, "does_not_exist", "kpi"),
        ({"kind": "histogram"}, "invalid_choice", "kind"),
        ({"matchers": [{"label": "a", "op": "~", "value": "x"}]}, "invalid_choice", "matchers.0.op"),
        ({"matchers": [{"label": "a", "op": "=~", "value": "["}]}, "pattern_wrong", "matchers.0.value"),
        ({"matchers": []}, "matchers_needed", "matchers"),
        ({"matchers": "queue_length"}, "not_a_list", "matchers.non_field_errors"),
        ({"matchers": [{"label": "a", "op": "=", "value": "x", "not": 1}]}, "unknown_member", "matchers.0.not"),
        ({"position": 0}, "min_value", "position"),
        ({"factor": "2"}, "not_a_number", "factor"),
        ({"rename_labels": {"a": 1}}, "invalid", "rename_labels.a"),
        ({"labels": []}, "unknown_member", "labels"),
    ],
)
def test_a_wrong_rule_is_refused_with_the_member_to_blame(api, source, kpi, wrong, code, attr):
    for path in ("rules/", "rules/test/"):
        answer = api.post(f"/api/v1/sources/cluster/{path}", rule(kpi) | wrong, format="json")
        assert answer.status_code == 400
        assert [(error["code"], error["attr"]) for error in answer.json()["errors"]] == [(code, attr)]


def test_a_trial_shows_what_would_be_stored(api, source, kpi):
    send(source, (metric(job="a"), [(0, 1), (15, 2)]))
    answer = api.post("/api/v1/sources/cluster/rules/test/", rule(kpi, keep_labels=["*"]), format="json")
    assert answer.status_code == 200, answer.data
    (found,) = answer.json()["results"]
    assert (found["series"], found["labels"], answer.json()["matched"]) == ('queue_length{job="a"}', {"job": "a"}, 1)
    assert [point["value"] for point in found["points"]] == [1, 2]


def test_series_are_listed_mapped_and_unmapped_with_their_last_sample(api, source, kpi):
    api.post("/api/v1/sources/cluster/rules/", rule(kpi), format="json")
    send(source, (metric(job="a"), [(0, 1), (15, 2)]), (metric("other"), [(0, 1), (15, END)]))
    mapped = api.get("/api/v1/sources/cluster/series/?mapped=true").json()["results"]
    assert [(one["series"], one["kpi"], one["last_value"]) for one in mapped] == [
        ('queue_length{job="a"}', "support.requests", 2)
    ]
    (unmapped,) = api.get("/api/v1/sources/cluster/series/?mapped=false").json()["results"]
    assert (unmapped["name"], unmapped["rule"], unmapped["last_value"]) == ("other", None, None)
    assert datetime.fromisoformat(unmapped["last_at"]) == datetime(2026, 3, 2, 12, 0, 15, tzinfo=UTC) > NOON
    assert api.get("/api/v1/sources/cluster/series/?name=other").json()["count"] == 1


def test_rules_need_the_right_to_change_sources_and_sight_of_the_source(client_with, client_of, source, kpi):
    url = "/api/v1/sources/cluster/rules/"
    assert client_with("read").post(url, rule(kpi), format="json").status_code == 403
    assert client_of(UserFactory()).post(url, rule(kpi), format="json").status_code == 403
    assert client_with("read").get(url).status_code == 200
    elsewhere = client_with("read", "manage", initiatives=[InitiativeFactory()])
    for path in ("rules/", "series/"):
        assert elsewhere.get(f"/api/v1/sources/cluster/{path}").status_code == 404
    own = KpiFactory(initiative=InitiativeFactory())
    assert client_with("manage", initiatives=[own.initiative]).post(url, rule(own), format="json").status_code == 404
