"""A statement in plain words and numbers, to be kept or sent: money as decimal strings, days in ISO form."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kpis.calculations.money import cents
from kpis.roi.ranges import Ranges
from kpis.roi.statement import Statement

BENEFITS = ("direct", "indirect", "total", "freed", "captured")


def figures_of(statement: Statement) -> dict[str, Any]:
    """What follows from entries and costs by arithmetic alone; None where it does not exist (`reasons` says why)."""
    benefits, returns = statement.benefits, statement.returns
    return {
        "invested": money(statement.invested),
        "invested_estimated": money(statement.estimated_costs),
        "benefits": {name: money(getattr(benefits, name)) for name in BENEFITS},
        "net": money(statement.net),
        "roi": statement.roi.value,
        "npv": None if returns.npv.value is None else money(cents(returns.npv.value)),
        "irr": returns.irr.value,
        "irr_status": returns.irr.status,
        "payback_on": returns.payback_on.isoformat() if returns.payback_on else None,
        "payback_months": returns.payback_months.value,
        "provisional_amount": money(statement.provisional_amount),
        "evidence": {grade: money(amount) for grade, amount in statement.evidence.items()},
    }


def range_of(found: Ranges | None) -> dict[str, Any] | None:
    """The 80 % range, from draws: what arithmetic alone does not give."""
    if found is None:
        return None
    return {
        "confidence": found.confidence,
        "benefit_low": money(found.benefit_low),
        "benefit_high": money(found.benefit_high),
        "net_low": money(found.net_low),
        "net_high": money(found.net_high),
        "roi_low": found.roi_low,
        "roi_high": found.roi_high,
    }


def money(amount: Decimal) -> str:
    """With two decimals, as the ledger has it."""
    return f"{amount:.2f}"
