"""What `pools/{id}/claims/` answers, as the published schema says it; the tests hold answers against it."""

from __future__ import annotations

from kpis.api.statement_forms import COUNT, MONEY, NUMBER, TEXT, TIME, Form, closed, nullable

DRIVER = closed({"id": COUNT, "name": TEXT, "initiative": TEXT})
SUMS: Form = {
    "claimed": MONEY,
    "counted": MONEY,
    "quantity_claimed": NUMBER | {"description": "In the pool's unit: hours, or money."},
    "quantity_counted": NUMBER,
}
LINE = closed({"driver": COUNT, **SUMS})
CLAIMANT = closed({"driver": DRIVER, "evidence_grade": {"type": ["string", "null"]}, "currency": TEXT, **SUMS})
MONTH = closed(
    {
        "month": {"type": "string", "pattern": r"^\d{4}-\d\d$"},
        "capacity": nullable(NUMBER),
        "limit": nullable(NUMBER | {"description": "What of the capacity may be claimed."}),
        "over_capacity": {"type": "boolean"},
        "lines": {"type": "array", "items": LINE},
    }
)
FINDING = closed(
    {
        "code": {"type": "string", "enum": ["same_hours", "over_capacity", "attribution_over_one"]},
        "detail": TEXT,
        "initiatives": {"type": "array", "items": TEXT},
        "drivers": {"type": "array", "items": COUNT},
        "amount": nullable(MONEY | {"description": "What is at stake."}),
        "currency": TEXT,
    }
)
APART = closed(
    {"first": COUNT, "second": COUNT, "reason": TEXT, "decided_by": {"type": ["string", "null"]}, "decided_at": TIME}
)
CLAIMS = closed(
    {
        "pool": COUNT,
        "slug": TEXT,
        "share": NUMBER | {"description": "How much of the capacity may be claimed."},
        "claims": {"type": "array", "items": CLAIMANT, "description": "In the order in which they count."},
        "months": {"type": "array", "items": MONTH, "description": "The newest first."},
        "apart": {"type": "array", "items": APART},
        "findings": {"type": "array", "items": FINDING},
        "others_not_in_sight": {"type": "boolean", "description": "Others draw on it too; they are in no figure."},
    }
)
