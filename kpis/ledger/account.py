"""What a period comes to, by initiative: what it freezes when it is closed, and what it says afterwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum

from kpis.definitions.models import Initiative
from kpis.definitions.sight import Actor, initiatives_seen_by
from kpis.ledger import periods
from kpis.ledger.costs import CostLine, cost_lines, in_currency
from kpis.ledger.exchange import known_rates
from kpis.ledger.models import CostEntry, LedgerEntry, Period, Trace, ValueDriver
from kpis.ledger.reading import ADJUSTED, corrections_of

NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Account:
    """One initiative in one period, in its currency; `cost` is positive.

    benefit : the entries whose interval ended in the period. adjusted : what was booked in it for earlier ones. freed :
    the part of both that is freed time, less what was traced in the period. captured : the rest of what is direct.
    """

    initiative: Initiative
    entries: int
    benefit: Decimal
    adjustments: int
    adjusted: Decimal
    freed: Decimal
    captured: Decimal
    cost: Decimal

    @property
    def net(self) -> Decimal:
        return self.benefit + self.adjusted - self.cost

    def as_json(self) -> dict[str, Any]:
        return {
            "currency": self.initiative.currency,
            "entries": self.entries,
            "benefit": f"{self.benefit:.2f}",
            "adjustments": self.adjustments,
            "adjusted": f"{self.adjusted:.2f}",
            "freed": f"{self.freed:.2f}",
            "captured": f"{self.captured:.2f}",
            "cost": f"{self.cost:.2f}",
        }


@dataclass(frozen=True, slots=True)
class Corrected:
    """What was booked in later periods for intervals of a closed one: how many adjustments, and their sum."""

    adjustments: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Total:
    """Accounts of one currency added up."""

    currency: str
    entries: int
    benefit: Decimal
    adjustments: int
    adjusted: Decimal
    cost: Decimal
    net: Decimal


def totals_of(accounts: Collection[Account]) -> list[Total]:
    """One for each currency: there are no dated exchange rates, and adding unlike money would be a lie."""
    found = []
    for currency in sorted({each.initiative.currency for each in accounts}):
        own = [each for each in accounts if each.initiative.currency == currency]
        sums = [sum((getattr(each, name) for each in own), NOTHING) for name in ("benefit", "adjusted", "cost", "net")]
        counts = sum(each.entries for each in own), sum(each.adjustments for each in own)
        found.append(Total(currency, counts[0], sums[0], counts[1], *sums[1:]))
    return found


def periods_seen_by(actor: Actor, *, now: datetime) -> list[Period]:
    """The periods of one's own books, then those of the sample company: of each where an initiative is in sight."""
    books = set(initiatives_seen_by(actor).values_list("is_sample", flat=True))
    return [period for is_sample in sorted(books) for period in periods.periods_of(is_sample=is_sample, now=now)]


def period_seen_by(actor: Actor, key: str) -> Period | None:
    """None where there is no such period, or no initiative of its books is in sight."""
    period = periods.period_named(key)
    if period is None or not initiatives_seen_by(actor).filter(is_sample=period.is_sample).exists():
        return None
    return period


def accounts_of(period: Period, initiatives: Collection[Initiative]) -> list[Account]:
    """Those of these initiatives that the period says anything about: as frozen if it is closed, else as of now."""
    if not period.is_closed:
        return accounts_now(period, initiatives)
    frozen = [
        (initiative, period.account[initiative.slug]) for initiative in initiatives if initiative.slug in period.account
    ]
    # A period that was closed before freed time was traced did not freeze it; nothing of it has been traced since.
    without = [initiative for initiative, stored in frozen if "captured" not in stored]
    since = {each.initiative.pk: each.as_json() for each in (accounts_now(period, without) if without else ())}
    return [_as_frozen(i, since.get(i.pk, nothing_of(i).as_json()) | stored) for i, stored in frozen]


def account_of(period: Period, initiative: Initiative) -> Account:
    """The account of one initiative, with zeros where the period says nothing about it."""
    return next(iter(accounts_of(period, [initiative])), nothing_of(initiative))


def nothing_of(initiative: Initiative) -> Account:
    return Account(initiative, 0, NOTHING, 0, *[NOTHING] * 4)


def accounts_now(period: Period, initiatives: Collection[Initiative]) -> list[Account]:
    """The same computed from entries and costs as they stand, whether the period is closed or not."""
    own = [initiative for initiative in initiatives if initiative.is_sample == period.is_sample]
    sums, traced, costs = _sums(period, own), _traced(period, own), _costs(period, own)
    return [
        _account(
            initiative, sums.get(initiative.pk), traced.get(initiative.pk, NOTHING), costs.get(initiative.pk, NOTHING)
        )
        for initiative in own
        if initiative.pk in sums or initiative.pk in traced or initiative.pk in costs
    ]


