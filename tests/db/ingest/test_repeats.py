"""A request that is sent again word for word is answered without its points being looked at, and never wrongly so."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest

from kpis.definitions import changing
from kpis.ingest import accepting, repeats
from kpis.ingest.accepting import accept_batch
from kpis.ingest.models import BatchDigest
from kpis.measurements import labelling
from kpis.measurements.models import Batch, Measurement
from tests.factories import InitiativeFactory, KpiFactory, TokenFactory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
N = 200


@pytest.fixture
def support():
    return InitiativeFactory(slug="support")


@pytest.fixture
def kpi(support):
    return KpiFactory(initiative=support, slug="time")


@pytest.fixture
def token():
    return TokenFactory(scopes=["ingest"])


def body_of(n: int = N, *, value: float = 1, first: int = 0, **member: object) -> bytes:
    start = datetime(2026, 2, 1, tzinfo=UTC)
    at = [(start + timedelta(minutes=k)).isoformat() for k in range(first, first + n)]
    rows = [{"kpi": "support.time", "at": instant, "value": value} | member for instant in at]
    return json.dumps({"measurements": rows}).encode()


def send(body: bytes, token, *, at: datetime = NOW, **options):
    return accept_batch(body, "application/json", actor=token, at=at, **options)


def counts(receipt) -> tuple[int, int, int, int, int]:
    return receipt.received, receipt.accepted, receipt.replaced, receipt.unchanged, len(receipt.rejected)


def is_known(body: bytes, token, *, at: datetime = NOW) -> bool:
    """Whether the answer comes without a look at the points."""
    with mock.patch.object(accepting, "accept_columns", side_effect=AssertionError("looked at")):
        try:
            send(body, token, at=at)
        except AssertionError:
            return False
    return True


def values() -> set[float]:
    return set(Measurement.objects.values_list("value", flat=True))


def test_the_second_time_nothing_is_looked_at_and_all_is_unchanged(kpi, token):
    assert counts(send(body_of(), token)) == (N, N, 0, 0, 0)
    assert is_known(body_of(), token)
    assert counts(send(body_of(), token)) == (N, 0, 0, N, 0)
    assert Measurement.objects.count() == N


def test_the_sender_finds_the_repeated_request_among_his_batches(kpi, token):
    send(body_of(), token)
    send(body_of(), token, at=NOW + timedelta(minutes=1))
    last = Batch.objects.latest("arrived_at")
    assert (last.token, last.received, last.accepted, last.unchanged) == (token, N, 0, N)


def test_points_that_a_request_holds_twice_are_counted_as_the_first_time(kpi, token):
    rows = json.loads(body_of())["measurements"]
    body = json.dumps({"measurements": [*rows, *rows[:10]]}).encode()
    assert counts(send(body, token)) == (N + 10, N, 10, 0, 0)
    assert is_known(body, token)
    assert counts(send(body, token)) == (N + 10, 0, 10, N, 0)


def test_what_somebody_corrected_since_is_written_again_the_last_write_wins(kpi, token):
    send(body_of(value=1), token)
    send(body_of(1, value=2, first=7), TokenFactory(scopes=["ingest"]))
    assert not is_known(body_of(value=1), token)
    assert counts(send(body_of(value=1), token)) == (N, 0, 1, N - 1, 0)
    assert values() == {1}
    assert is_known(body_of(value=1), token), "from here on it holds again"


def test_a_correction_is_known_again_and_what_it_corrected_is_not(kpi, token):
    send(body_of(value=1), token)
    send(body_of(value=2), token)
    assert is_known(body_of(value=2), token)
    assert not is_known(body_of(value=1), token)


def test_corrections_of_other_series_are_no_matter(kpi, support, token):
    KpiFactory(initiative=support, slug="rate")
    send(body_of(), token)
    for value in (1, 2):
        send(body_of(kpi="support.rate", value=value), token)
    assert is_known(body_of(), token)


def test_after_the_kpi_was_deleted_and_made_anew_the_points_are_stored_anew(kpi, support, token):
    send(body_of(), token)
    changing.delete(kpi, by=None, at=NOW)
    labelling._series_ids.clear()
    receipt = send(body_of(), token, at=NOW + timedelta(minutes=1))
    assert {entry.code for entry in receipt.rejected} == {"unknown_kpi"}
    KpiFactory(initiative=support, slug="time")
    assert counts(send(body_of(), token, at=NOW + timedelta(minutes=2))) == (N, N, 0, 0, 0)


def test_another_sender_is_another_request(kpi, token):
    send(body_of(), token)
    assert not is_known(body_of(), TokenFactory(scopes=["ingest"]))


def test_a_trial_is_never_known_and_makes_nothing_known(kpi, token):
    send(body_of(), token, dry_run=True)
    assert not is_known(body_of(), token)
    send(body_of(), token)
    with mock.patch.object(repeats, "receipt_of", side_effect=AssertionError):
        assert counts(send(body_of(), token, dry_run=True)) == (N, 0, 0, N, 0)


def test_a_request_with_a_rejected_point_is_judged_anew_each_time(kpi, token):
    rows = json.loads(body_of())["measurements"]
    body = json.dumps({"measurements": [*rows, rows[0] | {"kpi": "support.rate"}]}).encode()
    assert len(send(body, token).rejected) == 1
    KpiFactory(initiative=kpi.initiative, slug="rate")
    assert counts(send(body, token)) == (N + 1, 1, 0, N, 0)


def test_after_a_week_it_is_forgotten(kpi, token):
    send(body_of(), token)
    later = NOW + repeats.KEPT
    assert not is_known(body_of(), token, at=later)
    assert repeats.trim(at=later) == 1
    assert not BatchDigest.objects.exists()
