"""`DELETE kpis/{key}/measurements/`: what goes, what is computed anew, what a sender may do afterwards."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest

from kpis.access.models import AuditEvent
from kpis.ingest import accepting
from kpis.ingest.accepting import accept_batch
from kpis.measurements import removing
from kpis.measurements.models import Measurement
from kpis.rollups import rolling
from kpis.rollups.models import IntervalValue
from tests.factories import InitiativeFactory, KpiFactory, OrganisationFactory, TokenFactory

MARCH = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
URL = "/api/v1/kpis/support.time/measurements/"


@pytest.fixture(autouse=True)
def nobody_is_woken():
    with (
        mock.patch.object(accepting.wakeup, "gathered_after_commit"),
        mock.patch.object(removing.wakeup, "gathered_after_commit"),
    ):
        yield


@pytest.fixture
def kpi():
    OrganisationFactory(zone="Europe/Berlin")
    return KpiFactory(initiative=InitiativeFactory(slug="support"), slug="time", interval="hour")


@pytest.fixture
def sender(kpi):
    return TokenFactory(scopes=["ingest"])


def send(sender, values: dict[datetime, float], **labels: str):
    rows = [{"kpi": "support.time", "at": i.isoformat(), "value": v, "labels": labels} for i, v in values.items()]
    body = json.dumps({"measurements": rows}).encode()
    return accept_batch(body, "application/json", actor=sender, at=NOW)


@pytest.fixture
def measured(sender, at):
    """Two teams, a value each morning and evening from the 2nd of March to the 28th of April."""
    for team in ("north", "south"):
        send(sender, {MARCH + timedelta(hours=12 * n): float(n) for n in range(116)}, team=team)
    with at(NOW):
        rolling.roll_up_arrivals(at_most=100)


def table() -> dict[tuple[object, ...], object]:
    return {(r.series_id, r.granularity, r.start): r.computed_at for r in IntervalValue.objects.all()}


def rolled_up_at(at, instant: datetime) -> dict[str, tuple[int, int]]:
    """By granularity: how many interval values were written anew, and how many went."""
    before = table()
    with at(instant):
        rolling.roll_up_arrivals(at_most=100)
    after = table()
    written = {key for key, computed_at in after.items() if computed_at == instant}
    gone = before.keys() - after.keys()
    return {
        granularity: (sum(key[1] == granularity for key in written), sum(key[1] == granularity for key in gone))
        for granularity in ("hour", "day", "week", "month", "quarter")
        if any(key[1] == granularity for key in written | gone)
    }


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # late: a new hour on a known day
        ({MARCH + timedelta(days=8, hours=2): 1.0}, dict.fromkeys(("hour", "day", "week", "month", "quarter"), (1, 0))),
        # corrected: the same hour again, with another value
        ({MARCH + timedelta(days=8): 99.0}, dict.fromkeys(("hour", "day", "week", "month", "quarter"), (1, 0))),
        # over the turn of the month: two days, one week, two months, two quarters
        (
            {datetime(2026, 3, 31, 20, tzinfo=UTC): 1.0, datetime(2026, 4, 1, 4, tzinfo=UTC): 1.0},
            {"hour": (2, 0), "day": (2, 0), "week": (1, 0), "month": (2, 0), "quarter": (2, 0)},
        ),
        # sent again, unchanged: nothing at all
        ({MARCH + timedelta(days=8): 16.0}, {}),
    ],
    ids=["late", "corrected", "turn of the month", "unchanged"],
)
def test_late_and_corrected_points_write_exactly_the_intervals_that_they_touch(measured, sender, at, values, expected):
    send(sender, values, team="north")
    assert rolled_up_at(at, LATER) == expected


def test_removed_points_write_exactly_the_intervals_that_they_lay_in(measured, api, at):
    """Two of the eight points of the 10th and 11th stay in the week; their hours and one day have nothing left."""
    answer = api.delete(URL + "?from=2026-03-10&to=2026-03-11&label.team=north")

    assert (answer.status_code, answer.json()) == (200, {"removed": 2, "dry_run": False})
    assert rolled_up_at(at, LATER) == {
        "hour": (0, 2),
        "day": (0, 1),
        "week": (1, 0),
        "month": (1, 0),
        "quarter": (1, 0),
    }
    assert Measurement.objects.filter(series__labels={"team": "south"}).count() == 116


def test_a_dry_run_counts_and_removes_nothing(measured, api):
    answer = api.delete(URL + "?from=2026-03-10&to=2026-03-11&dry_run=true")
    assert answer.json() == {"removed": 4, "dry_run": True}
    assert Measurement.objects.count() == 232
    assert not AuditEvent.objects.filter(what="measurements.removed").exists()


def test_who_removed_what_is_in_the_trail(measured, api):
    api.delete(URL + "?from=2026-03-10&to=2026-03-11&label.team=north")
    event = AuditEvent.objects.get(what="measurements.removed")
    assert event.subject == "kpi:support.time"
    assert event.details == {
        "from": "2026-03-09T23:00:00+00:00",
        "to": "2026-03-10T23:00:00+00:00",
        "labels": {"team": "north"},
        "rows": 2,
    }


def test_the_request_that_brought_removed_points_brings_them_again(measured, api, sender):
    """A repeat is known by its digest; after a removal it is looked at anew, or the points would stay away."""
    values = {MARCH + timedelta(minutes=n): float(n) for n in range(200)}
    assert send(sender, values).accepted == 200
    assert send(sender, values).unchanged == 200
    api.delete(URL + "?from=2026-03-01&to=2026-05-01")
    assert send(sender, values).accepted == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "missing_bound"),
        ("?from=2026-03-01", "missing_bound"),
        ("?to=2026-03-01", "missing_bound"),
        ("?from=2026-03-01&to=2026-03-02&dry_run=perhaps", "invalid_parameter"),
        ("?from=2026-03-01&to=2026-03-02&lable.team=x", "unknown_parameter"),
    ],
)
def test_a_request_that_is_not_clear_removes_nothing(measured, api, query, code):
    answer = api.delete(URL + query)
    assert (answer.status_code, [error["code"] for error in answer.json()["errors"]]) == (400, [code])
    assert Measurement.objects.count() == 232


def test_more_than_a_request_may_remove_is_refused_with_the_limit(measured, api):
    with mock.patch.object(removing, "ROWS_AT_MOST", 100):
        answer = api.delete(URL + "?from=2026-03-01&to=2026-05-01")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too_many_rows")
    assert "100" in answer.json()["errors"][0]["detail"]
    assert Measurement.objects.count() == 232


def test_removing_needs_the_right_to_change_kpis(measured, client_with):
    answer = client_with("read", "ingest").delete(URL + "?from=2026-03-01&to=2026-05-01")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "missing_scope")
    other = client_with("manage", initiatives=[InitiativeFactory()]).delete(URL + "?from=2026-03-01&to=2026-05-01")
    assert other.status_code == 404
    assert Measurement.objects.count() == 232
