"""A pool to look at: who claims what of it, what counts, month by month. What is not in sight is not named."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from kpis.definitions import organisation
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.models import Initiative
from kpis.definitions.sight import Actor, initiatives_seen_by
from kpis.evaluation.models import Effect
from kpis.ledger.models import LedgerEntry, ValueDriver
from kpis.ledger.pools import counting
from kpis.ledger.pools.models import Apart, Capacity, Pool

NOTHING = Decimal(0)
APART_WITH = ("first__initiative", "second__initiative", "decided_by")
# Of each interval the newest row holds. An interval lies in its calendar months by time, as when it was counted.
BY_MONTH = """
with standing as (
  select distinct on (e.driver_id, e.interval_start, e.interval_end)
         e.driver_id, e.interval_start, e.interval_end, e.claimed, e.counted,
         case when p.unit = 'money' then 1 else nullif(abs(e.unit_value), 0) end as price
    from kpis_ledgerentry e join kpis_valuedriver d on d.id = e.driver_id join kpis_pool p on p.id = d.pool_id
   where e.driver_id = any(%s)
   order by e.driver_id, e.interval_start, e.interval_end, e.id desc),
parts as (
  select s.*, month::date as month,
         extract(epoch from least(s.interval_end, (month + interval '1 month') at time zone %s)
                          - greatest(s.interval_start, month at time zone %s))
         / extract(epoch from s.interval_end - s.interval_start) as part
    from standing s, generate_series(date_trunc('month', s.interval_start at time zone %s),
                                     (s.interval_end - interval '1 microsecond') at time zone %s, '1 month') as month)
select driver_id, month, sum(claimed * part), sum(counted * part), coalesce(sum(claimed * part / price), 0),
       coalesce(sum(counted * part / price), 0)
  from parts group by driver_id, month order by month, driver_id
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Money in the initiative's currency, and the quantity of the pool that it stands for."""

    claimed: Decimal
    counted: Decimal
    quantity_claimed: Decimal
    quantity_counted: Decimal

    @property
    def not_counted(self) -> Decimal:
        return self.claimed - self.counted

    def __add__(self, other: Claimed) -> Claimed:
        return Claimed(
            self.claimed + other.claimed,
            self.counted + other.counted,
            self.quantity_claimed + other.quantity_claimed,
            self.quantity_counted + other.quantity_counted,
        )


EMPTY = Claimed(NOTHING, NOTHING, NOTHING, NOTHING)


@dataclass(frozen=True, slots=True)
class Claimant:
    """One driver of the pool; in the order in which their claims count."""

    driver: ValueDriver
    evidence_grade: str
    sum: Claimed


@dataclass(frozen=True, slots=True)
class Month:
    """`capacity` None: none is stated for the month. `limit`: what of it may be claimed."""

    first: date
    capacity: Decimal | None
    limit: Decimal | None
    lines: tuple[tuple[ValueDriver, Claimed], ...]

    @property
    def sum(self) -> Claimed:
        return sum((line for _driver, line in self.lines), EMPTY)

    @property
    def is_over(self) -> bool:
        """More is claimed than is there at all."""
        return self.capacity is not None and self.sum.quantity_claimed > self.capacity


@dataclass(frozen=True, slots=True)
class PoolAccount:
    """`hidden`: others draw on it too who are not in sight; their claims are in no figure here."""

    pool: Pool
    share: Decimal
    claimants: tuple[Claimant, ...]
    months: tuple[Month, ...]  # the newest first
    apart: tuple[Apart, ...]
    hidden: bool

    @property
    def currency(self) -> str:
        """That of all claims; empty where there are several: unlike money is not added."""
        found = {claimant.driver.initiative.currency for claimant in self.claimants}
        return found.pop() if len(found) == 1 else ""

    @property
    def initiatives(self) -> tuple[Initiative, ...]:
        """In the order in which their claims count."""
        return tuple(dict.fromkeys(claimant.driver.initiative for claimant in self.claimants))

    @property
    def capacities(self) -> list[Capacity]:
        """As stated, the newest first."""
        return list(self.pool.capacities.all())[::-1]

    @property
    def capacity(self) -> Decimal | None:
        """By its newest statement."""
        return self.capacities[0].quantity if self.capacities else None

    def drivers_named(self, first: int, second: int) -> tuple[ValueDriver, ValueDriver]:
        """Refuses (ChangeRefused) an id that is of no driver in sight here."""
        named = {claimant.driver.pk: claimant.driver for claimant in self.claimants}
        for attr, pk in (("first", first), ("second", second)):
            if pk not in named:
                raise ChangeRefused("does_not_exist", _("No value driver of this pool has this id."), attr)
        return named[first], named[second]

    @property
    def sum(self) -> Claimed:
        return sum((claimant.sum for claimant in self.claimants), EMPTY)


def pools_seen_by(actor: Actor) -> QuerySet[Pool]:
    """Those on which an initiative in sight draws, and those on which nobody does."""
    drawing = ValueDriver.objects.filter(pool=OuterRef("pk"))
    seen = drawing.filter(initiative__in=initiatives_seen_by(actor))
    return Pool.objects.filter(Q(Exists(seen)) | ~Exists(drawing)).prefetch_related("capacities")


def drivers_drawing(
    pools: Collection[Pool], initiatives: Collection[Initiative] | QuerySet[Initiative]
) -> list[ValueDriver]:
    """The drivers of these initiatives that draw on these pools."""
    rows = ValueDriver.objects.filter(pool__in=pools, initiative__in=initiatives)
    return list(rows.select_related("initiative", "kpi", "pool", "attribution").order_by("pk"))


