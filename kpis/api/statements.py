"""A statement as JSON: the members of `roi/`, and of each row and the totals of `portfolio/`."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.http import HttpResponse

from kpis.roi.ranges import Ranges
from kpis.roi.statement import Statement
from kpis.roi.told import figures_of, money

__all__ = ["answered", "as_json", "money", "range_of"]


def answered(answer: Any) -> HttpResponse:
    """The answer as it leaves, encoded once."""
    return HttpResponse(msgspec.json.encode(answer), content_type="application/json")


def as_json(statement: Statement, zone: ZoneInfo) -> dict[str, Any]:
    """Money as decimal strings in `currency`, shares as numbers; what does not exist is null and named in `reasons`."""
    forecast = _forecast(statement)  # before `reasons` is read: it may add one
    return figures_of(statement) | {
        "currency": statement.currency,
        "as_of": statement.as_of.astimezone(zone),
        "invested_by_settlement": {name: money(amount) for name, amount in statement.by_settlement.items()},
        "settlement_shares": statement.settlement_shares,
        "net_without_declared": money(statement.net_without_declared),
        "range": range_of(statement.range),
        "provisional": statement.provisional,
        "verdict": statement.verdict,
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
