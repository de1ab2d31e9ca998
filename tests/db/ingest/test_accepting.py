from __future__ import annotations

import gzip
import json
import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from kpis.ingest.accepting import accept_batch, accept_columns
from kpis.ingest.columns import columns_of
from kpis.ingest.models import Rejection
from kpis.ingest.refusals import BodyTooLarge, UnreadableBody, UnsupportedMediaType
from kpis.measurements.models import Arrival, Batch, Measurement, Series
from tests.bad_points import ATTR, BAD, FORMS, GOOD_IN_CSV, KINDS, as_csv, point
from tests.factories import DataSourceFactory, InitiativeFactory, KpiFactory, TokenFactory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
JSON = "application/json"


@pytest.fixture
def kpi():
    return KpiFactory(initiative=InitiativeFactory(slug="support"), slug="time")


@pytest.fixture
def token():
    return TokenFactory(scopes=["ingest"])


def points(n: int, **changes: object) -> list[dict[str, object]]:
    start = datetime(2026, 2, 1, tzinfo=UTC)
    return [point(at=(start + timedelta(minutes=k)).isoformat(), value=k, **changes) for k in range(n)]


def send(*rows: object, actor: object = None, **options: object):
    body = json.dumps({"measurements": rows}).encode()
    return accept_batch(body, JSON, actor=actor, at=NOW, **options)


def counts(receipt) -> tuple[int, int, int, int, int]:
    return receipt.received, receipt.accepted, receipt.replaced, receipt.unchanged, len(receipt.rejected)


def rejected(receipt) -> list[tuple[int, str, str | None]]:
    return [(entry.index, entry.code, entry.attr) for entry in receipt.rejected]


@pytest.mark.parametrize(("form", "kind"), KINDS)
def test_a_bad_point_is_rejected_at_its_index_with_its_code_and_the_others_are_stored(kpi, form, kind):
    changes, code = BAD[kind]
    media_type, rendered = FORMS[form]
    good = points(4)
    body = rendered([*good[:2], point(**changes), *good[2:]])
    receipt = accept_batch(body, media_type, actor=None, at=NOW)
    assert rejected(receipt) == [(2, code, ATTR[code])]
    assert counts(receipt) == (5, 4, 0, 0, 1)
    assert Measurement.objects.count() == 4
    kept = Rejection.objects.get()
    assert (kept.index, kept.code, len(kept.point) > 1) == (2, code, True)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_tried_with_more_than_sixty_kinds_of_bad_point(form):
    assert sum(tried == form for tried, _kind in KINDS) >= 60


@pytest.mark.parametrize("kind", sorted(GOOD_IN_CSV))
def test_a_cell_has_no_type_so_what_only_had_the_wrong_type_is_good_in_csv(kpi, kind):
    assert counts(accept_batch(as_csv([point(**BAD[kind][0])]), "text/csv", actor=None, at=NOW)) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize("row", [None, 5, "a", [], True])
def test_a_row_that_is_no_point_is_an_invalid_row(kpi, row):
    assert rejected(send(row, point())) == [(0, "invalid_row", None)]


@pytest.mark.parametrize(
    "changes",
    [
        {"at": "1990-01-01T00:00:00Z"},
        {"at": "2026-03-01T12:10:00Z"},
        {"at": 1772353800000},
        {"value": 1e308},
        {"value": -0.0},
        {"value": 10**300},
        {"weight": 0},
        {"id": "x" * 200},
        {"id": None},
        {"id": "ticket 4711/ü\u2028"},
        {"labels": None},
        {"labels": {}},
        {"labels": {f"l{n}": "" for n in range(16)}},
        {"labels": {"x" * 64: "y" * 200}},
        {"unknown member": {"deep": [1]}},
    ],
)
def test_what_lies_just_within_the_rules_is_stored(kpi, changes):
    assert counts(send(point(**changes))) == (1, 1, 0, 0, 0)


