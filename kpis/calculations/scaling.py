"""From pilot to scale: how many use it month by month, what that brings and costs, and where the evidence ends.

    users      U_k = K/(1 + ((K − U₀)/U₀)·e^(−r·k)),   r so that 95 % of K are reached in the stated month
    benefit    b·(min(U, M) + kept·max(U − M, 0))      b measured a user and month, M the users that were measured
    cost       a user and month · a new user · a month · a started block of users · once

Nothing beyond M users was ever measured: `kept` is what somebody states about those who come later, and `evidence_ends`
names the first month with more. Source: docs/methods.md "Pilot to scale"; the curve is Verhulst's (1838).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Basis = Literal["user_month", "new_user", "month", "block_month", "once"]

PARTS: Final = ("licence", "infrastructure", "integration", "training", "support", "governance")
REACHED: Final = 0.95
LONGEST: Final = 120
MOST_USERS: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Rollout:
    """From `users_now` to `users_at_scale`, 95 % of them in `months_to_scale`, looked at for `months`.

    stated : users at the end of each month instead of the curve; the last one stays.
    """

    users_now: int
    users_at_scale: int
    months_to_scale: int
    months: int
    stated: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.users_now <= self.users_at_scale <= MOST_USERS:
            raise ValueError("users at scale are at least those of today, and there is one today")
        if not (1 <= self.months_to_scale <= LONGEST and 1 <= self.months <= LONGEST):
            raise ValueError("a roll-out takes between a month and ten years")
        if any(not 0 <= users <= MOST_USERS for users in self.stated):
            raise ValueError("stated users are not negative")


@dataclass(frozen=True, slots=True)
class CostStep:
    """`part` one of PARTS; `block`: users in one block, for `block_month`. Amounts in one currency, not negative."""

    part: str
    basis: Basis
    amount: float
    block: int = 1


@dataclass(frozen=True, slots=True)
class Ahead:
    """One month: users at its end; benefit at the low, likely and high end; cost; all in one currency."""

    month: int
    users: int
    benefit: tuple[float, float, float]
    cost: float
    is_measured: bool


@dataclass(frozen=True, slots=True)
class Projection:
    """`evidence_ends`: the first month beyond what was measured, None where there is none.

    pays_from : users from which a month brings what it costs, without one-time costs; None up to the scale.
    """

    months: tuple[Ahead, ...]
    evidence_ends: int | None
    pays_from: int | None
    missing: tuple[str, ...]

    @property
    def cost(self) -> float:
        return sum(month.cost for month in self.months)

    @property
    def benefit(self) -> tuple[float, float, float]:
        low, likely, high = zip(*(month.benefit for month in self.months), strict=True)
        return sum(low), sum(likely), sum(high)

    def cumulative_net(self) -> list[tuple[float, float, float]]:
        """At the end of each month, low, likely and high."""
        cost = np.cumsum([month.cost for month in self.months])
        rows = np.cumsum([month.benefit for month in self.months], axis=0) - cost[:, None]
        return [(low, likely, high) for low, likely, high in rows.tolist()]


def users_by_month(rollout: Rollout) -> NDArray[np.int64]:
    """Users at the end of each month; shape (months,)."""
    if rollout.stated:
        last = len(rollout.stated) - 1
        return np.array([rollout.stated[min(k, last)] for k in range(rollout.months)], np.int64)
    now, scale = float(rollout.users_now), float(rollout.users_at_scale)
    if now >= REACHED * scale:
        return np.full(rollout.months, rollout.users_at_scale, np.int64)
    odds = (scale - now) / now
    rate = np.log(odds * REACHED / (1 - REACHED)) / rollout.months_to_scale
    month = np.arange(1, rollout.months + 1)
    return np.rint(scale / (1 + odds * np.exp(-rate * month))).astype(np.int64)


def projection(
    per_user: tuple[float, float, float], rollout: Rollout, costs: Sequence[CostStep], *, kept: float, measured: int
) -> Projection:
    """What the roll-out brings and costs. per_user : low, likely, high benefit of a user and month, as measured.

    kept : share of it that users beyond the `measured` ones bring. Refuses (ValueError) an unknown part or basis, a
    share outside 0..1, numbers not finite, amounts below 0.
    """
    _refuse_nonsense(per_user, costs, kept)
    users = users_by_month(rollout)
    counted = _counted(users, kept, measured)
    spent = _spent(users, rollout.users_now, costs)
    months = tuple(
        Ahead(k + 1, int(users[k]), _times(per_user, counted[k]), float(spent[k]), bool(users[k] <= measured))
        for k in range(users.size)
    )
    beyond = np.flatnonzero(users > measured)
    return Projection(
        months=months,
        evidence_ends=int(beyond[0]) + 1 if beyond.size else None,
        pays_from=_pays_from(per_user[1], int(users.max()), costs, kept, measured),
        missing=tuple(part for part in PARTS if not any(step.part == part and step.amount for step in costs)),
    )


def _counted(users: NDArray[np.int64], kept: float, measured: int) -> Floats:
    counted: Floats = np.minimum(users, measured) + kept * np.maximum(users - measured, 0)
    return counted


def _times(per_user: tuple[float, float, float], users: float) -> tuple[float, float, float]:
    low, likely, high = (float(one * users) for one in per_user)
    return low, likely, high


def _spent(users: NDArray[np.int64], now: int, costs: Sequence[CostStep]) -> Floats:
    new = np.maximum(np.diff(users, prepend=now), 0)
    first = np.zeros(users.size)
    first[0] = 1.0
    spent = _running(users, costs)
    for step in costs:
        if step.basis == "new_user":
            spent += step.amount * new
        elif step.basis == "once":
            spent += step.amount * first
    return spent


def _running(users: NDArray[np.int64], costs: Sequence[CostStep]) -> Floats:
    """What a month with so many users costs."""
    spent = np.zeros(users.size)
    for step in costs:
        if step.basis == "user_month":
            spent += step.amount * users
        elif step.basis == "month":
            spent += step.amount
        elif step.basis == "block_month":
            spent += step.amount * np.ceil(users / step.block)
    return spent


def _pays_from(per_user: float, most: int, costs: Sequence[CostStep], kept: float, measured: int) -> int | None:
    """The smallest number of users from which on every larger one up to the most pays its month."""
    users = np.unique(np.linspace(1, max(most, 1), min(max(most, 1), 20_000)).astype(np.int64))
    short = np.flatnonzero(_counted(users, kept, measured) * per_user < _running(users, costs) - 1e-9)
    if not short.size:
        return int(users[0])
    return int(users[short[-1] + 1]) if short[-1] + 1 < users.size else None


def _refuse_nonsense(per_user: tuple[float, float, float], costs: Sequence[CostStep], kept: float) -> None:
    if not np.isfinite([*per_user, kept, *(step.amount for step in costs)]).all():
        raise ValueError("a projection is made of finite numbers")
    if not 0 <= kept <= 1:
        raise ValueError("what later users keep is a share between 0 and 1")
    for step in costs:
        if step.part not in PARTS or step.basis not in {"user_month", "new_user", "month", "block_month", "once"}:
            raise ValueError(f"unknown cost step: {step.part}, {step.basis}")
        if step.amount < 0 or step.block < 1:
            raise ValueError("a cost step is not negative and a block holds a user at least")
