"""Every stored figure follows from the measurements, or `verify` names the one that does not."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import F

from kpis import pipeline, verification
from kpis.evaluation.models import Effect
from kpis.ingest import quarters
from kpis.ingest.models import SentQuarter
from kpis.ledger import changing, closing, periods
from kpis.ledger.changing import Stated
from kpis.ledger.models import LedgerEntry
from kpis.measurements.models import Measurement
from kpis.plumbing import snapshot
from kpis.rollups.models import IntervalValue, KpiState
from tests.db.evaluation.conftest import DAYS_BEFORE, GO_LIVE, approved, arrive, as_of, house, measured, noise, noon
from tests.factories import (
    ArrivalFactory,
    BatchFactory,
    ControllerFactory,
    CostEntryFactory,
    InitiativeFactory,
    KpiFactory,
    SeriesFactory,
    TokenFactory,
    ValueDriverFactory,
)

__all__ = ["approved", "arrive", "house", "measured"]

LIVE = 40
NOW = as_of(LIVE)


@pytest.fixture
def kpi():
    return KpiFactory(initiative=InitiativeFactory(slug="support", go_live_on=GO_LIVE), slug="time")


@pytest.fixture
def booked(at, kpi, measured, approved):
    """Minutes a case in two teams and 100 cases a day, 2.5 min less since go-live, carried through to the ledger."""
    values = 14 + noise(DAYS_BEFORE + LIVE, seed=5)
    values[DAYS_BEFORE:] -= 2.5
    with at(NOW):
        measured(kpi, values, {"team": "north"})
        measured(kpi, values + 0.25, {"team": "south"})
        approved(kpi)
        driver = ValueDriverFactory(kpi=kpi, name="Minutes saved")
        CostEntryFactory(initiative=kpi.initiative)
        pipeline.bring_up_to_date(at_most=100)
    return driver


def found() -> list[str]:
    return [str(difference) for difference in verification.verify(now=NOW).differences]


def test_where_nothing_was_touched_nothing_differs_and_all_of_it_was_compared(booked):
    result = verification.verify(now=NOW)

    assert result.differences == []
    assert result.compared == {
        "interval values": IntervalValue.objects.count(),
        "effects": 1,
        "ledger entries": LIVE,
        "ROI statements": 1,
    }
    assert LedgerEntry.objects.count() == LIVE
    assert result.left_out == 0


def test_a_changed_interval_value_is_named_with_both_numbers_and_so_is_nothing_else(booked):
    row = IntervalValue.objects.filter(granularity="day", start=noon(90).replace(hour=22, day=noon(90).day - 1))
    was = row.order_by("series_id")[0].mean
    row.filter(series__labels={"team": "north"}).update(mean=F("mean") + 1)

    (line,) = found()

    assert line == (
        'Interval value support.time {"team": "north"} day 2026-04-05T00:00+02:00 mean: '
        f"stored {was + 1}, recomputed {was}"
    )


STATE = ("end", "n", "sum_w", "sum_w2", "mean", "m2", "total", "minimum", "maximum", "last_at", "last")


@pytest.mark.parametrize("granularity", ["day", "week", "month", "quarter"])
@pytest.mark.parametrize("column", STATE)
def test_each_number_of_a_state_that_was_altered_is_named_alone(booked, column, granularity):
    row = IntervalValue.objects.filter(granularity=granularity, series__labels={"team": "south"}).order_by("start")[:1]
    more = timedelta(seconds=1) if column in ("end", "last_at") else 1
    IntervalValue.objects.filter(pk=row[0].pk).update(**{column: F(column) + more})

    lines = [line for line in found() if line.startswith("Interval value")]

    assert [line.partition(":")[0].split()[-1] for line in lines] != []
    assert {line.split(": stored")[0].split()[-1] for line in lines} == {column}
    assert all(f'{{"team": "south"}} {granularity} ' in line for line in lines)


def test_an_altered_distribution_is_named(arrive, house):
    series = SeriesFactory(kpi=KpiFactory(aggregation="p90"))
    arrive(series, [(noon(day), float(day)) for day in range(1, 20)])
    pipeline.bring_up_to_date(at_most=100)
    row = IntervalValue.objects.get(series=series, granularity="month", start__lt=noon(3))
    row.bins["counts"][0] += 1
    row.save(update_fields=["bins"])

    (line,) = [line for line in found() if line.startswith("Interval value")]

    assert " month " in line
    assert "distribution: stored another one" in line


def test_an_interval_value_that_was_taken_away_or_put_in_is_named(booked):
    IntervalValue.objects.filter(granularity="quarter").first().delete()
    other = SeriesFactory(kpi=booked.kpi, labels={"team": "west"})
    IntervalValue.objects.filter(granularity="month").first()
    row = IntervalValue.objects.filter(granularity="month").values().first()
    IntervalValue.objects.create(**row | {"series_id": other.pk})

    lines = found()

    assert len(lines) == 2
    assert any("quarter" in line and "row: stored nothing, recomputed" in line for line in lines)
    assert any('{"team": "west"} month' in line and "recomputed nothing" in line for line in lines)


def test_a_measurement_changed_past_the_portal_is_seen_in_everything_that_rests_on_it(booked):
    Measurement.objects.filter(series__labels={"team": "south"}, at=noon(DAYS_BEFORE + 3)).update(value=99.0)

    lines = found()

    kinds = {line.split()[0] for line in lines}
    assert kinds == {"Interval", "Effect", "Ledger", "ROI"}
    assert any(line.startswith("ROI support net: stored ") for line in lines)


def test_a_changed_effect_is_named_and_the_ledger_is_recomputed_from_the_true_one(booked):
    was = Effect.objects.get().effect
    Effect.objects.update(effect=was * 1.1)

    (line,) = found()

    assert line.startswith(f"Effect support.time effect: stored {was * 1.1}, recomputed {was:.6}"[:60])


def test_a_changed_amount_is_named_to_the_cent_with_the_roi_that_it_moved(booked):
    entry = LedgerEntry.objects.order_by("interval_start")[4]
    LedgerEntry.objects.filter(pk=entry.pk).update(amount=entry.amount + Decimal("0.01"))

    lines = found()

    assert lines[0] == (
        "Ledger entry support.time “Minutes saved” 2026-04-03T00:00+02:00 amount: "
        f"stored {entry.amount + Decimal('0.01')}, recomputed {entry.amount}"
    )
    assert any(line.startswith("ROI support net: ") for line in lines)
    assert all(line.startswith("ROI support ") for line in lines[1:])


def test_an_entry_that_nothing_explains_and_one_that_is_missing_are_named(booked):
    first, second = LedgerEntry.objects.order_by("interval_start")[:2]
    first.delete()
    LedgerEntry.objects.filter(pk=second.pk).update(interval_start=second.interval_start.replace(hour=21))

    lines = [line for line in found() if line.startswith("Ledger")]

    assert len(lines) == 3
    assert sum("stored nothing" in line for line in lines) == 2
    assert sum("recomputed nothing" in line for line in lines) == 1


@pytest.fixture
def closed(booked, at):
    """April is closed: its thirty days, and the last two of March with it; an hour was worth more afterwards."""
    with at(NOW):
        for key in ("2026-03", "2026-04"):
            closing.close_period(periods.period_named(key), by=ControllerFactory(), at=NOW)
        price = Stated(Decimal(60), Decimal(60), Decimal(60))
        changing.change_driver(booked, {"unit_value": price}, by=None, at=NOW)
        pipeline.bring_up_to_date(at_most=100)
    return booked


@contextmanager
def past_the_guards():
    """As somebody who owns the database could."""
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        yield
        cursor.execute("set session_replication_role = origin")


def test_closed_entries_with_their_adjustments_are_what_the_data_say(closed):
    result = verification.verify(now=NOW)

    assert LedgerEntry.objects.filter(status="adjustment").count() == 32
    assert (result.differences, result.compared["closed periods"]) == ([], 2)


@pytest.mark.parametrize("status", ["closed", "adjustment"])
def test_a_closed_entry_or_adjustment_that_was_changed_is_named_with_the_sum_and_the_period(closed, status):
    entry = LedgerEntry.objects.filter(status=status).order_by("interval_start")[4]
    with past_the_guards():
        LedgerEntry.objects.filter(pk=entry.pk).update(amount=entry.amount + Decimal("0.01"))

    lines = [line for line in found() if not line.startswith("ROI")]

    word = "Adjustment" if status == "adjustment" else "Closed ledger entry"
    assert lines[0] == (
        f"{word} support.time “Minutes saved” 2026-04-03T00:00+02:00 amount: "
        f"stored {entry.amount + Decimal('0.01')}, recomputed {entry.amount}"
    )
    assert any(
        line.startswith("Closed ledger entry support.time “Minutes saved” 2026-04-03T00:00+02:00 with its")
        for line in lines
    )
    assert any(line.startswith("Closed period 2026-04 support benefit: stored") for line in lines) == (
        status == "closed"
    )


def test_an_adjustment_that_was_taken_away_is_missed(closed):
    entry = LedgerEntry.objects.filter(status="adjustment").order_by("interval_start")[4]
    before = LedgerEntry.objects.get(status="closed", interval_start=entry.interval_start).amount
    with past_the_guards():
        entry.delete()

    (line,) = [line for line in found() if line.startswith("Closed")]

    assert line.endswith(f"with its adjustments: stored {before}, recomputed {before + entry.amount}")


def test_a_cost_that_was_slipped_into_a_closed_period_is_named(closed):
    with past_the_guards():
        CostEntryFactory(initiative=closed.initiative, amount=Decimal("5.00"), on=date(2026, 4, 7))

    assert "Closed period 2026-04 support cost: stored 0.00, recomputed 5.00" in found()


def test_what_a_sender_is_said_to_have_sent_follows_from_its_batches(house):
    token = TokenFactory()
    BatchFactory(token=token, arrived_at=NOW - timedelta(hours=2), received=7, accepted=7)
    quarters.add_up(at=NOW)
    assert found() == []
    SentQuarter.objects.update(received=8)

    (line,) = found()

    assert line.startswith(f"Sent by token {token.pk} ")
    assert '"received": 8' in line and '"received": 7' in line


def test_what_is_still_on_its_way_is_counted_and_is_no_difference(booked, kpi):
    series = kpi.series.get(labels={"team": "north"})
    Measurement.objects.filter(series=series, at=noon(DAYS_BEFORE + 3)).update(value=99.0)
    ArrivalFactory(series=series, slots=[int(noon(DAYS_BEFORE + 3).timestamp()) // 900])

    result = verification.verify(now=NOW)

    assert result.differences == []
    assert result.left_out == 1
    assert KpiState.objects.get().version == KpiState.objects.get().evaluated_version


@pytest.mark.django_db(transaction=True)
def test_a_look_at_one_instant_refuses_every_write():
    from django.db import DatabaseError

    with pytest.raises(DatabaseError, match="read-only"), snapshot.read_only():
        InitiativeFactory()
