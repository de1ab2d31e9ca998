from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kpis.ledger import proving
from kpis.ledger.overlap import overlaps_among
from kpis.measurements.models import Retention
from tests.factories import (
    BaselineFactory,
    KpiFactory,
    LedgerEntryFactory,
    MeasurementFactory,
    PoolFactory,
    SeriesFactory,
    ValueDriverFactory,
)

MORNING = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.fixture
def entry():
    """10 minutes, from rows of 8 and 11, the second counting twice."""
    entry = LedgerEntryFactory(interval_start=MORNING.replace(hour=0), measurements=2)
    series = SeriesFactory(kpi=entry.kpi)
    MeasurementFactory(series=series, at=MORNING, value=8.0, weight=1.0)
    MeasurementFactory(series=series, at=MORNING.replace(hour=9), value=11.0, weight=2.0)
    return entry


def test_the_rows_behind_an_entry_add_up_to_its_actual_value_and_its_amount_follows(entry):
    proof = proving.proof_of(entry)

    assert [row.value for row in proof.rows] == [8.0, 11.0]
    assert (proof.added_up.value, proof.weight, proof.agrees) == (10.0, 3.0, True)
    assert proof.claimed == entry.amount == Decimal("106.17")


def test_rows_that_do_not_add_up_to_it_are_told(entry):
    MeasurementFactory(series=entry.kpi.series.get(), at=MORNING.replace(hour=10), value=40.0)

    assert proving.proof_of(entry).agrees is False


def test_only_rows_of_the_treated_group_are_added_up(entry):
    entry.baseline = BaselineFactory(kpi=entry.kpi, version=2, approved=True, treated={"team": "north"})
    MeasurementFactory(series=SeriesFactory(kpi=entry.kpi, labels={"team": "north"}), at=MORNING, value=7.0)

    assert [row.value for row in proving.proof_of(entry).rows] == [7.0]


def test_too_many_rows_for_a_page_are_not_added_up_and_nothing_is_claimed(entry, monkeypatch):
    monkeypatch.setattr(proving, "ROWS_AT_MOST", 1)
    proof = proving.proof_of(entry)

    assert (len(proof.rows), proof.added_up, proof.agrees) == (1, None, None)


def test_an_entry_that_outlives_some_of_its_rows_says_so_and_does_not_add_up_the_rest(entry):
    noon = MORNING.replace(hour=12)
    Retention.objects.create(kpi=entry.kpi, rows_from=noon, since=noon, gone_until=noon)
    proof = proving.proof_of(entry)

    assert (proof.rows_gone, proof.added_up, proof.agrees) == (True, None, None)
    assert proof.claimed == entry.amount


def claim(pool, claimed, grade="C", kpi=None, *, counted=None):
    pool = PoolFactory(slug=pool) if pool else None
    driver = ValueDriverFactory(kpi=kpi or KpiFactory(), pool=pool)
    amount = Decimal(claimed if counted is None else counted)
    LedgerEntryFactory(driver=driver, claimed=Decimal(claimed), amount=amount, evidence_grade=grade)
    return driver


def found(*drivers):
    return overlaps_among([driver.initiative for driver in drivers])


def test_two_initiatives_that_claim_the_same_hours_are_found_better_evidence_first():
    large, proved = claim("team north", 900, counted=0), claim("team north", 100, grade="A")

    (overlap,) = found(large, proved)

    assert (overlap.pool.slug, overlap.first.driver, overlap.not_counted) == ("team north", proved, Decimal(900))
    assert [(other.claimed, other.counted) for other in overlap.others] == [(Decimal(900), Decimal(0))]


def test_two_drivers_of_one_initiative_other_pools_and_losses_claim_nothing_twice():
    first = claim("team north", 100)
    second = claim("team north", 200, kpi=KpiFactory(initiative=first.initiative))
    other, loss, none = claim("team south", 300), claim("team north", -50), claim("", 10)

    assert found(first, second, other, loss, none) == []


def test_only_initiatives_in_sight_are_looked_at():
    mine, theirs = claim("team north", 100), claim("team north", 200)

    assert found(mine) == []
    assert len(found(mine, theirs)) == 1