def test_indices_count_through_all_series_of_a_columnar_request(kpi):
    series = [
        {"kpi": "support.time", "at": [1772353800000, None, 1772353860000], "value": [1, 1, "x"]},
        {"kpi": "support.nothing", "at": [1772353800000], "value": [1]},
        {"kpi": "support.time", "at": [1772353800000] * 2, "value": [1, 1], "labels": {"a": 1}},
        {"kpi": "support.time", "at": [1772353920000], "value": [2], "weight": [-1], "id": [7]},
    ]
    receipt = accept_batch(json.dumps({"series": series}).encode(), JSON, actor=None, at=NOW)
    assert rejected(receipt) == [
        (1, "invalid_time", "at"),
        (2, "invalid_value", "value"),
        (3, "unknown_kpi", "kpi"),
        (4, "invalid_labels", "labels"),
        (5, "invalid_labels", "labels"),
        (6, "invalid_weight", "weight"),
    ]
    assert counts(receipt) == (7, 1, 0, 0, 6)


@pytest.mark.parametrize("n", [7, 1200])
def test_sending_the_same_again_changes_nothing(kpi, n):
    assert counts(send(*points(n))) == (n, n, 0, 0, 0)
    assert counts(send(*points(n))) == (n, 0, 0, n, 0)
    assert (Measurement.objects.count(), Batch.objects.count(), Arrival.objects.count()) == (n, 2, 1)


@pytest.mark.parametrize("n", [7, 1200])
def test_sending_another_value_replaces_and_never_adds(kpi, n):
    send(*points(n))
    assert counts(send(*points(n)[1:], point(at="2026-02-01T00:00:00+00:00", value=5))) == (n, 0, 1, n - 1, 0)
    assert math.fsum(Measurement.objects.values_list("value", flat=True)) == n * (n - 1) / 2 + 5


def test_of_equal_identities_in_one_request_the_last_counts_and_the_others_are_replaced(kpi):
    same = [point(value=1), point(value=2, at="2026-03-01T10:30:00+01:00"), point(value=3, at=1772357400000)]
    assert counts(send(*same, point(id="a"))) == (4, 2, 2, 0, 0)
    assert Measurement.objects.get(event_id="").value == 3
    # The earlier one is replaced even where the last one was there already.
    assert counts(send(point(value=9), point(value=3))) == (2, 0, 1, 1, 0)


def test_a_bad_point_does_not_displace_a_good_one_of_the_same_identity(kpi):
    assert counts(send(point(value=4), point(value="x"))) == (2, 1, 0, 0, 1)
    assert Measurement.objects.get().value == 4


def test_the_sums_are_those_of_plain_python_whatever_the_order_and_repetition(kpi):
    rng = random.Random(11)
    truth: dict[tuple[str, str, str], float] = {}
    for _ in range(8):
        rows = []
        for _ in range(rng.choice([3, 200, 900])):
            at, event_id, variant = rng.randrange(40), rng.choice(["", "a", "b"]), rng.choice(["x", "y"])
            value = rng.gauss(0, 1e3)
            rows.append(point(at=1770000000000 + at * 60000, value=value, id=event_id, labels={"variant": variant}))
            truth[(variant, str(at), event_id)] = value
        received, accepted, replaced, unchanged, bad = counts(send(*rows))
        assert received == accepted + replaced + unchanged + bad == len(rows)
    assert Measurement.objects.count() == len(truth)
    assert math.fsum(Measurement.objects.values_list("value", flat=True)) == math.fsum(truth.values())


def test_all_or_nothing_stores_nothing_where_one_point_is_bad(kpi):
    receipt = send(*points(3), point(value="x"), atomic=True)
    assert (receipt.outcome, receipt.accepted, receipt.withheld) == ("none_stored", 0, 3)
    assert rejected(receipt) == [(3, "invalid_value", "value")]
    assert (Measurement.objects.count(), Series.objects.count(), Arrival.objects.count()) == (0, 0, 0)
    assert counts(send(*points(3), atomic=True)) == (3, 3, 0, 0, 0)


