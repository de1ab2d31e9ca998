"""The same hours claimed more than once: what counts of each claim on a pool.

    net_m   = Σ gains − Σ losses of one claimant in a calendar month m, in the pool's unit
    counted = share · claimed,  share = min(1, (room_m + losses_m) / gains_m)   so that the counted net is ≤ room_m

Claimants come in order of their evidence. `room_m` is what the pool still holds in the month when their turn comes; it
is nothing where a claimant before them, of another party, counts already and nobody said that theirs are other hours.
Losses always count in full: no cap makes a claim look better than it is.

On one process, of which a pool is the whole w, each effect takes its share e_j = net_j / w of what the others leave:
together 1 − Π(1 − e_j), of which each gets the part of ln(1 − e_j).
Source: docs/methods.md "Double counting".
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

WHOLE, NOTHING = Fraction(1), Fraction(0)
Parts = tuple[tuple[date, Fraction], ...]  # first day of a month, share of the interval that lies in it
Limits = Mapping[date, Fraction]  # by month, what may be claimed of the pool; months without a limit are absent
MOST = 1 - 1e-9  # an effect of all that there is would leave nothing to divide by
DECIMALS = 12  # of a part that is computed in floats, so that machines agree on its cents


class Rule(StrEnum):
    """How claims on one pool are brought together."""

    BEST_EVIDENCE = "best_evidence"  # the same hours: of several parties the best evidence counts, the rest nothing
    IN_ORDER = "in_order"  # different hours: added in order of evidence, up to the limit
    PRO_RATA = "pro_rata"  # different hours: added, and all cut by the same share where they exceed the limit
    ONE_PROCESS = "one_process"  # of the same process: each takes its share of what the others leave


@dataclass(frozen=True, slots=True)
class Claim:
    """One interval of a claimant: money to the cent, and the quantity of the pool that it draws on."""

    amount: Decimal
    quantity: Fraction  # negative for a loss
    parts: Parts  # shares add up to 1


@dataclass(frozen=True, slots=True)
class Claimant:
    """`party`: claims of one party are never taken for the same hours among themselves."""

    key: int
    party: int
    claims: Sequence[Claim]


@dataclass(slots=True)
class _Month:
    gains: Fraction = NOTHING
    losses: Fraction = NOTHING

    def share(self, room: Fraction | None) -> Fraction:
        if room is None or self.gains - self.losses <= room:
            return WHOLE
        return min(WHOLE, (room + self.losses) / self.gains) if self.gains else WHOLE

    def counted(self, share: Fraction) -> Fraction:
        return max(NOTHING, share * self.gains - self.losses)


def counted(
    claimants: Sequence[Claimant],
    *,
    rule: Rule,
    limits: Limits,
    apart: Collection[frozenset[int]] = (),
    wholes: Limits | None = None,
) -> dict[int, list[Decimal]]:
    """By key what counts of each claim, to the cent, downwards: a limit is not exceeded by half a cent either.

    claimants : the best evidence first. apart : pairs of keys whose claims somebody decided to be different hours.
    wholes : by month what the pool holds, for effects on one process; in a month without it the best evidence counts.
    """
    drawn = {claimant.key: _by_month(claimant.claims) for claimant in claimants}
    if rule is Rule.PRO_RATA:
        shares = _pro_rata(drawn, limits)
    else:
        shares = _in_order(claimants, drawn, limits, frozenset(apart), add=rule is Rule.IN_ORDER)
    if rule is Rule.ONE_PROCESS:
        for month, whole in (wholes or {}).items():
            _share_one_process(shares, month, whole, limits.get(month, whole), drawn)
    return {c.key: [_counts(claim, shares[c.key]) for claim in c.claims] for c in claimants}


def _by_month(claims: Iterable[Claim]) -> dict[date, _Month]:
    found: dict[date, _Month] = defaultdict(_Month)
    for claim in claims:
        for month, part in claim.parts:
            if claim.quantity > 0:
                found[month].gains += claim.quantity * part
            else:
                found[month].losses -= claim.quantity * part
    return found


def _in_order(
    claimants: Sequence[Claimant],
    drawn: Mapping[int, Mapping[date, _Month]],
    limits: Limits,
    apart: frozenset[frozenset[int]],
    *,
    add: bool,
) -> dict[int, dict[date, Fraction]]:
    left = dict(limits)
    counting: dict[date, list[Claimant]] = defaultdict(list)
    shares: dict[int, dict[date, Fraction]] = {}
    for claimant in claimants:
        shares[claimant.key] = {}
        for month, own in drawn[claimant.key].items():
            is_held = not add and any(
                before.party != claimant.party and frozenset((before.key, claimant.key)) not in apart
                for before in counting[month]
            )
            share = own.share(NOTHING if is_held else left.get(month))
            shares[claimant.key][month] = share
            taken = own.counted(share)
            if taken:
                counting[month].append(claimant)
            if month in left:
                left[month] = max(NOTHING, left[month] - taken)
    return shares


def _pro_rata(drawn: Mapping[int, Mapping[date, _Month]], limits: Limits) -> dict[int, dict[date, Fraction]]:
    together: dict[date, _Month] = defaultdict(_Month)
    for months in drawn.values():
        for month, own in months.items():
            together[month].gains += own.gains
            together[month].losses += own.losses
    share = {month: all_of_it.share(limits.get(month)) for month, all_of_it in together.items()}
    return {key: {month: share[month] for month in months} for key, months in drawn.items()}


def _share_one_process(
    shares: Mapping[int, dict[date, Fraction]],
    month: date,
    whole: Fraction,
    limit: Fraction,
    drawn: Mapping[int, Mapping[date, _Month]],
) -> None:
    """Set the shares of one month."""
    net = {key: months[month].counted(WHOLE) for key, months in drawn.items() if month in months}
    gaining = {key: quantity for key, quantity in net.items() if quantity}
    for key in net.keys() - gaining.keys():
        shares[key][month] = WHOLE  # losses count, and what they eat up took nothing from others
    if len(gaining) <= 1 or not whole:
        rooms = dict.fromkeys(gaining, min(limit, whole))
    else:
        total, parts = sequential([min(float(quantity / whole), MOST) for quantity in gaining.values()])
        fits = min(1.0, float(limit / whole) / total)
        rooms = {key: whole * Fraction(round(part * fits, DECIMALS)) for key, part in zip(gaining, parts, strict=True)}
    for key, room in rooms.items():
        shares[key][month] = drawn[key][month].share(room)


def _counts(claim: Claim, shares: Mapping[date, Fraction]) -> Decimal:
    if claim.amount <= 0:
        return claim.amount
    share = sum((part * shares[month] for month, part in claim.parts), NOTHING)
    if share >= WHOLE:
        return claim.amount
    return Decimal(math.floor(Fraction(claim.amount) * share * 100)).scaleb(-2)


def sequential(effects: Sequence[float]) -> tuple[float, list[float]]:
    """Several effects on one process, each a share of what the others leave: total, and what of it is due to each.

    total = 1 − Π(1 − e_j), split pro rata to ln(1 − e_j): the order of the effects does not matter. Refuses
    (ValueError) an effect of 1 or more: after it nothing is left that another could save.
    """
    if any(effect >= 1 for effect in effects):
        raise ValueError("An effect of 100 % leaves nothing for another.")
    logs = [math.log1p(-effect) for effect in effects]
    whole = math.fsum(logs)
    total = -math.expm1(whole)
    if not whole:
        return total, [0.0] * len(logs)
    return total, [total * log / whole for log in logs]
