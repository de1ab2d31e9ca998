"""The same hours or the same money claimed by drivers of two initiatives. Found and shown; capping is decided later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from kpis.definitions.models import Initiative
from kpis.ledger.models import LedgerEntry, ValueDriver


@dataclass(frozen=True, slots=True)
class Claim:
    """What one driver booked on a pool so far, in its initiative's currency."""

    driver: ValueDriver
    evidence_grade: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Overlap:
    """One pool with claims from more than one initiative; `first` has the better evidence, then the larger amount."""

    pool: str
    first: Claim
    others: tuple[Claim, ...]

    @property
    def claimed_again(self) -> Decimal:
        """What the claims after the first come to: it stands in the totals although it may be the same money."""
        return sum((claim.amount for claim in self.others), Decimal(0))


def overlaps_among(initiatives: Collection[Initiative]) -> list[Overlap]:
    """Pools on which at least two of these initiatives have booked something above zero."""
    rows = (
        LedgerEntry.objects.filter(initiative__in=initiatives)
        .exclude(driver__pool="")
        .values("driver_id", "evidence_grade")
        .annotate(amount=Sum("amount"))
    )
    drivers = ValueDriver.objects.select_related("initiative").in_bulk([row["driver_id"] for row in rows])
    pools: dict[str, list[Claim]] = defaultdict(list)
    for row in rows:
        if row["amount"] > 0:
            driver = drivers[row["driver_id"]]
            pools[driver.pool].append(Claim(driver, row["evidence_grade"], row["amount"]))
    found = []
    for pool, claims in sorted(pools.items()):
        if len({claim.driver.initiative_id for claim in claims}) > 1:
            best, *rest = sorted(claims, key=lambda claim: (claim.evidence_grade, -claim.amount))
            others = tuple(claim for claim in rest if claim.driver.initiative_id != best.driver.initiative_id)
            found.append(Overlap(pool, best, others))
    return found
