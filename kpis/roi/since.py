"""What changed since a snapshot, by cause and to the cent: benefit, invested and net then, and now.

Of an interval that was there then, adjustments bring their own causes. What else its amount differs by was an open
entry that followed its data: it is taken apart in the order in which an amount is made, what was measured first, then
what would have been without AI, then the terms; each step is a whole amount, so the steps add up without a rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from kpis.definitions.models import Initiative
from kpis.definitions.sight import Actor, initiatives_seen_by
from kpis.ledger.costs import CostLine
from kpis.ledger.models import LedgerEntry
from kpis.ledger.reading import booked_by
from kpis.ledger.valuation import IntervalFacts, Terms, amount_of, sign_of
from kpis.roi.flows import A_MOMENT
from kpis.roi.models import Snapshot
from kpis.roi.snapshots import statements_of
from kpis.roi.statement import Statement

NOTHING = Decimal("0.00")
FACTS = ("counterfactual", "actual", "volume")
PRICED = ("unit_factor", "unit_value", "realisation", "attribution")
READ = (
    "id", "driver_id", "interval_start", "interval_end", "status", "amount", "causes", "measurements", "baseline_id",
    "kpi__direction", *FACTS, *PRICED,
)  # fmt: skip
# Beside those of adjustments (`LedgerEntry.Cause`), in the order in which they are told.
EARNED, PAID = "earned_since", "paid_since"
COST_ADDED, COST_CHANGED, COST_GONE, RATE = "cost_added", "cost_changed", "cost_gone", "exchange_rate"
JOINED, LEFT, ELSEWHERE = "initiative_joined", "initiative_left", "other_currency"
DATA, CORRECTED, BASELINE, ASSUMPTION, DRIVER = (str(LedgerEntry.Cause(name)) for name in (
    "late_data", "corrected_data", "baseline", "assumption", "driver",
))  # fmt: skip
OVERLAP = "overlap"

Key = tuple[int, datetime, datetime]
Causes = dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Sums:
    benefit: Decimal
    invested: Decimal

    @property
    def net(self) -> Decimal:
        return self.benefit - self.invested


@dataclass(frozen=True, slots=True)
class Movement:
    """One initiative, or all together where `name` is "": then, now (None: it is gone), and why by cause.

    `benefit` adds up to now − then of the benefit, `invested` to that of what was invested, in `currency`.
    """

    slug: str
    name: str
    currency: str
    then: Sums
    now: Sums | None
    benefit: Causes
    invested: Causes

    @property
    def net(self) -> Decimal:
        return (self.now.net if self.now else NOTHING) - self.then.net

    @property
    def by_cause(self) -> list[tuple[str, Decimal]]:
        """What each cause did to the net, without those that did nothing; a cost counts against it."""
        both = [*self.benefit.items(), *((cause, -amount) for cause, amount in self.invested.items())]
        found = _added(both)
        return [(cause, amount) for cause, amount in found.items() if amount]


@dataclass(frozen=True, slots=True)
class Since:
    totals: Movement
    rows: tuple[Movement, ...]


def since(snapshot: Snapshot, actor: Actor, *, now: datetime) -> Since:
    """What became of the figures until now, of the same initiatives; of a whole portfolio also those that joined it."""
    seen = initiatives_seen_by(actor).order_by("pk")
    joins = not snapshot.scope and not snapshot.filters
    initiatives = [i for i in seen if joins or i.slug in snapshot.initiatives]
    scope = next((i for i in initiatives if i.slug == snapshot.scope), None)
    totals, rows = statements_of(scope, initiatives, as_of=now, currency=snapshot.currency)
    today = {row.flows[0].initiative.slug: row for row in rows}
    kept, current = _kept(snapshot), _current(initiatives, now)
    told = [_movement(snapshot, row, today.get(row["slug"]), kept, current) for row in snapshot.statement["rows"]]
    joined = [row for slug, row in today.items() if slug not in snapshot.initiatives]
    return Since(_together(snapshot, totals, told, joined), tuple(told))


def _movement(
    snapshot: Snapshot,
    row: Mapping[str, Any],
    today: Statement | None,
    kept: Mapping[str, dict[Key, list[dict[str, Any]]]],
    current: Mapping[str, dict[Key, list[dict[str, Any]]]],
) -> Movement:
    figures = row["figures"]
    then = Sums(Decimal(figures["benefits"]["total"]), Decimal(figures["invested"]))
    about = row["slug"], row["name"], row["currency"], then
    if today is None:
        return Movement(*about, None, {LEFT: -then.benefit}, {LEFT: -then.invested})
    benefit = _benefit_causes(kept.get(row["slug"], {}), current.get(row["slug"], {}), snapshot.as_of)
    invested = _cost_causes(snapshot.costs[row["slug"]], today.flows[0].costs, _day(snapshot, today))
    return Movement(*about, Sums(today.benefits.total, today.invested), benefit, invested)


def _together(snapshot: Snapshot, today: Statement, told: Sequence[Movement], joined: Sequence[Statement]) -> Movement:
    """In the currency of the totals. What is in another one moves by its rates too, and is one cause of its own."""
    figures = snapshot.statement["totals"]["figures"]
    then = Sums(Decimal(figures["benefits"]["total"]), Decimal(figures["invested"]))
    now = Sums(today.benefits.total, today.invested)
    added = {flows.initiative.slug: Sums(flows.benefit, flows.invested) for flows in today.flows}
    benefit: list[tuple[str, Decimal]] = []
    invested: list[tuple[str, Decimal]] = []
    rows = {row["slug"]: row for row in snapshot.statement["rows"]}
    for movement in told:
        if movement.currency == snapshot.currency:
            benefit += movement.benefit.items()
            invested += movement.invested.items()
            continue
        was = rows[movement.slug]["in_totals"]
        before = Sums(Decimal(was["benefit"]), Decimal(was["invested"])) if was else Sums(NOTHING, NOTHING)
        after = added.get(movement.slug, Sums(NOTHING, NOTHING))
        benefit.append((ELSEWHERE, after.benefit - before.benefit))
        invested.append((ELSEWHERE, after.invested - before.invested))
    for statement in joined:
        sums = added.get(statement.flows[0].initiative.slug, Sums(NOTHING, NOTHING))
        benefit.append((JOINED, sums.benefit))
        invested.append((JOINED, sums.invested))
    return Movement("", "", today.currency, then, now, _added(benefit), _added(invested))


def _added(parts: Iterable[tuple[str, Decimal]]) -> Causes:
    found: Causes = defaultdict(Decimal)
    for cause, amount in parts:
        found[cause] += amount
    return dict(found)


# -- benefits -------------------------------------------------------------------------------------------------------


def _kept(snapshot: Snapshot) -> dict[str, dict[Key, list[dict[str, Any]]]]:
    """By slug and interval, the rows as they were."""
    slugs = {row["initiative_id"]: row["slug"] for row in snapshot.statement["rows"]}
    found: dict[str, dict[Key, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in snapshot.entries.values_list("row", flat=True).iterator(chunk_size=2000):
        start, end = (datetime.fromisoformat(row[name]) for name in ("interval_start", "interval_end"))
        found[slugs[row["initiative_id"]]][row["driver_id"], start, end].append(row)
    return found


def _current(initiatives: Sequence[Initiative], now: datetime) -> dict[str, dict[Key, list[dict[str, Any]]]]:
    rows = LedgerEntry.objects.filter(booked_by(now), initiative__in=initiatives).order_by("pk")
    found: dict[str, dict[Key, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows.values("initiative__slug", *READ).iterator(chunk_size=2000):
        key = row["driver_id"], row["interval_start"], row["interval_end"]
        found[row["initiative__slug"]][key].append(row)
    return found


def _benefit_causes(
    kept: Mapping[Key, list[dict[str, Any]]], current: Mapping[Key, list[dict[str, Any]]], as_of: datetime
) -> Causes:
    then_ids, now_ids = ({key[0] for key in rows} for rows in (kept, current))
    parts: list[tuple[str, Decimal]] = []
    for key in kept.keys() | current.keys():
        is_new, known = key[2] > as_of, key[0] in then_ids & now_ids
        parts += _of_interval(kept.get(key, []), current.get(key, []), is_new=is_new, known=known)
    return _added(parts)


def _of_interval(
    then: list[dict[str, Any]], now: list[dict[str, Any]], *, is_new: bool, known: bool
) -> Iterator[tuple[str, Decimal]]:
    """Why the sum of one interval's rows is another one; the parts add up to the difference."""
    if is_new and not then:
        yield EARNED, _sum(now)
        return
    before = {row["id"] for row in then}
    booked = [row for row in now if row["status"] == LedgerEntry.Status.ADJUSTMENT and row["id"] not in before]
    for row in booked:
        yield ", ".join(row["causes"]), row["amount"]
    rest = _sum(now) - _sum(then) - _sum(booked)
    standing = [row for row in now if row not in booked]
    if not rest:
        return
    if not then:
        yield (DATA if known else DRIVER), rest
    elif not standing:
        yield (CORRECTED if known else DRIVER), rest
    else:
        yield from _steps(then[-1], standing[-1], rest)


