"""A statement as JSON: the members of `roi/`, and of each row and the totals of `portfolio/`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.http import HttpResponse

from kpis.roi.ranges import Ranges
from kpis.roi.statement import Statement


def answered(answer: Any) -> HttpResponse:
    """The answer as it leaves, encoded once."""
    return HttpResponse(msgspec.json.encode(answer), content_type="application/json")


def as_json(statement: Statement, zone: ZoneInfo) -> dict[str, Any]:
    """Money as decimal strings in `currency`, shares as numbers; what does not exist is null and named in `reasons`."""
    benefits, returns = statement.benefits, statement.returns
    forecast = _forecast(statement)  # before `reasons` is read: it may add one
    return {
        "currency": statement.currency,
        "as_of": statement.as_of.astimezone(zone),
        "invested": money(statement.invested),
        "invested_estimated": money(statement.estimated_costs),
        "invested_by_settlement": {name: money(amount) for name, amount in statement.by_settlement.items()},
        "settlement_shares": statement.settlement_shares,
        "benefits": {
            "direct": money(benefits.direct),
            "indirect": money(benefits.indirect),
            "total": money(benefits.total),
            "freed": money(benefits.freed),
            "captured": money(benefits.captured),
        },
        "net": money(statement.net),
        "net_without_declared": money(statement.net_without_declared),
        "roi": statement.roi.value,
        "range": range_of(statement.range),
        "npv": None if returns.npv.value is None else money(Decimal(repr(returns.npv.value))),
        "irr": returns.irr.value,
        "irr_status": returns.irr.status,
        "payback_on": returns.payback_on,
        "payback_months": returns.payback_months.value,
        "provisional": statement.provisional,
        "provisional_amount": money(statement.provisional_amount),
        "verdict": statement.verdict,
        "evidence": {grade: money(amount) for grade, amount in statement.evidence.items()},
        "sensitivity": [
            {
                "assumption": swing.name,
                "low": money(swing.low),
                "high": money(swing.high),
                "swing": money(swing.swing),
                "flips_sign": swing.flips_sign,
            }
            for swing in statement.sensitivity
        ],
        "forecast": forecast,
        "reasons": statement.reasons | _unsettled(statement),
    }


def _unsettled(statement: Statement) -> dict[str, str]:
    if statement.settlement_shares is not None:
        return {}
    return {"settlement_shares": "There are no costs yet."}


def money(amount: Decimal) -> str:
    """With two decimals, as the ledger has it."""
    return f"{amount:.2f}"


def range_of(found: Ranges | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "confidence": found.confidence,
        "roi_low": found.roi_low,
        "roi_high": found.roi_high,
        "net_low": money(found.net_low),
        "net_high": money(found.net_high),
        "expected_net": money(found.expected_net),
        "booked_is_off_centre": found.off_centre,
    }


def _forecast(statement: Statement) -> dict[str, Any] | None:
    forecast = statement.forecast
    if forecast is None:
        return None
    return {
        "scenario": forecast.scenario,
        "until": forecast.until,
        "net": money(forecast.net),
        "low": money(forecast.low),
        "high": money(forecast.high),
    }
