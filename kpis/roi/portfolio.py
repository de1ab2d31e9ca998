"""All initiatives that a person sees, added up: never the mean of their ROIs, and with jointly drawn ranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.ledger.overlap import Overlap, overlaps_among
from kpis.roi.flows import flows_of
from kpis.roi.statement import Statement, statement_of


@dataclass(frozen=True, slots=True)
class Portfolio:
    """`totals` in the reporting currency, `rows` one statement an initiative in its own, in the order given."""

    totals: Statement
    rows: tuple[Statement, ...]
    overlaps: tuple[Overlap, ...]


def portfolio_statement(initiatives: Sequence[Initiative], *, as_of: datetime) -> Portfolio:
    """Initiatives in another currency than the reporting one are named, not added: no dated rate is known yet."""
    currency, calendar = organisation.current().reporting_currency, organisation.calendar()
    flows = flows_of(initiatives, as_of=as_of)
    same = [f for f in flows if f.initiative.currency == currency]
    totals = statement_of(same, initiative=None, currency=currency, as_of=as_of, calendar=calendar)
    for f in flows:
        if f.initiative.currency != currency:
            totals.reasons[f"totals.{f.initiative.slug}"] = (
                f"“{f.initiative.name}” in {f.initiative.currency} is not in the sum: no dated exchange rate is known."
            )
    rows = tuple(
        statement_of([f], initiative=f.initiative, currency=f.initiative.currency, as_of=as_of, calendar=calendar)
        for f in flows
    )
    return Portfolio(totals, rows, tuple(overlaps_among(initiatives)))
