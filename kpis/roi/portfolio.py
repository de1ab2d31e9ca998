"""All initiatives that a person sees, added up: never the mean of their ROIs, and with jointly drawn ranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.ledger.exchange import Rates, known_rates
from kpis.ledger.overlap import Overlap, overlaps_among
from kpis.roi.currency import NoRate, flows_in
from kpis.roi.flows import Flows, flows_of
from kpis.roi.statement import Statement, statement_of


@dataclass(frozen=True, slots=True)
class Portfolio:
    """`totals` in the reporting currency, `rows` one statement an initiative in its own, in the order given."""

    totals: Statement
    rows: tuple[Statement, ...]
    overlaps: tuple[Overlap, ...]

    @property
    def not_counted(self) -> Decimal:
        """What is claimed of the same hours or money and adds nothing, in the reporting currency."""
        claims = [claim for overlap in self.overlaps for claim in overlap.others]
        return sum((c.not_counted for c in claims if c.currency == self.totals.currency), Decimal(0))


def portfolio_statement(
    initiatives: Sequence[Initiative], *, as_of: datetime, currency: str | None = None
) -> Portfolio:
    """Initiatives in another currency are added by dated rates; without one they are named, not added.

    currency : of the totals; the organisation's where none is given.
    """
    return portfolio_of(flows_of(initiatives, as_of=as_of), as_of=as_of, currency=currency)


def portfolio_of(flows: Sequence[Flows], *, as_of: datetime, currency: str | None = None) -> Portfolio:
    """The same of given flows."""
    currency, calendar = currency or organisation.current().reporting_currency, organisation.calendar()
    added, missing = in_one_currency(flows, currency, today=calendar.local_date(as_of))
    totals = statement_of(added, initiative=None, currency=currency, as_of=as_of, calendar=calendar)
    totals.reasons.update(missing)
    rows = tuple(
        statement_of([f], initiative=f.initiative, currency=f.initiative.currency, as_of=as_of, calendar=calendar)
        for f in flows
    )
    return Portfolio(totals, rows, tuple(overlaps_among([f.initiative for f in flows])))


def in_one_currency(flows: Sequence[Flows], currency: str, *, today: date) -> tuple[list[Flows], dict[str, str]]:
    """What can be added up, and by its key the reason why the rest cannot."""
    added: list[Flows] = []
    missing: dict[str, str] = {}
    rates = known_rates() if any(f.currency != currency for f in flows) else Rates([])
    for f in flows:
        try:
            added.append(flows_in(f, currency, rates, today=today))
        except NoRate as none:
            missing[f"totals.{f.initiative.slug}"] = (
                f"“{f.initiative.name}” in {f.currency} is not in the sum: no exchange rate holds on {none.on}."
            )
    return added, missing
