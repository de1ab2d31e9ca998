"""All ways to say the ROI, as JSON: the member `variants` of `roi/` and of the portfolio's totals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kpis.api.statements import money
from kpis.calculations.answer import Answer
from kpis.roi.horizon import Scenario
from kpis.roi.three_years import ThreeYears
from kpis.roi.variants import Narrower, Variants


def told(variants: Variants) -> dict[str, Any]:
    """Shares as numbers, money as decimal strings; what does not exist is null and named in its own `reasons`."""
    against = variants.against_plan
    found = {
        "return_multiple": variants.return_multiple.value,
        "annualised": variants.annualised.value,
        "days": variants.days,
        "run_rate": variants.run_rate.roi.value,
        "run_rate_months": variants.run_rate.months,
        "run_rate_left_out": money(variants.run_rate.left_out),
        "direct": _narrower(variants.direct),
        "traced": _narrower(variants.traced),
        "planned_roi": against.planned_roi.value if against else None,
        "against_plan": against.points.value if against else None,
        "compared_until": against.until if against else None,
        "scenarios": [_scenario(scenario) for scenario in variants.scenarios],
        "three_years": _three_years(variants.three_years),
        "irrs": variants.irrs,
        "mirr": variants.mirr.value,
        "reasons": variants.reasons,
    }
    return {"variants": found}


def _narrower(part: Narrower) -> dict[str, Any]:
    return {"benefit": money(part.benefit), "net": money(part.net), "roi": part.roi.value}


def _scenario(scenario: Scenario) -> dict[str, Any]:
    return {
        "scenario": scenario.name,
        "until": scenario.until,
        "benefit": money(scenario.benefit),
        "cost": money(scenario.cost),
        "net": money(scenario.net),
        "roi": scenario.roi.value,
    }


def _three_years(found: ThreeYears | None) -> dict[str, Any] | None:
    if found is None:
        return None
    impact = found.impact
    return {
        "convention": "year_end",
        "discount_rate": found.rate,
        "risk_adjustment": 0,
        "forecast_from": found.measured_until if found.is_forecast else None,
        "years": [
            {"year": y.number, "benefit": money(y.benefit), "cost": money(y.cost), "is_over": y.is_over}
            for y in found.years
        ],
        "present_benefit": _money(impact.benefits),
        "present_cost": _money(impact.costs),
        "npv": _money(impact.npv),
        "roi": impact.roi.value,
        "payback_months": None if impact.payback_years.value is None else impact.payback_years.value * 12,
    }


def _money(answer: Answer) -> str | None:
    return None if answer.value is None else money(Decimal(repr(answer.value)))
