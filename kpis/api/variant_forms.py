"""What `variants` looks like, as the published schema says it."""

from __future__ import annotations

from kpis.api.statement_forms import (
    COUNT,
    DAY,
    MONEY,
    NUMBER,
    REASONS,
    SHARE,
    STATEMENT_MEMBERS,
    TEXT,
    Form,
    closed,
    nullable,
)

DATE: Form = {"type": "string", "format": "date"}
NARROWER = closed({"benefit": MONEY, "net": MONEY, "roi": SHARE})
SCENARIO = closed(
    {
        "scenario": {"type": "string", "enum": ["as_measured", "low", "high", "plan"]},
        "until": DATE | {"description": "The end of the horizon, counted from go-live."},
        "benefit": MONEY | {"description": "To date and ahead."},
        "cost": MONEY,
        "net": MONEY,
        "roi": SHARE,
    }
)
YEAR = closed(
    {
        "year": COUNT | {"description": "0: everything before go-live, undiscounted."},
        "benefit": MONEY,
        "cost": MONEY,
        "is_over": {"type": "boolean", "description": "Otherwise its rest is carried on as measured."},
    }
)
THREE_YEARS = closed(
    {
        "convention": TEXT | {"description": "Discounted at the end of each year; `npv` outside of it: by day."},
        "discount_rate": NUMBER,
        "risk_adjustment": NUMBER | {"description": "0: the assumptions carry low and high already."},
        "forecast_from": DAY,
        "years": {"type": "array", "items": YEAR},
        "present_benefit": nullable(MONEY),
        "present_cost": nullable(MONEY),
        "npv": nullable(MONEY),
        "roi": SHARE,
        "payback_months": SHARE,
    }
)
VARIANTS = closed(
    {
        "return_multiple": SHARE | {"description": "What came back for 1 spent: `roi` + 1."},
        "annualised": SHARE | {"description": "(1 + `roi`)^(365/`days`) − 1; null under 90 days."},
        "days": COUNT,
        "run_rate": SHARE | {"description": "A year like the mean of `run_rate_months`, recurring costs only."},
        "run_rate_months": {"type": "array", "items": DATE},
        "run_rate_left_out": MONEY | {"description": "One-time costs of these months."},
        "direct": NARROWER | {"description": "Cash view: direct benefits only."},
        "traced": NARROWER | {"description": "Direct benefits without freed time that nothing has traced yet."},
        "planned_roi": SHARE | {"description": "Of the approved business case, to `compared_until`."},
        "against_plan": SHARE | {"description": "ROI − planned ROI over the same full months: 0.05 are five points."},
        "compared_until": DAY,
        "scenarios": {"type": "array", "items": SCENARIO, "description": "To the end of the horizon; never added up."},
        "three_years": nullable(THREE_YEARS),
        "irrs": {"type": "array", "items": NUMBER, "description": "All, where several fit."},
        "mirr": SHARE | {"description": "Offered where several internal rates fit; at the discount rate."},
        "reasons": REASONS,
    }
)
RETURN = closed(STATEMENT_MEMBERS | {"variants": VARIANTS})
PORTFOLIO = closed(
    {
        "totals": RETURN,
        "results": {"type": "array", "items": closed({"initiative": TEXT, "name": TEXT} | STATEMENT_MEMBERS)},
    }
)
