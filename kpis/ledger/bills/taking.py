"""Taking a bill in: lines to costs of one initiative, all of them or none; the same file twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from kpis.definitions import organisation
from kpis.definitions.changing import Actor, ChangeRefused
from kpis.definitions.models import Initiative
from kpis.ledger import periods, spending
from kpis.ledger.bills import focus, table
from kpis.ledger.bills.lines import BillLine, BillUnreadable, Trouble
from kpis.ledger.models import CostEntry

BILLED = ("name", "cost_category", "amount", "currency", "on", "settlement")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the lines, and what they come to by currency."""

    created: int
    changed: int
    unchanged: int
    totals: dict[str, Decimal]


def take_in(body: bytes, initiative: Initiative, *, dry_run: bool = False, by: Actor, at: datetime) -> Taken:
    """Read a FOCUS file or a plain table and bring the initiative's costs in line with it.

    Refuses (BillUnreadable) the file as a whole, with each row that is to blame: what cannot be read, and lines of
    closed periods that would be new or others. dry_run : just that, and nothing is stored.
    """
    if focus.is_focus(body):
        lines = focus.lines_from(body, today=organisation.calendar().local_date(at))
    else:
        lines = table.lines_from(body, currency=initiative.currency)
    with transaction.atomic():
        periods.hold_books()
        taken = _taken(lines, initiative, by, at)
        if dry_run:
            transaction.set_rollback(True)
    return taken


def _taken(lines: Iterable[BillLine], initiative: Initiative, by: Actor, at: datetime) -> Taken:
    known = {cost.reference: cost for cost in CostEntry.objects.filter(initiative=initiative).exclude(reference="")}
    became = dict.fromkeys(("created", "changed", "unchanged"), 0)
    totals: dict[str, Decimal] = {}
    troubles = []
    for line in lines:
        try:
            with transaction.atomic():
                became[_entered(line, known.get(line.reference), initiative, by, at)] += 1
        except ChangeRefused as refused:
            troubles.append(Trouble(line.row, refused.code, refused.detail))
        totals[line.currency] = totals.get(line.currency, Decimal(0)) + line.amount
    if troubles:
        raise BillUnreadable(troubles)
    return Taken(**became, totals=totals)


def _entered(line: BillLine, cost: CostEntry | None, initiative: Initiative, by: Actor, at: datetime) -> str:
    said = {name: getattr(line, name) for name in BILLED}
    if cost is None:
        spending.create_cost(said | {"initiative": initiative, "reference": line.reference}, by=by, at=at)
        return "created"
    if cost.settlement == CostEntry.Settlement.RECONCILED and line.settlement == CostEntry.Settlement.INVOICED:
        del said["settlement"]  # somebody has held it against the payment; the bill does not take that back
    return "changed" if spending.change_cost(cost, said, by=by, at=at) else "unchanged"