def _account(initiative: Initiative, sums: dict[str, Any] | None, traced: Decimal, cost: Decimal) -> Account:
    found: dict[str, Any] = sums or {"entries": 0, "corrections": 0} | dict.fromkeys(
        ("benefit", "adjusted", "direct", "freed"), NOTHING
    )
    freed = found["freed"] - traced
    return Account(
        initiative=initiative,
        entries=found["entries"],
        benefit=found["benefit"],
        adjustments=found["corrections"],
        adjusted=found["adjusted"],
        freed=freed,
        captured=found["direct"] - freed,
        cost=cost,
    )


def with_corrections(period: Period, initiatives: Collection[Initiative]) -> list[tuple[Account, Corrected]]:
    """What the period says of each initiative, and what later ones hold for it; where neither does, it is absent."""
    since, standing = _corrected_since(period, initiatives), {a.initiative: a for a in accounts_of(period, initiatives)}
    return [
        (standing.get(i, nothing_of(i)), since.get(i.slug, Corrected(0, NOTHING)))
        for i in initiatives
        if i in standing or i.slug in since
    ]


def _corrected_since(period: Period, initiatives: Collection[Initiative]) -> dict[str, Corrected]:
    """By the initiative's slug."""
    rows = (
        corrections_of(period, initiatives)
        .order_by()
        .values("initiative__slug")
        .annotate(number=Count("pk"), sum=Sum("amount"))
    )
    return {row["initiative__slug"]: Corrected(row["number"], row["sum"]) for row in rows}


def _booked_in(period: Period) -> Q:
    """Entries (and traces) whose interval ended in the period, and adjustments that were booked in it."""
    ended = ~ADJUSTED & Q(interval_end__gt=period.starts_at, interval_end__lte=period.ends_at)
    return ended | ADJUSTED & Q(computed_at__gt=period.starts_at, computed_at__lte=period.ends_at)


def _sums(period: Period, initiatives: list[Initiative]) -> dict[int, dict[str, Any]]:
    """By initiative: entries and their amount, adjustments and theirs, and what of both is direct, and freed time."""
    direct = Q(benefit_type=ValueDriver.BenefitType.DIRECT)
    rows = (
        LedgerEntry.objects.filter(_booked_in(period), initiative__in=initiatives)
        .order_by()
        .values("initiative_id")
        .annotate(
            entries=Count("pk", filter=~ADJUSTED),
            benefit=Sum("amount", filter=~ADJUSTED, default=NOTHING),
            corrections=Count("pk", filter=ADJUSTED),
            adjusted=Sum("amount", filter=ADJUSTED, default=NOTHING),
            direct=Sum("amount", filter=direct, default=NOTHING),
            freed=Sum("amount", filter=direct & Q(is_freed_time=True), default=NOTHING),
        )
    )
    return {row["initiative_id"]: dict(row) for row in rows}


def _traced(period: Period, initiatives: list[Initiative]) -> dict[int, Decimal]:
    """What follow-up KPIs showed of freed time, by initiative; those without anything are absent."""
    rows = Trace.objects.filter(_booked_in(period), initiative__in=initiatives).exclude(amount=0).order_by()
    return {row["initiative_id"]: row["sum"] for row in rows.values("initiative_id").annotate(sum=Sum("amount"))}


def _costs(period: Period, initiatives: list[Initiative]) -> dict[int, Decimal]:
    """Actual payments in the period, by initiative; those without any are absent."""
    found: dict[int, Decimal] = {}
    rates = known_rates()
    for initiative, lines in payments_in(period, initiatives):
        converted, _left = in_currency(lines, initiative.currency, rates)
        if converted:
            found[initiative.pk] = sum((line.amount for line in converted), NOTHING)
    return found


def payments_in(period: Period, initiatives: list[Initiative]) -> Iterable[tuple[Initiative, list[CostLine]]]:
    """Actual payments in the period of each initiative, in the currencies in which they were made."""
    entries = CostEntry.objects.filter(initiative__in=initiatives, kind=CostEntry.Kind.ACTUAL, on__lte=period.last)
    of_initiative: dict[int, list[CostEntry]] = defaultdict(list)
    for entry in entries:
        of_initiative[entry.initiative_id].append(entry)
    for initiative in initiatives:
        lines = cost_lines(of_initiative[initiative.pk], until=period.last)
        yield initiative, [line for line in lines if line.on >= period.first]


def _as_frozen(initiative: Initiative, stored: dict[str, Any]) -> Account:
    return Account(
        initiative=initiative,
        entries=stored["entries"],
        benefit=Decimal(stored["benefit"]),
        adjustments=stored["adjustments"],
        adjusted=Decimal(stored["adjusted"]),
        freed=Decimal(stored["freed"]),
        captured=Decimal(stored["captured"]),
        cost=Decimal(stored["cost"]),
    )
