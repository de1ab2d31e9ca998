"""FOCUS, the FinOps foundation's form of cloud bills (1.0 to 1.2): many charges, added up to what an invoice says.

A line is one service on one invoice in one billing period; corrections of earlier periods stand apart (ChargeClass).
`BilledCost` is what is paid. The charges of an invoice are rounded to the cent once, so that its lines add up to the
payable amount. Source: FOCUS specification 1.2, columns BilledCost, InvoiceId, BillingPeriodEnd, ChargeClass.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from kpis.calculations.money import CENT, cents
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

NEEDED = ("BilledCost", "BillingCurrency", "BillingPeriodEnd", "ChargePeriodStart", "ServiceName")
DAY = timedelta(days=1)


class Bill(NamedTuple):
    """An invoice, or what has none yet of one issuer, in one billing period."""

    issuer: str
    invoice: str
    last: date  # of the billing period
    currency: str


class Part(NamedTuple):
    service: str
    is_correction: bool


class Charges:
    """What was added up to one line."""

    def __init__(self, row: int) -> None:
        self.row, self.amount, self.latest = row, Decimal(0), date.min


def is_focus(body: bytes) -> bool:
    return b"BilledCost" in body.partition(b"\n")[0]


def lines_from(body: bytes, *, today: date) -> list[BillLine]:
    """Refuses (BillUnreadable) with every row that cannot be read. Charges of nothing make no line."""
    bills: dict[Bill, dict[Part, Charges]] = defaultdict(dict)
    troubles = []
    for number, row in rows_of(body, NEEDED):
        try:
            bill, part = _place_of(row)
            charges = bills[bill].setdefault(part, Charges(number))
            charges.amount += amount_in(row, "BilledCost")
            charges.latest = max(charges.latest, day_in(row, "ChargePeriodStart"))
        except RowRefused as refused:
            troubles.append(Trouble(number, refused.code, refused.detail))
    if troubles:
        raise BillUnreadable(troubles)
    return [line for bill, parts in bills.items() for line in _lines(bill, parts, today)]


def _place_of(row: Row) -> tuple[Bill, Part]:
    issuer = text_in(row, "InvoiceIssuerName", at_most=60, default=(row.get("ProviderName") or "").strip() or "-")
    bill = Bill(
        issuer=issuer,
        invoice=text_in(row, "InvoiceId", at_most=60, default="-").removeprefix("-"),
        last=day_in(row, "BillingPeriodEnd") - DAY,  # the end is exclusive
        currency=currency_in(row, "BillingCurrency"),
    )
    return bill, Part(text_in(row, "ServiceName", at_most=60), (row.get("ChargeClass") or "").strip() == "Correction")


def _lines(bill: Bill, parts: dict[Part, Charges], today: date) -> list[BillLine]:
    """The parts of a bill to the cent: what rounding leaves over goes to the largest."""
    rounded = {part: cents(charges.amount) for part, charges in parts.items()}
    over = cents(sum((charges.amount for charges in parts.values()), Decimal(0))) - sum(rounded.values())
    largest = max(parts, key=lambda part: (abs(rounded[part]), part))
    rounded[largest] += over
    settlement = CostEntry.Settlement.INVOICED if bill.invoice else CostEntry.Settlement.ESTIMATED
    return [
        BillLine(
            reference=_reference(bill, part),
            name=part.service + (" (correction)" if part.is_correction else ""),
            cost_category=CostEntry.Category.INFRASTRUCTURE,
            amount=rounded[part],
            currency=bill.currency,
            on=bill.last if bill.last <= today else charges.latest,
            settlement=settlement,
            row=charges.row,
        )
        for part, charges in parts.items()
        if abs(rounded[part]) >= CENT
    ]


def _reference(bill: Bill, part: Part) -> str:
    kind = "correction" if part.is_correction else "charge"
    return "/".join(("focus", bill.issuer, bill.invoice or "no invoice", f"{bill.last:%Y-%m}", part.service, kind))
