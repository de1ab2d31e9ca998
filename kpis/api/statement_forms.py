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
    "invested_by_settlement": closed(dict.fromkeys(("estimated", "invoiced", "reconciled"), MONEY)),
    "settlement_shares": nullable(closed(dict.fromkeys(("estimated", "invoiced", "reconciled"), NUMBER)))
    | {"description": "How much of the actual costs is estimated, invoiced, or reconciled with what was paid."},
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
ENTRY = closed(
    {
        "id": COUNT,
        "interval": closed({"start": TIME, "end": TIME}),
        "kpi": TEXT,
        "driver": closed({"id": COUNT, "name": TEXT}),
        "baseline": COUNT | {"description": "Its version."},
        "baseline_reconstructed": {"type": "boolean", "description": "Its data arrived, in part, after go-live."},
        "counterfactual": NUMBER,
        "actual": NUMBER,
        "volume": NUMBER,
        "unit_factor": TEXT,
        "unit_value": TEXT,
        "realisation": NUMBER,
        "attribution": NUMBER,
        "claimed": MONEY | {"description": "What the driver claims for the interval."},
        "counted": MONEY | {"description": "What of the claim counts: less where others draw on the same pool."},
        "amount": MONEY,
        "low": nullable(MONEY),
        "high": nullable(MONEY),
        "currency": TEXT,
        "benefit_type": {"type": "string", "enum": ["direct", "indirect"]},
        "evidence_grade": TEXT,
        "method": TEXT,
        "status": {"type": "string", "enum": ["open", "closed", "adjustment"]},
        "booked_at": TIME | {"description": "Since when it counts: its interval's end, an adjustment's booking."},
        "corrects": nullable(closed({"entry": {"type": ["integer", "null"]}, "period": {"type": ["string", "null"]}}))
        | {
            "description": "An adjustment: the first row of the interval (null where it is this one), and the closed "
            "period in which the interval ended (null where it lies before the first)."
        },
        "causes": {
            "type": "array",
            "items": {
                "type": "string",
                "enum": ["late_data", "corrected_data", "assumption", "baseline", "driver"],
            },
        },
        "provisional": {"type": "boolean"},
        "expired_assumptions": {
            "type": "array",
            "items": TEXT,
            "description": "Names of assumptions that had run out by then; their last values still count.",
        },
        "measurements": closed(
            {"count": COUNT, "url": {"type": "string", "format": "uri"}, "rows_gone": {"type": "boolean"}}
        ),
    }
)


TRACE = closed(
    {
        "id": COUNT,
        "interval": closed({"start": TIME, "end": TIME}),
        "kpi": TEXT | {"description": "The follow-up KPI."},
        "driver": closed({"id": COUNT, "name": TEXT}),
        "basis": {
            "type": "string",
            "enum": ["baseline", "declared", "plain_difference"],
            "description": "`plain_difference`: too few intervals before go-live for a range, or no approved baseline.",
        },
        "baseline": {"type": ["integer", "null"], "description": "Its version; null without an approved one."},
        "intervals_before": COUNT | {"description": "Behind `counterfactual`."},
        "intervals_needed": COUNT | {"description": "For a range."},
        "counterfactual": NUMBER,
        "actual": NUMBER,
        "taken": NUMBER | {"description": "What drivers before this one have of the improvement, in the KPI's unit."},
        "unit_factor": TEXT,
        "unit_value": TEXT,
        "saved": MONEY | {"description": "Freed time that the driver booked in the interval."},
        "amount": MONEY,
        "currency": TEXT,
        "status": {"type": "string", "enum": ["open", "closed", "adjustment"]},
        "booked_at": TIME,
        "corrects": {"type": ["integer", "null"], "description": "An adjustment: the first row of the interval."},
        "causes": {
            "type": "array",
            "items": {
                "type": "string",
                "enum": [
                    "late_data",
                    "corrected_data",
                    "saving",
                    "assumption",
                    "baseline",
                    "driver",
                    "shared",
                ],
            },
        },
        "provisional": {"type": "boolean"},
        "measurements": closed({"count": COUNT, "url": {"type": "string", "format": "uri"}}),
        "reasons": REASONS,
    }
)


def paged(item: Form) -> Form:
    """A page of a list."""
    address: Form = {"type": ["string", "null"], "format": "uri"}
    return closed({"count": COUNT, "next": address, "previous": address, "results": {"type": "array", "items": item}})


LEDGER = paged(ENTRY)
TRACES = paged(TRACE)
CORRECTED = closed({"adjustments": COUNT, "amount": MONEY})
ACCOUNT_MEMBERS: Form = {
    "initiative": TEXT,
    "currency": TEXT,
    "entries": COUNT,
    "benefit": MONEY | {"description": "Of the entries whose interval ended in the period."},
    "adjustments": COUNT,
    "adjusted": MONEY | {"description": "Booked in this period for closed ones."},
    "freed": MONEY | {"description": "Of both: freed time, less what was traced in the period."},
    "captured": MONEY | {"description": "Of both: the rest of what is direct."},
    "cost": MONEY | {"description": "Actual payments."},
    "net": MONEY,
}
PERIOD_MEMBERS: Form = {
    "period": TEXT | {"examples": ["2026-09", "2026-07-to-2026-09", "sample-2026-09"]},
    "kind": {"type": "string", "enum": ["month", "quarter"]},
    "first": {"type": "string", "format": "date"},
    "last": {"type": "string", "format": "date"},
    "sample": {"type": "boolean"},
    "status": {"type": "string", "enum": ["closed", "open", "running"]},
    "closed_at": nullable(TIME),
    "closed_by": {"type": ["string", "null"]},
    "reason": TEXT | {"description": "Why it was closed although intervals hold no data."},
    "accounts": {"type": "array", "items": closed(ACCOUNT_MEMBERS)},
}
PERIODS = paged(closed(PERIOD_MEMBERS))
PERIOD = closed(
    PERIOD_MEMBERS
    | {
        "accounts": {
            "type": "array",
            "items": closed(
                ACCOUNT_MEMBERS
                | {"corrected_since": CORRECTED | {"description": "What later periods hold for this one."}}
            ),
        },
        "obstacles": {
            "type": "array",
            "items": closed({"code": TEXT, "detail": TEXT}),
            "description": "Why it cannot be closed yet; empty for a closed one.",
        },
    }
)
