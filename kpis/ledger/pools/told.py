"""Findings in words, with where they lead."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kpis.ledger.pools import findings
from kpis.ledger.pools.findings import Finding
from kpis.wording import pools as words


@dataclass(frozen=True, slots=True)
class Told:
    """`sentence` names those only who are in sight."""

    finding: Finding
    sentence: str

    @property
    def is_serious(self) -> bool:
        """Something cannot be true; that a claim counts nothing is only how it should be."""
        return self.finding.code != findings.SAME_HOURS


def told(finding: Finding) -> Told:
    """In the reader's language."""
    names = [initiative.name for initiative in finding.initiatives]
    if finding.code == findings.SAME_HOURS:
        return Told(finding, words.same_hours(names[0], names[-1], finding.amount or Decimal(0), finding.currency))
    if finding.code == findings.OVER_CAPACITY and finding.month is not None:
        unit, currency = finding.pool.unit, finding.pool.currency
        claimed, there = (
            words.quantity(each or Decimal(0), unit, currency) for each in (finding.quantity, finding.capacity)
        )
        return Told(finding, words.over_capacity(names, finding.month, finding.months, claimed, there))
    drivers = [driver.name for driver in finding.drivers]
    return Told(finding, words.attributed_twice(drivers, finding.quantity or Decimal(0)))
