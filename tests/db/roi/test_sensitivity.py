"""Which assumption moves the net: against the sums done by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from kpis.roi.statement import roi_statement
from tests.db.roi.conftest import AS_OF
from tests.factories import AssumptionFactory, CostEntryFactory, ShareFactory


@pytest.fixture
def sure():
    return ShareFactory(name="Sure", low=Decimal(1), likely=Decimal(1), high=Decimal(1))


def test_an_assumption_that_two_drivers_share_moves_both_and_the_others_stay_likely(initiative, driver, book, sure):
    hour = AssumptionFactory(name="Hour", low=Decimal(40), likely=Decimal(50), high=Decimal(70))
    share = ShareFactory(name="Realised", low=Decimal("0.5"), likely=Decimal("0.8"), high=Decimal("0.9"))
    for realisation in (sure, share):
        saved = driver(initiative, unit_value=hour, realisation=realisation, attribution=sure)
        saved.kpi.effect.standard_error = None
        saved.kpi.effect.save()
        # (12.5 − 10) min · 100 · 1/60 are 25/6 hours
        terms = {"unit_value": hour.likely, "realisation": realisation.likely, "attribution": sure.likely}
        book(saved, "2026-03-02", "208.33", **terms)
    CostEntryFactory(initiative=initiative, amount=Decimal(100))

    found = {swing.name: swing for swing in roi_statement(initiative, as_of=AS_OF).sensitivity}

    hours = Decimal(25) / 6
    by_hour = [hours * (1 + Decimal("0.8")) * price - 100 for price in (40, 70)]
    by_share = [hours * 50 * (1 + part) - 100 for part in (Decimal("0.5"), Decimal("0.9"))]
    assert [found["Hour"].low, found["Hour"].high] == [round(end, 2) for end in by_hour]
    assert [found["Realised"].low, found["Realised"].high] == [round(end, 2) for end in by_share]
    assert "Sure" not in found
    assert not found["Hour"].flips_sign


def test_the_largest_swing_stands_first_and_a_sign_that_turns_is_said(initiative, driver, book, sure):
    hour = AssumptionFactory(name="Hour", low=Decimal(10), likely=Decimal(50), high=Decimal(90))
    share = ShareFactory(name="Realised", low=Decimal("0.79"), likely=Decimal("0.8"), high=Decimal("0.81"))
    book(driver(initiative, unit_value=hour, realisation=share, attribution=sure), "2026-03-02", "166.67")
    CostEntryFactory(initiative=initiative, amount=Decimal(150))

    first, *others = roi_statement(initiative, as_of=AS_OF).sensitivity

    assert (first.name, first.flips_sign) == ("Hour", True)
    assert {swing.name for swing in others} == {"Realised", "Handling time"}
