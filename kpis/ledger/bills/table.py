"""A plain table of costs: `reference,name,amount,on` and, where they are given, category, currency and settlement."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kpis.calculations.money import cents
from kpis.ledger.bills.lines import (
    BillLine,
    BillUnreadable,
    Row,
    RowRefused,
    Trouble,
    amount_in,
    currency_in,
    day_in,
    rows_of,
    text_in,
)
from kpis.ledger.models import CostEntry

NEEDED = ("reference", "name", "amount", "on")


def lines_from(body: bytes, *, currency: str) -> list[BillLine]:
    """One line a row. Refuses (BillUnreadable) with every row that is none, and two rows of one reference.

    currency : of rows that name none.
    """
    found, troubles = {}, []
    for number, row in rows_of(body, NEEDED):
        try:
            line = _line(number, row, currency)
            if line.reference in found:
                sentence = _("The reference “%(reference)s” stands twice in the file.")
                raise RowRefused("doubled_reference", sentence % {"reference": line.reference})
            found[line.reference] = line
        except RowRefused as refused:
            troubles.append(Trouble(number, refused.code, refused.detail))
    if troubles:
        raise BillUnreadable(troubles)
    return list(found.values())


def _line(number: int, row: Row, currency: str) -> BillLine:
    amount = amount_in(row, "amount")
    if cents(amount) != amount:
        raise RowRefused("invalid_amount", _("An amount has at most two decimals."))
    return BillLine(
        reference=text_in(row, "reference", at_most=200),
        name=text_in(row, "name", at_most=160),
        cost_category=_chosen(row, "cost_category", CostEntry.Category.OTHER, CostEntry.Category.values),
        amount=cents(amount),
        currency=currency_in(row, "currency", currency),
        on=day_in(row, "on"),
        settlement=_chosen(row, "settlement", CostEntry.Settlement.INVOICED, CostEntry.Settlement.values),
        row=number,
    )


def _chosen(row: Row, column: str, default: str, among: list[str]) -> str:
    text = (row.get(column) or "").strip() or default
    if text not in among:
        sentence = _("%(column)s is one of: %(names)s.")
        raise RowRefused("invalid_choice", sentence % {"column": column, "names": ", ".join(among)})
    return text
