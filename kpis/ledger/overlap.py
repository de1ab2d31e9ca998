"""Pools on which drivers of more than one initiative draw: who claims what, and what of it counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from kpis.definitions.models import Initiative
from kpis.ledger.models import ValueDriver
from kpis.ledger.pools.models import Pool

# An adjustment says what its interval claims since then: of each interval the newest row holds.
CLAIMS = """
select driver_id, max(evidence_grade) filter (where is_last), sum(claimed), sum(counted)
  from (select distinct on (e.driver_id, e.interval_start, e.interval_end)
               e.driver_id, e.evidence_grade, e.claimed, e.counted,
               e.interval_start = max(e.interval_start) over (partition by e.driver_id) as is_last
          from kpis_ledgerentry e join kpis_valuedriver d on d.id = e.driver_id
         where e.initiative_id = any(%s) and d.pool_id is not null
         order by e.driver_id, e.interval_start, e.interval_end, e.id desc) as standing
 group by driver_id
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one driver claims of a pool so far and what of it counts, in its initiative's currency."""

    driver: ValueDriver
    evidence_grade: str  # of its newest interval
    claimed: Decimal
    counted: Decimal

    @property
    def not_counted(self) -> Decimal:
        return self.claimed - self.counted

    @property
    def currency(self) -> str:
        return self.driver.initiative.currency


@dataclass(frozen=True, slots=True)
class Overlap:
    """One pool with claims from more than one initiative; `first` has the better evidence, then counts for more."""

    pool: Pool
    first: Claim
    others: tuple[Claim, ...]

    @property
    def not_counted(self) -> Decimal:
        """What the claims after the first do not add."""
        return sum((claim.not_counted for claim in self.others), Decimal(0))


def overlaps_among(initiatives: Collection[Initiative]) -> list[Overlap]:
    """Pools on which at least two of these initiatives claim something above zero."""
    found = []
    for pool, claims in sorted(_claims(initiatives).items(), key=lambda item: item[0].slug):
        if len({claim.driver.initiative_id for claim in claims}) > 1:
            best, *rest = sorted(claims, key=lambda claim: (claim.evidence_grade, -claim.counted, claim.driver.pk))
            others = tuple(claim for claim in rest if claim.driver.initiative_id != best.driver.initiative_id)
            found.append(Overlap(pool, best, others))
    return found


def _claims(initiatives: Collection[Initiative]) -> dict[Pool, list[Claim]]:
    with connection.cursor() as cursor:
        cursor.execute(CLAIMS, [[initiative.pk for initiative in initiatives]])
        rows = [row for row in cursor.fetchall() if row[2] > 0]
    drivers = ValueDriver.objects.select_related("initiative", "pool").in_bulk([row[0] for row in rows])
    pools: dict[Pool, list[Claim]] = defaultdict(list)
    for driver_id, grade, claimed, counted in rows:
        driver = drivers[driver_id]
        if driver.pool is not None:
            pools[driver.pool].append(Claim(driver, grade, claimed, counted))
    return pools
