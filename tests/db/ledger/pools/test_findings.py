"""What is not in order about a pool: two claims on the same hours, more claims than hours, one effect taken twice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from kpis.ledger.pools import findings, reading
from tests.db.ledger.conftest import exactly
from tests.factories import CapacityFactory, ShareFactory, ValueDriverFactory

IN_MAY = datetime(2026, 5, 4, 9, tzinfo=UTC)


def found(team) -> list[findings.Finding]:
    return findings.findings_of(reading.account_of(team.pool, team.controller))


def due(share: str):
    return ShareFactory(**exactly(share, share=True))


def beside(driver, attribution: str):
    """A further driver of the same KPI, priced alike, that takes so much of the effect for itself."""
    alike = {name: getattr(driver, name) for name in ("kpi", "pool", "unit_value", "realisation", "unit_factor")}
    return ValueDriverFactory(name="Again", volume_per_interval=1, attribution=due(attribution), **alike)


def take(driver, attribution: str) -> None:
    driver.attribution = due(attribution)
    driver.save()


def test_one_effect_of_which_two_drivers_take_more_than_the_whole_is_found_with_the_euros_at_stake(team):
    """5 hours of 50.00 €: 0.8 of them are 200.00 and 0.7 are 175.00. Of 375.00 a third is beyond the whole: 125.00."""
    driver = team.joins("support")
    take(driver, "0.8")
    second = beside(driver, "0.7")
    team.reports("support", date(2026, 4, 1), 5)
    team.brought_up_to_date(IN_MAY)

    (finding,) = found(team)
    assert (finding.code, finding.quantity) == ("attribution_over_one", Decimal("1.5"))
    assert set(finding.drivers) == {driver, second}
    assert (round(finding.amount, 2), finding.currency) == (Decimal("125.00"), "EUR")


def test_what_drivers_share_among_themselves_is_in_order(team):
    driver = team.joins("support")
    take(driver, "0.6")
    beside(driver, "0.4")
    team.reports("support", date(2026, 4, 1), 5)
    team.brought_up_to_date(IN_MAY)
    assert found(team) == []


def test_the_same_hours_and_more_than_there_are_are_both_named_with_both_initiatives(rivals):
    """The assistant's 2,000.00 do not count. 5 of 4 · 0.8 = 3.2 hours: of 250.00 there are 160.00."""
    CapacityFactory(pool=rivals.pool, quantity=Decimal(4))
    rivals.brought_up_to_date(IN_MAY)
    said = {finding.code: finding for finding in found(rivals)}
    assert set(said) == {"same_hours", "over_capacity"}
    assert [initiative.slug for initiative in said["same_hours"].initiatives] == ["support", "assistant"]
    assert {initiative.slug for initiative in said["over_capacity"].initiatives} == {"support", "assistant"}
    assert said["same_hours"].amount == Decimal("2000.00")