@pytest.mark.parametrize("n", [5, 1200])
def test_a_dry_run_answers_what_would_happen_and_stores_nothing(kpi, n):
    send(*points(3), point(at="2026-02-01T00:03:00Z", value=-1))
    before = [model.objects.count() for model in (Batch, Measurement, Series, Arrival, Rejection)]
    sent = [*points(n), point(value=None), point(labels={"new": "series"}), point(labels={"new": "series"})]
    dry = send(*sent, dry_run=True)
    assert [model.objects.count() for model in (Batch, Measurement, Series, Arrival, Rejection)] == before
    assert dry == send(*sent)
    assert counts(dry) == (n + 3, n - 3, 2, 3, 1)


def test_an_empty_request_is_all_stored_and_leaves_no_trace(kpi):
    assert counts(send()) == (0, 0, 0, 0, 0)
    assert send().outcome == "all_stored"
    assert not Batch.objects.exists()


def test_where_all_points_are_bad_the_batch_and_its_rejections_are_still_kept(kpi):
    receipt = send(point(value=None), point(kpi="no.such"))
    assert receipt.outcome == "none_stored"
    batch = Batch.objects.get()
    assert (batch.received, batch.accepted, batch.rejected) == (2, 0, 2)
    assert list(batch.rejections.order_by("index").values_list("index", "code")) == [
        (0, "invalid_value"),
        (1, "unknown_kpi"),
    ]


def test_a_thousand_rejections_are_kept_and_all_are_answered(kpi):
    receipt = send(*[point(value=None)] * 1500)
    assert len(receipt.rejected) == 1500
    assert (Rejection.objects.count(), Batch.objects.get().rejected) == (1000, 1500)


def test_the_batch_says_who_sent_it_and_every_point_names_its_batch(kpi, token):
    source = DataSourceFactory()
    send(*points(3), actor=token, source=source)
    batch = Batch.objects.get()
    assert (batch.token, batch.source, batch.user, batch.arrived_at) == (token, source, None, NOW)
    assert set(Measurement.objects.values_list("batch_id", flat=True)) == {batch.pk}


@pytest.mark.parametrize("n", [1, 700])
def test_the_batch_says_in_which_form_it_came_how_large_how_new_and_why_points_were_rejected(kpi, n):
    body = as_csv([*points(n), point(value="x"), point(value="y"), point(kpi="no.such")])
    accept_batch(gzip.compress(body, mtime=0), "text/csv", encoding="gzip", actor=None, at=NOW)
    batch = Batch.objects.get()
    assert (batch.form, batch.size) == ("csv", len(gzip.compress(body, mtime=0)))
    assert batch.newest_at == datetime(2026, 2, 1, tzinfo=UTC) + timedelta(minutes=n - 1)
    assert batch.reasons == {"invalid_value": 2, "unknown_kpi": 1}


def test_a_kpi_outside_of_the_tokens_sight_is_as_unknown_as_one_that_does_not_exist(kpi):
    other = KpiFactory(initiative=InitiativeFactory(slug="other"), slug="time")
    limited = TokenFactory(scopes=["ingest"], initiatives=[kpi.initiative])
    receipt = send(point(), point(kpi=other.key), point(kpi="other.nothing"), actor=limited)
    assert rejected(receipt) == [(1, "unknown_kpi", "kpi"), (2, "unknown_kpi", "kpi")]
    assert receipt.rejected[0].detail == receipt.rejected[1].detail


def test_a_kpi_that_was_made_a_moment_ago_is_known_at_once(kpi, token):
    assert len(send(point(kpi="support.new"), actor=token).rejected) == 1
    KpiFactory(initiative=kpi.initiative, slug="new")
    assert counts(send(point(kpi="support.new"), actor=token)) == (1, 1, 0, 0, 0)