def account_of(pool: Pool, actor: Actor) -> PoolAccount:
    """The pool as the actor sees it."""
    return accounts_of([pool], actor)[0]


def accounts_of(pools: Sequence[Pool], actor: Actor) -> list[PoolAccount]:
    """In the order given, in a fixed number of queries. `pools` with their capacities loaded."""
    drivers = drivers_drawing(pools, initiatives_seen_by(actor))
    effects = {e.kpi_id: e for e in Effect.objects.filter(kpi__in=[driver.kpi_id for driver in drivers])}
    ranked = sorted(drivers, key=lambda driver: counting.rank_of(driver, effects.get(driver.kpi_id)))
    claims = claims_by_month(drivers)
    sums: dict[int, Claimed] = defaultdict(lambda: EMPTY)
    for lines in claims.values():
        for driver_id, line in lines.items():
            sums[driver_id] += line
    apart = list(Apart.objects.filter(first__in=drivers, second__in=drivers).select_related(*APART_WITH))
    drawing = Counter(ValueDriver.objects.filter(pool__in=pools).values_list("pool_id", flat=True))
    found = []
    for pool in pools:
        own = [driver for driver in ranked if driver.pool_id == pool.pk]
        found.append(
            PoolAccount(
                pool=pool,
                share=counting.share_of(pool),
                claimants=tuple(Claimant(d, _grade(effects.get(d.kpi_id)), sums[d.pk]) for d in own),
                months=months_of(pool, own, claims),
                apart=tuple(each for each in apart if each.first.pool_id == pool.pk),
                hidden=drawing[pool.pk] > len(own),
            )
        )
    return found


def claims_by_month(drivers: Collection[ValueDriver]) -> dict[date, dict[int, Claimed]]:
    """By the first of a month and driver id; one query."""
    zone, found = organisation.calendar().zone, defaultdict[date, dict[int, Claimed]](dict)
    with connection.cursor() as cursor:
        cursor.execute(BY_MONTH, [[driver.pk for driver in drivers], zone, zone, zone, zone])
        for driver_id, month, *sums in cursor.fetchall():
            found[month][driver_id] = Claimed(*sums)
    return found


def months_of(pool: Pool, drivers: Sequence[ValueDriver], claims: dict[date, dict[int, Claimed]]) -> tuple[Month, ...]:
    """`drivers` in the order in which they are to be shown."""
    found = []
    for first in sorted(claims, reverse=True):
        lines = tuple((driver, claims[first][driver.pk]) for driver in drivers if driver.pk in claims[first])
        if lines:
            capacity = counting.capacity_in(pool, first)
            limit = None if capacity is None else capacity * counting.share_of(pool)
            found.append(Month(first, capacity, limit, lines))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Share:
    """What a driver, or one entry, claims of its pool and what counts of it.

    instead : the drivers in sight that come first in the months in question and count there. hidden : others do who
    are not in sight.
    """

    pool: Pool
    sum: Claimed
    instead: tuple[ValueDriver, ...]
    hidden: bool


def share_of_entry(entry: LedgerEntry, actor: Actor) -> Share | None:
    """None where the entry's driver draws on no pool."""
    pool = entry.driver.pool
    if pool is None:
        return None
    quantities = [Decimal(0), Decimal(0)]
    if entry.unit_value:
        per = Decimal(1) if pool.unit == Pool.Unit.MONEY else abs(entry.unit_value)
        quantities = [entry.claimed / per, entry.counted / per]
    claimed = Claimed(entry.claimed, entry.counted, *quantities)
    months = {m for m, _part in counting.parts_of(entry.interval_start, entry.interval_end, organisation.calendar())}
    return _share(entry.driver, pool, claimed, months, actor)


def share_of_driver(driver: ValueDriver, actor: Actor) -> Share | None:
    """Of all its intervals so far; None where it draws on no pool."""
    if driver.pool is None:
        return None
    by_month = claims_by_month([driver])
    claimed = sum((lines[driver.pk] for lines in by_month.values()), EMPTY)
    cut = {month for month, lines in by_month.items() if lines[driver.pk].not_counted}
    return _share(driver, driver.pool, claimed, cut, actor)


def _share(driver: ValueDriver, pool: Pool, claimed: Claimed, months: Collection[date], actor: Actor) -> Share:
    before = _counting_before(driver, months) if claimed.not_counted else []
    seen = set(initiatives_seen_by(actor).values_list("pk", flat=True)) if before else set()
    instead = tuple(each for each in before if each.initiative_id in seen)
    return Share(pool, claimed, instead, hidden=len(instead) < len(before))


def _counting_before(driver: ValueDriver, months: Collection[date]) -> list[ValueDriver]:
    """The drivers of its pool that come before it and count in one of these months."""
    others = list(ValueDriver.objects.filter(pool=driver.pool_id).exclude(pk=driver.pk).select_related("initiative"))
    effects = {e.kpi_id: e for e in Effect.objects.filter(kpi__in=[d.kpi_id for d in (driver, *others)])}
    own = counting.rank_of(driver, effects.get(driver.kpi_id))
    before = [d for d in others if counting.rank_of(d, effects.get(d.kpi_id)) < own]
    claims = claims_by_month(before) if before else {}
    then = {pk for month in months for pk, line in claims.get(month, {}).items() if line.counted > 0}
    return [each for each in before if each.pk in then]


def _grade(effect: Effect | None) -> str:
    return effect.evidence_grade if effect is not None else ""
