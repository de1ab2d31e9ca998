"""Cost entries as dated lines: a recurring cost stands once for each of its dates."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from kpis.ledger.exchange import Rates
from kpis.ledger.models import CostEntry, ExchangeRate

MONTHS_BETWEEN = {
    CostEntry.Recurrence.MONTHLY: 1,
    CostEntry.Recurrence.QUARTERLY: 3,
    CostEntry.Recurrence.YEARLY: 12,
}


class Paid(NamedTuple):
    """An amount as it was paid, and the rate by which it was converted."""

    amount: Decimal
    currency: str
    rate: ExchangeRate


class CostLine(NamedTuple):
    """One payment of one cost entry, in the entry's currency; `paid`: what it was before it was converted."""

    entry_id: int
    on: date
    name: str
    cost_category: str
    amount: Decimal
    currency: str
    kind: str
    settlement: str
    recurring: bool
    paid: Paid | None = None


def cost_lines(entries: Iterable[CostEntry], *, until: date) -> list[CostLine]:
    """Every payment on or before `until`, by date."""
    lines = [_line(entry, on) for entry in entries for on in _dates(entry, until)]
    return sorted(lines, key=lambda line: (line.on, line.entry_id))


def in_currency(
    lines: Iterable[CostLine], currency: str, rates: Rates, *, at: date | None = None
) -> tuple[list[CostLine], list[CostLine]]:
    """The lines in `currency`, each by the rate of its day, and those for which no rate holds, as they are.

    at : the day whose rates are taken instead, for what is still to come.
    """
    converted, left = [], []
    for line in lines:
        if line.currency == currency:
            converted.append(line)
            continue
        found = rates.converted(line.amount, line.currency, currency, on=at or line.on)
        if found is None:
            left.append(line)
        else:
            paid = line.paid or Paid(line.amount, line.currency, found.rate)
            converted.append(line._replace(amount=found.amount, currency=currency, paid=paid))
    return converted, left


@lru_cache(maxsize=4_000)
def months_later(anchor: date, months: int) -> date:
    """The anchor's day in a later month, clipped to the month's end: 31 January + 1 month is 28 or 29 February."""
    years, month = divmod(anchor.month - 1 + months, 12)
    year = anchor.year + years
    return date(year, month + 1, min(anchor.day, calendar.monthrange(year, month + 1)[1]))


def _dates(entry: CostEntry, until: date) -> Iterator[date]:
    last = min(until, entry.until) if entry.until else until
    step = MONTHS_BETWEEN.get(CostEntry.Recurrence(entry.recurrence))
    if step is None:
        if entry.on <= last:
            yield entry.on
        return
    times = 0
    # Counted from the anchor each time, so that a 31st does not become a 28th for ever.
    while (on := months_later(entry.on, step * times)) <= last:
        yield on
        times += 1


def _line(entry: CostEntry, on: date) -> CostLine:
    return CostLine(
        entry_id=entry.pk,
        on=on,
        name=entry.name,
        cost_category=entry.cost_category,
        amount=entry.amount,
        currency=entry.currency,
        kind=entry.kind,
        settlement=entry.settlement,
        recurring=entry.recurrence != CostEntry.Recurrence.NONE,
    )
