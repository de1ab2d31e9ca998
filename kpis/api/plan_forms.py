"""What plan against actual looks like as JSON, as the published schema says it, with its examples."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from kpis.api.statement_forms import DAY, MONEY, REASONS, SHARE, TEXT, closed, nullable
from kpis.api.statements import money
from kpis.calculations.bridge import CAUSES, Bar
from kpis.planning.schedule import Promised
from kpis.roi.against_plan import AgainstPlan

NOT_BEFORE = gettext_lazy("The last month is not before the first one.")
ONLY_RECURRING = gettext_lazy("Only a recurring cost has a last day, on or after its first.")

SUMS = closed({"benefit": MONEY, "cost": MONEY, "net": MONEY, "roi": SHARE})
BAR = closed(
    {
        "cause": {"type": "string", "enum": list(CAUSES)},
        "amount": MONEY | {"description": "Above 0: more net than planned."},
        "parts": {
            "type": "array",
            "items": closed({"name": TEXT, "amount": MONEY}),
            "description": "By benefit, for `cost` by category; each rounded for itself.",
        },
    }
)
PLAN = closed(
    {
        "currency": TEXT,
        "business_case": {"type": ["integer", "null"], "description": "Its version."},
        "from": DAY,
        "until": DAY,
        "planned": nullable(SUMS),
        "actual": nullable(SUMS),
        "points": SHARE | {"description": "ROI − planned ROI: 0.05 are five points."},
        "bridge": {"type": "array", "items": BAR, "description": "Planned net + their sum = actual net."},
        "reasons": REASONS,
    }
)
CASE_SENT: dict[str, Any] = {
    "go_live_on": "2026-02-02",
    "ramp": [0.25, 0.5, 0.8, 0.9],
    "owner": "Dana Owner",
    "source": "Steering committee, 28 January 2026",
    "note": "",
    "benefits": [
        {"driver": 7, "volume_per_month": 40000, "effect": 2.5, "unit_value": 38.5, "realised": 0.65},
    ],
    "costs": [
        {"name": "Seats", "cost_category": "licence", "amount": "3000.00", "on": "2026-02-01", "recurrence": "monthly"},
    ],
}
CASE_EXAMPLE = CASE_SENT | {
    "version": 1,
    "currency": "EUR",
    "benefits": [
        {
            "driver": 7,
            "name": "Handling time saved",
            "unit": "min",
            "volume_per_month": 40000,
            "effect": 2.5,
            "effect_share": None,
            "reference": None,
            "unit_factor": 0.016666666666667,
            "unit_value": 38.5,
            "realised": 0.65,
            "from_month": 1,
            "to_month": None,
        }
    ],
    "costs": [
        {
            "name": "Seats",
            "cost_category": "licence",
            "amount": "3000.00",
            "on": "2026-02-01",
            "recurrence": "monthly",
            "until": None,
            "stated": "",
        }
    ],
    "author": "dana",
    "created_at": "2026-01-27T09:00:00Z",
    "approved_by": "carla",
    "approved_at": "2026-01-28T10:00:00Z",
    "self_approved": False,
}


def as_json(found: AgainstPlan | None, *, currency: str, reasons: dict[str, str]) -> dict[str, Any]:
    """Null members are named in `reasons`."""
    if found is None:
        missing = dict.fromkeys(("business_case", "from", "until", "planned", "actual", "points"))
        return {"currency": currency, **missing, "bridge": [], "reasons": reasons}
    if not found.points.exists:
        reasons = reasons | {"points": found.points.reason}
    names = {each.key: each.name for each in found.compared}
    return {
        "currency": currency,
        "business_case": found.case.version,
        "from": found.months[0],
        "until": found.until,
        "planned": _sums(found.planned) | {"roi": found.planned_roi.value},
        "actual": _sums(found.actual) | {"roi": found.actual_roi.value},
        "points": found.points.value,
        "bridge": [_bar(bar, names) for bar in found.bridge.bars],
        "reasons": reasons,
    }


def _sums(promised: Promised) -> dict[str, Any]:
    return {"benefit": money(promised.benefit), "cost": money(promised.cost), "net": money(promised.net)}


def _bar(bar: Bar, names: dict[str, str]) -> dict[str, Any]:
    parts = [{"name": names.get(part.name, part.name), "amount": money(part.amount)} for part in bar.parts]
    return {"cause": bar.cause, "amount": money(bar.amount), "parts": parts}