def test_a_kpi_that_was_deleted_and_made_anew_receives_its_points_under_its_new_row(kpi, token):
    send(point(), actor=token)
    initiative = kpi.initiative
    kpi.delete()
    assert rejected(send(point(), actor=token)) == [(0, "unknown_kpi", "kpi")]
    anew = KpiFactory(initiative=initiative, slug="time")
    assert counts(send(point(), actor=token)) == (1, 1, 0, 0, 0)
    assert Measurement.objects.get().series.kpi == anew


def test_points_for_a_key_that_was_given_to_another_kpi_go_to_that_one(kpi, token):
    send(point(), actor=token)
    type(kpi).objects.filter(pk=kpi.pk).update(key="support.old", slug="old")
    heir = KpiFactory(initiative=kpi.initiative, slug="time")
    send(point(), actor=token)
    assert sorted(Series.objects.values_list("kpi_id", flat=True)) == sorted([kpi.pk, heir.pk])


def test_a_connectors_arrays_take_the_same_road(kpi):
    import numpy as np

    columns = columns_of("support.time", np.array([1772353800_000000, 0]), np.array([1.5, 2.0]), labels={"a": "b"})
    receipt = accept_columns(columns, actor=None, at=NOW)
    assert rejected(receipt) == [(1, "invalid_time", "at")]
    assert json.loads(Rejection.objects.get().point) == {
        "kpi": "support.time",
        "at": "1970-01-01T00:00:00+00:00",
        "value": 2.0,
        "weight": 1.0,
        "labels": {"a": "b"},
    }


def test_a_packed_body_is_the_same_body(kpi):
    body = json.dumps({"measurements": points(3)}).encode()
    parts = gzip.compress(body[:50]) + gzip.compress(body[50:])
    assert counts(accept_batch(parts, JSON, encoding="gzip", actor=None, at=NOW)) == (3, 3, 0, 0, 0)


@pytest.mark.parametrize("cut", [0, 5, 30, -1, -9])
def test_a_packed_body_that_was_cut_off_is_refused(kpi, cut):
    packed = gzip.compress(json.dumps({"measurements": points(3)}).encode())
    with pytest.raises(UnreadableBody):
        accept_batch(packed[:cut], JSON, encoding="gzip", actor=None, at=NOW)


def test_a_bomb_is_refused_when_it_passes_the_limit(kpi, settings):
    settings.INGEST_MAX_BYTES = 1_000_000
    bomb = gzip.compress(b" " * 50_000_000)
    with pytest.raises(BodyTooLarge, match="INGEST_MAX_BYTES"):
        accept_batch(bomb, JSON, encoding="gzip", actor=None, at=NOW)


@pytest.mark.parametrize(
    ("media_type", "encoding"),
    [("text/plain", ""), ("", ""), ("application/xml", ""), (JSON, "br"), (JSON, "gzip, gzip")],
)
def test_what_nobody_reads_is_refused_by_its_type(media_type, encoding):
    with pytest.raises(UnsupportedMediaType):
        accept_batch(b"{}", media_type, encoding=encoding, actor=None, at=NOW)


def test_the_media_type_may_have_parameters(kpi):
    body = json.dumps({"measurements": points(1)}).encode()
    assert accept_batch(body, "Application/JSON; charset=utf-8", actor=None, at=NOW).accepted == 1


def test_every_point_is_counted_for_the_portals_own_metrics(kpi):
    def total(outcome: str) -> float:
        return REGISTRY.get_sample_value("roi_ingest_points_total", {"outcome": outcome}) or 0

    before = {outcome: total(outcome) for outcome in ("accepted", "replaced", "unchanged", "rejected")}
    send(*points(3), point(value=None))
    send(*points(2), dry_run=True)
    assert {outcome: total(outcome) - n for outcome, n in before.items()} == {
        "accepted": 3,
        "replaced": 0,
        "unchanged": 0,
        "rejected": 1,
    }
