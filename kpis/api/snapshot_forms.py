"""What `snapshots/` answers, as the published schema says it."""

from __future__ import annotations

from kpis.api.statement_forms import (
    COUNT,
    DAY,
    MONEY,
    REASONS,
    SHARE,
    TEXT,
    TIME,
    Form,
    closed,
    nullable,
    paged,
)

YES_NO: Form = {"type": "boolean"}
NAMES: Form = {"type": "array", "items": TEXT}
FIGURES = closed(
    {
        "invested": MONEY,
        "invested_estimated": MONEY,
        "benefits": closed(dict.fromkeys(("direct", "indirect", "total", "freed", "captured"), MONEY)),
        "net": MONEY,
        "roi": SHARE,
        "npv": nullable(MONEY),
        "irr": SHARE,
        "irr_status": TEXT,
        "payback_on": DAY,
        "payback_months": SHARE,
        "provisional_amount": MONEY,
        "evidence": closed(dict.fromkeys("ABCD", MONEY)),
    }
)
TOLD: Form = {
    "figures": FIGURES,
    "range": nullable({"type": "object"}),
    "verdict": TEXT,
    "reasons": REASONS,
}
ABOUT: Form = {
    "id": COUNT,
    "title": TEXT,
    "note": TEXT,
    "initiative": nullable(TEXT) | {"description": "Its slug; null: a portfolio."},
    "initiatives": NAMES,
    "filters": {"type": "object", "additionalProperties": TEXT},
    "as_of": TIME,
    "taken_at": TIME,
    "taken_by": nullable(TEXT),
    "sample": YES_NO | {"description": "Of the sample company alone."},
    "currency": TEXT,
    "net": MONEY,
    "digest": TEXT | {"description": "SHA-256 of all that is kept; the trail has it as snapshot.taken."},
}
ROW = closed(
    {
        "slug": TEXT,
        "name": TEXT,
        "business_unit": TEXT,
        "owner": TEXT,
        "phase": TEXT,
        "currency": TEXT,
        "is_sample": YES_NO,
        **TOLD,
        "in_totals": nullable(closed({"benefit": MONEY, "invested": MONEY})),
    }
)
SNAPSHOT = closed({**ABOUT, "totals": closed(TOLD), "results": {"type": "array", "items": ROW}, "as_taken": YES_NO})
SNAPSHOTS = paged(closed(ABOUT))
SUMS = closed({"benefit": MONEY, "invested": MONEY, "net": MONEY})
CAUSES: Form = {"type": "array", "items": closed({"causes": NAMES, "amount": MONEY})}
MOVEMENT: Form = {
    "currency": TEXT,
    "then": SUMS,
    "now": nullable(SUMS) | {"description": "Null: the initiative is gone."},
    "difference": MONEY | {"description": "Of the net."},
    "benefit": CAUSES | {"description": "Why the benefit differs; adds up to now less then."},
    "invested": CAUSES | {"description": "Why what was invested differs; adds up to now less then."},
}
DIFFERENCE = closed(
    {
        "as_of": TIME,
        "totals": closed(MOVEMENT),
        "results": {"type": "array", "items": closed({"initiative": TEXT, "name": TEXT, **MOVEMENT})},
    }
)
