"""What `assumptions/` answers, as the published schema says it; the tests hold answers against it."""

from __future__ import annotations

from kpis.api.statement_forms import COUNT, DAY, MONEY, RANGE, REASONS, SHARE, TEXT, Form, closed, nullable, paged

YES_NO: Form = {"type": "boolean"}
ASSUMED: Form = {"type": ["string", "number"], "description": "A share as a number, a price as a decimal string."}
AT: Form = {"type": ["string", "null"], "format": "date-time"}
VALUES: Form = {
    "low": ASSUMED,
    "likely": ASSUMED,
    "high": ASSUMED,
    "owner": TEXT,
    "source": TEXT,
    "valid_from": DAY,
    "valid_to": DAY,
    "review_on": DAY,
}
MARKS = closed(
    {
        "expired": YES_NO
        | {"description": "Its last day has passed and nothing follows; its last values still count."},
        "expires_in_days": {"type": ["integer", "null"]},
        "review_due": YES_NO,
        "no_owner": YES_NO,
        "no_source": YES_NO,
    }
)
MEMBERS: Form = {
    "id": COUNT,
    "name": TEXT,
    "kinds": {"type": "array", "items": {"type": "string", "enum": ["price", "realisation", "attribution"]}},
    "unit": TEXT | {"description": "`share`, or the currency of a price."},
    "priced_unit": {"type": ["string", "null"], "description": "What a price is for: h, {ticket}."},
    "version": COUNT,
    **VALUES,
    "drivers": {"type": "array", "items": closed({"id": COUNT, "name": TEXT, "initiative": TEXT})},
    "currency": TEXT,
    "booked": MONEY | {"description": "What the drivers that rest on it have booked so far."},
    "net_low": {"oneOf": [MONEY, {"type": "null"}], "description": "Net of what it serves at its low end."},
    "net_high": {"oneOf": [MONEY, {"type": "null"}]},
    "swing": MONEY,
    "flips_sign": YES_NO,
    "break_even": SHARE | {"description": "The value at which the net of what it serves is 0, in its own unit."},
    "marks": MARKS,
    "reasons": REASONS,
}
ASSUMPTIONS = paged(closed(MEMBERS))
VERSION = closed(
    {
        "version": COUNT,
        **VALUES,
        "author": {"type": ["string", "null"]},
        "at": AT | {"description": "Null: as it was first stated."},
        "reason": TEXT,
        "replaced_at": AT | {"description": "When a correction took its place."},
    }
)
ASSUMPTION = closed(MEMBERS | {"versions": {"type": "array", "items": VERSION}})
FIGURES = closed({"currency": TEXT, "net": MONEY, "roi": SHARE, "range": nullable(RANGE), "reasons": REASONS})
MONTH = closed(
    {
        "month": {"type": "string", "pattern": r"^\d{4}-\d\d$"},
        "status": {"type": "string", "enum": ["open", "closed"]},
        "intervals": COUNT,
        "amount": MONEY | {"description": "Of a closed month: what would be booked for it as adjustments, now."},
    }
)
MOVED = closed(
    {"initiative": TEXT, "before": FIGURES, "after": FIGURES, "months": {"type": "array", "items": MONTH}},
)
LOOKED_AT = closed(
    {
        "dry_run": YES_NO,
        "stamp": TEXT | {"description": "To be sent with the change: it is refused where something differs by then."},
        "changes_anything": YES_NO,
        "corrects": YES_NO | {"description": "True: in place of a version; false: a further one, from a day on."},
        "open_intervals": COUNT,
        "adjustments": COUNT,
        "initiatives": {"type": "array", "items": MOVED},
        "portfolio": closed({"before": FIGURES, "after": FIGURES}),
    }
)
CHANGED: Form = {"oneOf": [ASSUMPTION, LOOKED_AT]}
