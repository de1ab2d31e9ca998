"""What goes in and comes out of the measurement endpoints, as the published schema says it.

Written out, because these bodies meet no serializer; the tests hold answers against them.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from kpis.api.errors import MEDIA_TYPE

Form = dict[str, Any]

NUMBER: Form = {"type": "number"}
COUNT: Form = {"type": "integer", "minimum": 0}
TIME: Form = {"type": "string", "format": "date-time"}
AT: Form = {
    "description": "RFC 3339 with an offset, or epoch milliseconds; from 1990 on, at most 10 minutes ahead.",
    "oneOf": [TIME, {"type": "integer"}],
}
WEIGHT: Form = {"type": "number", "minimum": 0}
ID: Form = {
    "type": ["string", "null"],
    "maxLength": 200,
    "description": "The event's own identity, as a ticket number; without it the point is a sample of a gauge.",
}
LABELS: Form = {
    "type": ["object", "null"],
    "additionalProperties": {"type": "string", "maxLength": 200},
    "maxProperties": 16,
}
KEY: Form = {"type": "string", "description": "`{initiative}.{kpi}`"}


def _object(members: Form, required: list[str]) -> Form:
    return {"type": "object", "properties": members, "required": required}


def _array(items: Form) -> Form:
    return {"type": "array", "items": items}


POINT = _object(
    {"kpi": KEY, "at": AT, "value": NUMBER, "weight": WEIGHT | {"default": 1}, "id": ID, "labels": LABELS},
    ["kpi", "at", "value"],
)
SERIES = _object(
    {
        "kpi": KEY,
        "labels": LABELS,
        "at": _array(AT),
        "value": _array(NUMBER),
        "weight": _array(WEIGHT),
        "id": _array(ID),
    },
    ["kpi", "at", "value"],
) | {"description": "Arrays of equal length: the preferred form for many points."}
BODY: Form = {
    "oneOf": [
        _object({"measurements": _array(POINT)}, ["measurements"]),
        SERIES,
        _object({"series": _array(SERIES)}, ["series"]),
    ]
}

LINES: Form = {
    "type": "string",
    "description": "A point a line, as one of `measurements`. Blank lines do not count; a line that is no JSON is an "
    "`invalid_row`.",
}
CSV: Form = {
    "type": "string",
    "description": "UTF-8, commas, quotes as in RFC 4180. The head names the columns: `kpi`, `at`, `value`, "
    "and where wanted `weight`, `id` and `label.NAME`. Digits in `at` are epoch milliseconds. An empty cell says what "
    "leaving the member out says. A row with too few or too many cells is an `invalid_row`.",
}
REQUEST: Form = {"application/json": BODY, "application/x-ndjson": LINES, "text/csv": CSV}

REJECTED = _object(
    {
        "index": COUNT | {"description": "Place in the request from 0, through all series."},
        "code": {
            "type": "string",
            "enum": [
                "unknown_kpi",
                "invalid_value",
                "invalid_time",
                "time_in_future",
                "invalid_weight",
                "invalid_labels",
                "invalid_id",
                "invalid_row",
                "too_many_label_sets",
                "rows_gone",
            ],
        },
        "detail": {"type": "string"},
        "attr": {"type": ["string", "null"]},
    },
    ["index", "code", "detail", "attr"],
)
COUNTS: Form = {
    "received": COUNT,
    "accepted": COUNT | {"description": "New points."},
    "replaced": COUNT | {"description": "Were there with another value, or came twice in the request."},
    "unchanged": COUNT | {"description": "Were there already."},
    "rejected": _array(REJECTED),
    "withheld": COUNT | {"description": "Good points that `atomic` kept out; absent where there are none."},
}
RECEIPT = _object(COUNTS, ["received", "accepted", "replaced", "unchanged", "rejected"])
PROBLEM_RECEIPT = _object(
    {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": _array(
            _object(
                {"code": {"type": "string"}, "detail": {"type": "string"}, "attr": {"type": ["string", "null"]}},
                ["code", "detail", "attr"],
            )
        ),
        **COUNTS,
    },
    # The same status also answers an Idempotency-Key that was used for another body: that one has no counts.
    ["type", "title", "status", "detail", "errors"],
)
ANSWERS = {
    200: OpenApiResponse(RECEIPT, "Every point was stored."),
    207: OpenApiResponse(RECEIPT, "Some points were rejected; all others are stored."),
    (422, MEDIA_TYPE): OpenApiResponse(PROBLEM_RECEIPT, "No point was stored."),
}
OPTIONS = [
    OpenApiParameter("atomic", bool, description="All or nothing: one bad point and none is stored."),
    OpenApiParameter("dry_run", bool, description="Answer exactly what would happen, and store nothing."),
]
EXAMPLES = [
    OpenApiExample(
        "Rows",
        {
            "measurements": [
                {
                    "kpi": "support.handling-time",
                    "at": "2026-03-01T09:30:00+01:00",
                    "value": 312.4,
                    "weight": 1,
                    "id": "ticket-4711",
                    "labels": {"variant": "model-a"},
                }
            ]
        },
        request_only=True,
    ),
    OpenApiExample(
        "Arrays",
        {"kpi": "support.handling-time", "at": [1772353800000, 1772353860000], "value": [312.4, 298]},
        request_only=True,
    ),
    OpenApiExample(
        "Lines",
        '{"kpi": "support.handling-time", "at": "2026-03-01T09:30:00+01:00", "value": 312.4}\n'
        '{"kpi": "support.handling-time", "at": "2026-03-01T09:31:00+01:00", "value": 298}\n',
        request_only=True,
        media_type="application/x-ndjson",
    ),
    OpenApiExample(
        "Table",
        "kpi,at,value,id,label.variant\nsupport.handling-time,2026-03-01T09:30:00+01:00,312.4,ticket-4711,model-a\n",
        request_only=True,
        media_type="text/csv",
    ),
    OpenApiExample(
        "Stored",
        {"received": 2, "accepted": 2, "replaced": 0, "unchanged": 0, "rejected": []},
        response_only=True,
        status_codes=["200"],
    ),
]

ROW = _object(
    {
        "at": TIME,
        "value": NUMBER,
        "weight": NUMBER,
        "id": {"type": ["string", "null"]},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "source": {"type": ["string", "null"], "description": "Slug of the data source that brought it."},
        "token": {"type": ["string", "null"], "description": "Name of the token that brought it."},
        "arrived_at": {"type": ["string", "null"], "format": "date-time"},
    },
    ["at", "value", "weight", "id", "labels", "source", "token", "arrived_at"],
)
ROWS_GONE: Form = {
    "description": "Where the span reaches back to days whose measurements are not kept any more; else null.",
    "oneOf": [
        {"type": "null"},
        _object(
            {"before": TIME, "detail": {"type": "string"}, "removed": COUNT, "to_remove": COUNT},
            ["before", "detail", "removed", "to_remove"],
        ),
    ],
}
ROWS = {
    200: OpenApiResponse(
        _object(
            {
                "next": {"type": ["string", "null"]},
                "previous": {"type": "null"},
                "results": _array(ROW),
                "rows_gone": ROWS_GONE,
            },
            ["next", "previous", "results", "rows_gone"],
        ),
        "A page of measurements.",
    )
}
REMOVED = {
    200: OpenApiResponse(
        _object({"removed": COUNT, "dry_run": {"type": "boolean"}}, ["removed", "dry_run"]),
        "How many measurements went, or would go.",
    )
}
INTERVAL = _object(
    {
        "start": TIME,
        "end": TIME,
        "value": {"type": ["number", "null"]},
        "count": COUNT,
        "weight": NUMBER,
        "complete": {"type": "boolean"},
        "provisional": {"type": "boolean"},
        "state": {"type": "string", "enum": ["provisional", "incomplete", "complete"]},
        "rows_gone": {"type": "boolean", "description": "Measurements of it are not kept any more; the value stays."},
        "group": {"type": ["string", "null"], "description": "Value of the label in `group_by`; null: without it."},
    },
    ["start", "end", "value", "count", "weight", "complete", "provisional", "state", "rows_gone"],
)
GAP = _object(
    {"start": TIME, "end": TIME, "explanation": {"type": ["string", "null"], "description": "The outage, if known."}},
    ["start", "end", "explanation"],
)
INTERVALS = {
    200: OpenApiResponse(
        _object(
            {
                "kpi": KEY,
                "unit": {"type": "string"},
                "interval": {"type": "string"},
                "group_by": {"type": "string"},
                "results": _array(INTERVAL),
                "gaps": _array(GAP),
                "reasons": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            ["kpi", "unit", "interval", "results", "reasons"],
        ),
        "Interval values.",
    )
}
