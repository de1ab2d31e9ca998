"""What is not in order about pools, as findings: a code, whom it concerns, and the money at stake."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import prefetch_related_objects

from kpis.definitions.models import Initiative
from kpis.ledger.models import ValueDriver
from kpis.ledger.pools import reading
from kpis.ledger.pools.models import Pool

SAME_HOURS, OVER_CAPACITY, ATTRIBUTION = "same_hours", "over_capacity", "attribution_over_one"


@dataclass(frozen=True, slots=True)
class Finding:
    """`drivers`: the one that counts first. `amount`: what is at stake, in `currency`; None where it is not known.

    Of a month whose claims exceed what is there: `month`, `quantity` claimed and `capacity`.
    """

    code: str
    pool: Pool
    drivers: tuple[ValueDriver, ...]
    amount: Decimal | None
    currency: str
    month: date | None = None
    months: int = 0
    quantity: Decimal | None = None
    capacity: Decimal | None = None

    @property
    def initiatives(self) -> tuple[Initiative, ...]:
        return tuple(dict.fromkeys(driver.initiative for driver in self.drivers))


def over_capacity_among(initiatives: Collection[Initiative]) -> list[Finding]:
    """Pools of which these initiatives claim more than there is, each with its worst month. Four queries at most."""
    own = list(Pool.objects.filter(drivers__initiative__in=initiatives, capacities__isnull=False).distinct())
    if not own:
        return []
    prefetch_related_objects(own, "capacities")
    drivers = reading.drivers_drawing(own, initiatives)
    claims = reading.claims_by_month(drivers)
    found: list[Finding] = []
    for pool in own:
        drawing = [driver for driver in drivers if driver.pool_id == pool.pk]
        found += over_capacity(pool, reading.months_of(pool, drawing, claims))
    return found


def over_capacity(pool: Pool, months: Collection[reading.Month]) -> Iterator[Finding]:
    over = [month for month in months if month.is_over]
    if not over:
        return
    worst = max(over, key=lambda month: month.sum.quantity_claimed - (month.capacity or Decimal(0)))
    drivers = tuple(driver for driver, _ in worst.lines)
    currencies = {driver.initiative.currency for driver in drivers}
    currency = currencies.pop() if len(currencies) == 1 else ""
    at_stake = sum((month.sum.not_counted for month in over), Decimal(0)) if currency else None
    yield Finding(
        OVER_CAPACITY,
        pool,
        drivers,
        at_stake,
        currency,
        worst.first,
        len(over),
        worst.sum.quantity_claimed,
        worst.capacity,
    )


def attributed_twice(claimants: Collection[reading.Claimant]) -> Iterator[Finding]:
    """Drivers of one pool on one KPI whose attributions come to more than the whole."""
    by_kpi: dict[int, list[reading.Claimant]] = defaultdict(list)
    for claimant in claimants:
        by_kpi[claimant.driver.kpi_id].append(claimant)
    for sharing in by_kpi.values():
        whole = sum((claimant.driver.attribution.likely for claimant in sharing), Decimal(0))
        if len(sharing) > 1 and whole > 1:
            driver = sharing[0].driver
            more = sum((claimant.sum.counted for claimant in sharing), Decimal(0)) * (1 - 1 / whole)
            drivers = tuple(claimant.driver for claimant in sharing)
            if driver.pool is not None:
                yield Finding(ATTRIBUTION, driver.pool, drivers, more, driver.initiative.currency, quantity=whole)


def findings_of(account: reading.PoolAccount) -> list[Finding]:
    """Of one pool as somebody sees it: first what counts nothing, then what is more than there is."""
    return [
        *_same_hours(account),
        *over_capacity(account.pool, account.months),
        *attributed_twice(account.claimants),
    ]


def _same_hours(account: reading.PoolAccount) -> Iterator[Finding]:
    if not account.claimants:
        return
    first = account.claimants[0].driver
    for claimant in account.claimants[1:]:
        driver = claimant.driver
        if claimant.sum.not_counted > 0 and driver.initiative_id != first.initiative_id:
            money = claimant.sum.not_counted
            yield Finding(SAME_HOURS, account.pool, (first, driver), money, driver.initiative.currency)
