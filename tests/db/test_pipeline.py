"""A measurement becomes money: the whole chain as a specification, each figure worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from kpis import pipeline
from kpis.evaluation.models import Effect
from kpis.ledger.models import LedgerEntry
from kpis.measurements.models import Arrival
from kpis.plumbing.models import Change
from kpis.roi.statement import roi_statement
from kpis.rollups.models import IntervalValue, KpiState
from tests.db.evaluation.conftest import GO_LIVE, arrive, house
from tests.factories import (
    AssumptionFactory,
    BaselineFactory,
    CostEntryFactory,
    InitiativeFactory,
    KpiFactory,
    SeriesFactory,
    ShareFactory,
    ValueDriverFactory,
)

__all__ = ["arrive", "house"]

FIRST_DAY = datetime(2026, 3, 30, 8, tzinfo=UTC)  # 10:00 in Berlin
THIRD_DAY = datetime(2026, 4, 1, 9, tzinfo=UTC)


@pytest.fixture
def driver():
    """A case took 20 minutes, as somebody stated. An hour costs 60 €; half of a saving becomes real."""
    initiative = InitiativeFactory(slug="support", started_on=date(2026, 3, 1), go_live_on=GO_LIVE)
    kpi = KpiFactory(initiative=initiative, slug="minutes")
    cases = KpiFactory(initiative=initiative, slug="cases", unit="{case}", direction="increase", aggregation="sum")
    BaselineFactory(kpi=kpi, declared=True, approved=True, value=Decimal(20))
    CostEntryFactory(initiative=initiative, amount=Decimal("100.00"), on=date(2026, 3, 1))
    certain = {"low": Decimal(60), "likely": Decimal(60), "high": Decimal(60)}
    share = {"low": Decimal("0.5"), "likely": Decimal("0.5"), "high": Decimal("0.5")}
    whole = {"low": Decimal(1), "likely": Decimal(1), "high": Decimal(1)}
    return ValueDriverFactory(
        kpi=kpi,
        volume_kpi=cases,
        unit_value=AssumptionFactory(**certain),
        realisation=ShareFactory(**share),
        attribution=ShareFactory(**whole),
    )


@pytest.fixture
def told(arrive, at, driver):
    """On each of two days: cases of 12 and 18 minutes, the second counting twice; 30 cases a day."""
    minutes, cases = SeriesFactory(kpi=driver.kpi), SeriesFactory(kpi=driver.volume_kpi)
    for day in range(2):
        noon = FIRST_DAY + timedelta(days=day)
        arrive(minutes, [(noon, 12.0, 1.0), (noon + timedelta(hours=1), 18.0, 2.0)])
        arrive(cases, [(noon, 30.0)])
    with at(THIRD_DAY):
        assert pipeline.bring_up_to_date(at_most=100) is False
    return driver


def test_arrivals_become_interval_values_of_the_organisations_days(told):
    days = IntervalValue.objects.filter(granularity="day", series__kpi=told.kpi).order_by("start")

    assert [day.start for day in days] == [datetime(2026, 3, 29 + n, 22, tzinfo=UTC) for n in range(2)]
    assert [(day.n, day.mean) for day in days] == [(2, 16.0)] * 2  # (12 · 1 + 18 · 2) / 3
    assert not Arrival.objects.exists()


def test_interval_values_since_go_live_become_an_effect_against_the_approved_baseline(told):
    effect = Effect.objects.get(kpi=told.kpi)

    assert (effect.baseline_value, effect.actual, effect.effect) == (20.0, 16.0, -4.0)
    assert effect.improvement == pytest.approx(4 / 20)
    assert (effect.method, effect.evidence_grade) == ("declared", "D")


def test_effect_times_volume_times_price_becomes_a_ledger_entry_a_day(told):
    entries = LedgerEntry.objects.order_by("interval_start")

    # 4 min · 30 cases = 120 min = 2 h, at 60 € an hour, half of it realised
    assert [entry.amount for entry in entries] == [Decimal("60.00")] * 2
    assert [entry.measurements for entry in entries] == [2, 2]
    assert [entry.provisional for entry in entries] == [False, True]  # the newer day's late data may still come


def test_entries_less_costs_become_the_roi(told):
    statement = roi_statement(told.initiative, as_of=THIRD_DAY)

    assert (statement.invested, statement.benefits.total, statement.net) == (Decimal(100), Decimal(120), Decimal(20))
    assert statement.roi.value == pytest.approx(0.2)
    assert statement.evidence == {"A": 0, "B": 0, "C": 0, "D": Decimal(120)}
    assert statement.verdict == "cannot_be_proved"
    assert statement.provisional_amount == Decimal(60)


def test_a_corrected_measurement_moves_exactly_its_day_and_says_so_to_the_browsers(
    told, arrive, at, django_capture_on_commit_callbacks
):
    series = told.kpi.series.get()
    arrive(series, [(FIRST_DAY, 24.0)])  # (24 + 2 · 18) / 3 = 20: nothing was saved on that day
    with at(THIRD_DAY), django_capture_on_commit_callbacks(execute=True):
        pipeline.bring_up_to_date(at_most=100)

    assert [e.amount for e in LedgerEntry.objects.order_by("interval_start")] == [Decimal("0.00"), Decimal("60.00")]
    assert roi_statement(told.initiative, as_of=THIRD_DAY).net == Decimal(-40)
    said = set(Change.objects.values_list("event", "key"))
    assert said == {("interval", "support.minutes"), ("roi", "support")}


def test_a_second_run_changes_nothing(told, at):
    before = list(LedgerEntry.objects.order_by("pk").values())
    KpiState.objects.update(evaluated_version=0)
    with at(THIRD_DAY):
        pipeline.bring_up_to_date(at_most=100)

    assert list(LedgerEntry.objects.order_by("pk").values()) == before


def test_a_day_without_cases_is_a_gap_and_books_nothing(told, arrive, at):
    arrive(told.kpi.series.get(), [(FIRST_DAY + timedelta(days=2), 10.0)])
    with at(THIRD_DAY + timedelta(days=1)):
        pipeline.bring_up_to_date(at_most=100)

    assert LedgerEntry.objects.count() == 2


def test_time_alone_makes_the_last_day_final(told, at):
    with at(THIRD_DAY + timedelta(days=1)):
        pipeline.bring_up_to_date(at_most=100)

    assert not LedgerEntry.objects.filter(provisional=True).exists()