def _sum(rows: Iterable[Mapping[str, Any]]) -> Decimal:
    return sum((Decimal(str(row["amount"])) for row in rows), NOTHING)


def _steps(then: Mapping[str, Any], now: Mapping[str, Any], rest: Decimal) -> Iterator[tuple[str, Decimal]]:
    """From the entry as it was to the entry as it is: measured, compared with, priced; what is left was capped."""
    sign = sign_of(now["kpi__direction"])
    data = DATA if now["measurements"] > then["measurements"] else CORRECTED
    state, worth = dict(then), _worth(then, sign)
    for cause, names in ((data, ("actual", "volume")), (BASELINE, ("counterfactual",)), (ASSUMPTION, PRICED)):
        state |= {name: now[name] for name in names}
        after = _worth(state, sign)
        if after != worth:
            yield cause, after - worth
            rest -= after - worth
        worth = after
    if rest:
        yield OVERLAP, rest


def _worth(row: Mapping[str, Any], sign: int) -> Decimal:
    terms = Terms(sign, *(Decimal(row[name]) for name in PRICED))
    return amount_of(IntervalFacts(*(float(row[name]) for name in FACTS)), terms)


# -- costs ----------------------------------------------------------------------------------------------------------


def _day(snapshot: Snapshot, today: Statement) -> str:
    return today.calendar.local_date(snapshot.as_of - A_MOMENT).isoformat()


def _cost_causes(then: Sequence[Mapping[str, Any]], now: Sequence[CostLine], day: str) -> Causes:
    was = {(row["cost"], row["on"]): row for row in then}
    stands = {(line.entry_id, line.on.isoformat()): line for line in now}
    return _added(_of_payment(was.get(key), stands.get(key), key[1] > day) for key in was.keys() | stands.keys())


def _of_payment(was: Mapping[str, Any] | None, line: CostLine | None, is_new: bool) -> tuple[str, Decimal]:
    if was is None:
        assert line is not None  # noqa: S101 - one of the two is there
        return (PAID if is_new else COST_ADDED), line.amount
    before = Decimal(was["amount"])
    if line is None:
        return COST_GONE, -before
    paid = line.paid.amount if line.paid else line.amount
    return (RATE if paid == Decimal(was["paid"]) else COST_CHANGED), line.amount - before
