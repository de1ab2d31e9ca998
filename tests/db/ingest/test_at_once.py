"""The usual batch goes in with one statement; what it leaves is what the steps of a transaction leave.

These tests commit: inside a caller's transaction nothing goes in at once.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from unittest import mock

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpis.definitions.models import Kpi
from kpis.ingest import accepting, at_once
from kpis.ingest.accepting import accept_batch
from kpis.ingest.models import BatchDigest
from kpis.measurements.models import Arrival, Batch, Measurement, SeriesRewrite
from tests.factories import InitiativeFactory, KpiFactory, TokenFactory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
START_MS = 1772000000000
KPIS = 3
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def token():
    initiative = InitiativeFactory(slug="support")
    for n in range(KPIS):
        KpiFactory(initiative=initiative, slug=f"k{n}")
    return TokenFactory(scopes=["ingest"])


@pytest.fixture(autouse=True)
def woken():
    with mock.patch.object(accepting.wakeup, "gathered_after_commit") as wake:
        yield wake


def row(kpi: int, minute: int, value: object, **more: object) -> dict[str, object]:
    return {"kpi": f"support.k{kpi}", "at": START_MS + minute * 60_000, "value": value} | more


def send(rows: list[dict[str, object]], token, **options):
    return accept_batch(json.dumps({"measurements": rows}).encode(), "application/json", actor=token, at=NOW, **options)


def goes_in_at_once(rows: list[dict[str, object]], token, **options) -> bool:
    """Send; whether the one statement was tried and did all of it."""
    with mock.patch.object(accepting.batches, "record", side_effect=AssertionError("step by step")):
        try:
            send(rows, token, **options)
        except AssertionError:
            return False
    return True


def make_known(rows: list[dict[str, object]], token) -> None:
    """The series of these rows, with a point far from all others."""
    send([one | {"at": START_MS - 86_400_000 * 30, "id": ""} for one in rows], token)


def left() -> dict[str, list[object]]:
    """All that sending leaves, without the numbers that are new each time."""
    return {
        "points": sorted(
            Measurement.objects.values_list(
                "series__kpi__slug", "series__labels__v", "at", "event_id", "value", "weight", "batch__token"
            ),
            key=repr,
        ),
        "touched": sorted(
            (kpi, labels, sorted(slots), at)
            for kpi, labels, slots, at in Arrival.objects.values_list(
                "series__kpi__slug", "series__labels__v", "slots", "arrived_at"
            )
        ),
        # Their numbers are taken beforehand, some at a time: they do not tell which came first.
        "batches": sorted(
            Batch.objects.values_list(
                "arrived_at", "token", "user", "source", "received", "accepted", "replaced", "unchanged", "rejected"
            ),
            key=repr,
        ),
        "digests": list(BatchDigest.objects.values_list("received", "points", "kpi_keys", "at")),
        "rewritten": list(SeriesRewrite.objects.values_list("series__kpi__slug", flat=True)),
    }


def forget_all() -> None:
    for model in (Measurement, Arrival, BatchDigest, SeriesRewrite):
        model.objects.all()._raw_delete("default")
    Batch.objects.all().delete()


ROWS = st.lists(
    st.builds(
        row,
        st.integers(0, KPIS - 1),
        st.integers(0, 60),
        st.floats(allow_nan=False, allow_infinity=False),
        weight=st.floats(0, 10),
        id=st.sampled_from(["", "a", "ü" * 3]),
        labels=st.sampled_from([{"v": ""}, {"v": "x"}]),
    ),
    min_size=1,
    max_size=150,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS, padded=st.booleans())
def test_at_once_and_step_by_step_leave_the_same(token, rows, padded) -> None:
    if padded:  # so that it is worth a digest
        rows = rows + [row(0, 1_000 + n, 1.0, labels={"v": "x"}) for n in range(120)]
    found = []
    for points_at_most in (at_once.POINTS_AT_MOST, -1):
        with mock.patch.object(at_once, "POINTS_AT_MOST", points_at_most):
            forget_all()
            make_known(rows, token)
            found.append((send(rows, token), left()))
    assert found[0] == found[1]


def test_the_usual_batch_goes_in_at_once(token) -> None:
    rows = [row(n % KPIS, n, n) for n in range(1000)]
    assert not goes_in_at_once(rows, token), "its series are not known yet"
    make_known(rows, token)
    assert goes_in_at_once(rows, token)
    assert Measurement.objects.filter(at__gte=datetime(2026, 2, 20, tzinfo=UTC)).count() == 1000


def test_a_batch_with_a_bad_point_goes_in_step_by_step(token) -> None:
    make_known([row(0, 0, 1)], token)
    receipt = send([row(0, 1, 1), row(0, 2, "two")], token)
    assert (receipt.accepted, [entry.code for entry in receipt.rejected]) == (1, ["invalid_value"])


def test_a_dry_run_stores_nothing(token) -> None:
    make_known([row(0, 0, 1)], token)
    before = left()
    assert send([row(0, 1, 1)], token, dry_run=True).accepted == 1
    assert left() == before


def test_where_a_point_is_there_already_nothing_stays_of_the_first_attempt(token) -> None:
    rows = [row(0, n, 1) for n in range(200)]
    make_known(rows, token)
    send(rows[:1], token)
    Arrival.objects.all().delete()
    receipt = send([row(0, 0, 2), *rows[1:]], token)
    assert (receipt.accepted, receipt.replaced, receipt.unchanged) == (199, 1, 0)
    assert Batch.objects.count() == 3
    assert Measurement.objects.get(event_id="", at=datetime.fromtimestamp(START_MS / 1000, UTC)).value == 2
    assert Arrival.objects.count() == 1


@pytest.mark.parametrize("gone", ["deleted", "renamed"])
def test_a_kpi_that_went_meanwhile_gets_no_point_under_its_old_id(token, gone) -> None:
    rows = [row(n % 2, n, n) for n in range(10)]
    make_known(rows, token)
    kpi = Kpi.objects.get(key="support.k1")
    with mock.patch.object(accepting.addressing, "forget", wraps=accepting.addressing.forget) as forgotten:
        if gone == "deleted":
            kpi.delete()
        else:
            Kpi.objects.filter(pk=kpi.pk).update(slug="other", key="support.other")
        receipt = send(rows, token)
    assert forgotten.called, "it was taken for known at first"
    assert receipt.accepted == 5
    assert {entry.code for entry in receipt.rejected} == {"unknown_kpi"}
    assert not Measurement.objects.filter(series__kpi__slug__in=["k1", "other"], batch=Batch.objects.latest("id"))


def test_a_new_connection_plans_the_statement_anew(token) -> None:
    make_known([row(0, 0, 1)], token)
    assert goes_in_at_once([row(0, 1, 1)], token)
    connection.close()
    assert goes_in_at_once([row(0, 2, 1)], token)


def test_the_derivation_is_woken(token, woken) -> None:
    make_known([row(0, 0, 1)], token)
    woken.reset_mock()
    assert goes_in_at_once([row(0, 1, 1)], token)
    woken.assert_called_once_with("kpis.bring_up_to_date")
