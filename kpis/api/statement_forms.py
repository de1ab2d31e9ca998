"""What the endpoints of results answer, as the published schema says it; the tests hold answers against it."""

from __future__ import annotations

from typing import Any

Form = dict[str, Any]

MONEY: Form = {"type": "string", "pattern": r"^-?\d+\.\d\d$"}
SHARE: Form = {"type": ["number", "null"]}
TEXT: Form = {"type": "string"}
DAY: Form = {"type": ["string", "null"], "format": "date"}
TIME: Form = {"type": "string", "format": "date-time"}
NUMBER: Form = {"type": "number"}
COUNT: Form = {"type": "integer", "minimum": 0}
REASONS: Form = {"type": "object", "additionalProperties": TEXT, "description": "Why a member is null, by its name."}


def closed(members: Form) -> Form:
    """An object with all of these members."""
    return {"type": "object", "properties": members, "required": list(members)}


def nullable(form: Form) -> Form:
    return {"oneOf": [form, {"type": "null"}]}


RANGE = closed(
    {
        "confidence": NUMBER,
        "roi_low": SHARE,
        "roi_high": SHARE,
        "net_low": MONEY,
        "net_high": MONEY,
        "expected_net": MONEY,
        "booked_is_off_centre": {"type": "boolean"},
    }
)
SWING = closed({"assumption": TEXT, "low": MONEY, "high": MONEY, "swing": MONEY, "flips_sign": {"type": "boolean"}})
FORECAST = closed({"scenario": TEXT, "until": {"type": "string", "format": "date"}, "net": MONEY, "low": MONEY,
                   "high": MONEY})  # fmt: skip
STATEMENT_MEMBERS: Form = {
    "currency": TEXT,
    "as_of": TIME,
    "invested": MONEY | {"description": "Actual costs only."},
    "invested_estimated": MONEY | {"description": "The part of it that no invoice has confirmed yet."},
    "benefits": closed(dict.fromkeys(("direct", "indirect", "total", "freed", "captured"), MONEY)),
    "net": MONEY,
    "net_without_declared": MONEY | {"description": "Without benefits of evidence grade D."},
    "roi": SHARE,
    "range": nullable(RANGE),
    "npv": {"type": ["string", "null"]},
    "irr": SHARE,
    "irr_status": TEXT,
    "payback_on": DAY,
    "payback_months": SHARE,
    "provisional": {"type": "boolean"},
    "provisional_amount": MONEY,
    "verdict": {
        "type": "string",
        "enum": [
            "pays",
            "loses",
            "costs_more",
            "cannot_be_proved",
            "too_early",
            "no_costs_yet",
        ],
    },
    "evidence": closed(dict.fromkeys("ABCD", MONEY)),
    "sensitivity": {"type": "array", "items": SWING},
    "forecast": nullable(FORECAST),
    "reasons": REASONS,
}
STATEMENT = closed(STATEMENT_MEMBERS)
PORTFOLIO = closed(
    {
        "totals": STATEMENT,
        "results": {"type": "array", "items": closed({"initiative": TEXT, "name": TEXT} | STATEMENT_MEMBERS)},
    }
)
ENTRY = closed(
    {
        "id": COUNT,
        "interval": closed({"start": TIME, "end": TIME}),
        "kpi": TEXT,
        "driver": closed({"id": COUNT, "name": TEXT}),
        "baseline": COUNT | {"description": "Its version."},
        "counterfactual": NUMBER,
        "actual": NUMBER,
        "volume": NUMBER,
        "unit_factor": TEXT,
        "unit_value": TEXT,
        "realisation": NUMBER,
        "attribution": NUMBER,
        "amount": MONEY,
        "low": nullable(MONEY),
        "high": nullable(MONEY),
        "currency": TEXT,
        "benefit_type": {"type": "string", "enum": ["direct", "indirect"]},
        "evidence_grade": TEXT,
        "method": TEXT,
        "status": {"type": "string", "enum": ["open", "closed", "adjustment"]},
        "provisional": {"type": "boolean"},
        "measurements": closed(
            {"count": COUNT, "url": {"type": "string", "format": "uri"}, "rows_gone": {"type": "boolean"}}
        ),
    }
)
LEDGER = closed(
    {
        "count": COUNT,
        "next": {"type": ["string", "null"], "format": "uri"},
        "previous": {"type": ["string", "null"], "format": "uri"},
        "results": {"type": "array", "items": ENTRY},
    }
)
