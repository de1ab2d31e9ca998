"""What counts of the claims on one pool: drafts of its drivers' entries in, the same with `amount` out.

A driver whose data moved comes with entries as they follow from its effect, the others with their claims as booked.
So it does not matter who is computed first: what counts depends on what everyone claims, never on the way there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from django.db.models import prefetch_related_objects

from kpis.calculations import defaults
from kpis.calculations.intervals import Calendar, Granularity
from kpis.calculations.money import cents
from kpis.calculations.overlap import Claim, Claimant, Limits, Parts, Rule, counted
from kpis.definitions import organisation
from kpis.evaluation.models import Effect
from kpis.ledger import versions
from kpis.ledger.adjusting import Books
from kpis.ledger.models import LedgerEntry, ValueDriver
from kpis.ledger.pools.models import Apart, Pool
from kpis.ledger.uncertainty import entry_ranges
from kpis.ledger.valuation import IntervalFacts

A_MOMENT = timedelta(microseconds=1)
UNGRADED = "E"  # after every grade: a driver without an effect claims nothing anew


@dataclass(frozen=True, slots=True)
class Draft:
    """One driver's entries as they should be, closed intervals too, before they are compared with what is booked."""

    driver: ValueDriver
    effect: Effect | None
    books: Books
    wanted: list[LedgerEntry]

    @property
    def rank(self) -> tuple[str, date, int]:
        return rank_of(self.driver, self.effect)


def rank_of(driver: ValueDriver, effect: Effect | None) -> tuple[str, date, int]:
    """The better evidence first; of equals the initiative that was live first, then the driver that came first."""
    grade = effect.evidence_grade if effect is not None else ""
    return grade or UNGRADED, driver.initiative.go_live_on or date.max, driver.pk


def draft_as_booked(driver: ValueDriver, effect: Effect | None, books: Books, *, now: datetime) -> Draft:
    """The claims as they stand in the ledger: of each interval the newest row, open ones with their whole range."""
    standing = list(driver.entries.filter(status=LedgerEntry.Status.OPEN).order_by("interval_start"))
    if effect is not None and any(entry.counted != entry.claimed for entry in standing):
        facts = [IntervalFacts(entry.counterfactual, entry.actual, entry.volume) for entry in standing]
        spans = versions.spans_of(driver, organisation.calendar())
        ranges = entry_ranges(driver, effect, spans, [entry.interval_start for entry in standing], facts)
        for entry, (low, high) in zip(standing, ranges, strict=True):
            entry.low, entry.high = low, high
    closed = [b.newest for b in books.booked.values() if b.newest.measurements and not books.is_kept(b.newest)]
    return Draft(driver, effect, books, [_as_claimed(row, driver, now) for row in (*closed, *standing)])


def count(drafts: Sequence[Draft], pool: Pool) -> None:
    """Set what counts, in `counted` and `amount`, on every entry wanted; its range is cut by the same share.

    drafts : of every driver of the pool, in any order.
    """
    calendar = organisation.calendar()
    prefetch_related_objects([pool], "capacities")
    ranked = sorted(drafts, key=lambda draft: draft.rank)
    live = {draft.driver.pk: [e for e in draft.wanted if not draft.books.is_kept(e)] for draft in ranked}
    claimants = [
        Claimant(
            draft.driver.pk,
            draft.driver.initiative_id,
            [_claim(e, pool, calendar) for e in (*live[draft.driver.pk], *_kept(draft.books))],
        )
        for draft in ranked
    ]
    months = {month for c in claimants for claim in c.claims for month, _ in claim.parts}
    wholes = wholes_of(pool, months)
    share, apart = Fraction(share_of(pool)), _apart(live.keys())
    limits = {month: whole * share for month, whole in wholes.items()}
    found = counted(claimants, rule=Rule(pool.rule), limits=limits, apart=apart, wholes=wholes)
    for key, entries in live.items():
        for entry, amount in zip(entries, found[key], strict=False):  # what is kept comes last, and stays as it is
            _count_as(entry, amount)


def share_of(pool: Pool) -> Decimal:
    """How much of the pool's capacity may be claimed."""
    if pool.share is not None:
        return pool.share
    usual = defaults.POOL_CAP_HOURS if pool.unit == Pool.Unit.HOURS else defaults.POOL_CAP
    return Decimal(str(usual.value))


def wholes_of(pool: Pool, months: Iterable[date]) -> Limits:
    """By month what the pool holds, for those for which a capacity is stated."""
    capacities = {month: capacity_in(pool, month) for month in months}
    return {month: Fraction(capacity) for month, capacity in capacities.items() if capacity is not None}


def capacity_in(pool: Pool, month: date) -> Decimal | None:
    """What the pool holds in the month, by its newest statement until then; None where none is made."""
    holding = [capacity.quantity for capacity in pool.capacities.all() if capacity.holds_in(month)]
    return holding[-1] if holding else None


def quantity_of(amount: Decimal, unit_value: Decimal, pool: Pool) -> Fraction:
    """What an amount draws from the pool: of hours those that it prices, of money itself."""
    if pool.unit == Pool.Unit.MONEY:
        return Fraction(amount)
    return Fraction(amount) / abs(Fraction(unit_value)) if unit_value else Fraction(0)


@lru_cache(maxsize=4_000)
def parts_of(start: datetime, end: datetime, calendar: Calendar) -> Parts:
    """How much of an interval lies in each calendar month, by time; a day lies in one."""
    found, whole, at = [], end - start, start
    while at < end:
        month = calendar.bounds(at, Granularity.MONTH)
        until = min(month.end, end)
        found.append((calendar.local_date(month.start), Fraction(_us(until - at), _us(whole))))
        at = until
    return tuple(found)


def _us(length: timedelta) -> int:
    return length // A_MOMENT


def _claim(entry: LedgerEntry, pool: Pool, calendar: Calendar) -> Claim:
    parts = parts_of(entry.interval_start, entry.interval_end, calendar)
    return Claim(entry.claimed, quantity_of(entry.claimed, entry.unit_value, pool), parts)


def _kept(books: Books) -> list[LedgerEntry]:
    """What stays as it was booked, because its KPI was measured otherwise then; it draws on the pool all the same."""
    return [b.newest for b in books.booked.values() if b.newest.measurements and books.is_kept(b.newest)]


def _apart(driver_ids: Collection[int]) -> list[frozenset[int]]:
    return [each.pair for each in Apart.objects.filter(first__in=driver_ids, second__in=driver_ids)]


def _as_claimed(row: LedgerEntry, driver: ValueDriver, now: datetime) -> LedgerEntry:
    """A draft of the row's interval, with its whole claim and with nothing of its place in the books."""
    left_out = {"id", "status", "corrects_id", "causes", "computed_at", "driver_id"}
    fields = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.attname not in left_out}
    entry = LedgerEntry(**fields, driver=driver, computed_at=now)
    entry.amount = entry.counted = entry.claimed
    return entry


def _count_as(entry: LedgerEntry, amount: Decimal) -> None:
    entry.amount = entry.counted = amount
    if amount != entry.claimed and entry.low is not None and entry.high is not None:
        entry.low, entry.high = (cents(bound * amount / entry.claimed) for bound in (entry.low, entry.high))
