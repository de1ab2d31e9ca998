"""What cannot be added up for want of an exchange rate: which currency into which, on which days, and for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.ledger.exchange import known_rates
from kpis.roi.currency import NoRate, flows_in
from kpis.roi.flows import flows_of


@dataclass(frozen=True, slots=True)
class Unconverted:
    """One pair of currencies without a rate that holds, for one initiative: `first` and `last` day that need one.

    payments : how many costs are left out; None: the initiative as a whole is not in the portfolio's sum.
    """

    initiative: Initiative
    currency: str
    into: str
    first: date
    last: date
    payments: int | None


def unconverted_of(initiatives: Sequence[Initiative], *, as_of: datetime) -> list[Unconverted]:
    """Costs first, in the order of the initiatives; then those that cannot be added to the portfolio."""
    calendar, reporting = organisation.calendar(), organisation.current().reporting_currency
    flows, rates = flows_of(initiatives, as_of=as_of), known_rates()
    found = []
    for f in flows:
        for currency in sorted({line.currency for line in f.left_out}):
            days = [line.on for line in f.left_out if line.currency == currency]
            found.append(Unconverted(f.initiative, currency, f.currency, min(days), max(days), len(days)))
    for f in flows:
        try:
            flows_in(f, reporting, rates, today=calendar.local_date(as_of))
        except NoRate as none:
            found.append(Unconverted(f.initiative, f.currency, reporting, none.on, none.on, None))
    return found
