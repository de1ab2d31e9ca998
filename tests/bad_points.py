"""One table of bad points, rendered into every form in which points may be sent."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence

Point = Mapping[str, object]

LONG = "x" * 201
BAD = {  # the changes to a good point, the code
    "kpi missing": ({"kpi": ...}, "unknown_kpi"),
    "kpi null": ({"kpi": None}, "unknown_kpi"),
    "kpi number": ({"kpi": 5}, "unknown_kpi"),
    "kpi list": ({"kpi": ["support.time"]}, "unknown_kpi"),
    "kpi empty": ({"kpi": ""}, "unknown_kpi"),
    "kpi not there": ({"kpi": "support.tme"}, "unknown_kpi"),
    "kpi in capitals": ({"kpi": "Support.Time"}, "unknown_kpi"),
    "kpi with space": ({"kpi": "support.time "}, "unknown_kpi"),
    "kpi with newline": ({"kpi": "support.time\n"}, "unknown_kpi"),
    "kpi with NUL": ({"kpi": "support.time\x00"}, "unknown_kpi"),
    "kpi half a pair": ({"kpi": "support.\ud800"}, "unknown_kpi"),
    "kpi very long": ({"kpi": "support." + "x" * 100_000}, "unknown_kpi"),
    "kpi as SQL": ({"kpi": "'; drop table kpis_kpi; --"}, "unknown_kpi"),
    "at missing": ({"at": ...}, "invalid_time"),
    "at null": ({"at": None}, "invalid_time"),
    "at true": ({"at": True}, "invalid_time"),
    "at empty": ({"at": ""}, "invalid_time"),
    "at a word": ({"at": "yesterday"}, "invalid_time"),
    "at a date": ({"at": "2026-03-01"}, "invalid_time"),
    "at without offset": ({"at": "2026-03-01T09:30:00"}, "invalid_time"),
    "at 30th of February": ({"at": "2026-02-30T09:30:00Z"}, "invalid_time"),
    "at hour 24": ({"at": "2026-02-28T24:00:00Z"}, "invalid_time"),
    "at offset 25 h": ({"at": "2026-02-28T09:30:00+25:00"}, "invalid_time"),
    "at fraction": ({"at": 1772353800000.5}, "invalid_time"),
    "at number as text": ({"at": "1772353800000"}, "invalid_time"),
    "at before 1990": ({"at": "1989-12-31T23:59:59Z"}, "invalid_time"),
    "at epoch seconds": ({"at": 1772353800}, "invalid_time"),
    "at negative": ({"at": -1}, "invalid_time"),
    "at least whole number": ({"at": -(2**63)}, "invalid_time"),
    "at beyond 64 bits": ({"at": 2**80}, "invalid_time"),
    "at half a pair": ({"at": "\udc00"}, "invalid_time"),
    "at object": ({"at": {}}, "invalid_time"),
    "at in 11 minutes": ({"at": "2026-03-01T12:11:00Z"}, "time_in_future"),
    "at epoch microseconds": ({"at": 1772353800000000}, "time_in_future"),
    "at year 9999": ({"at": "9999-12-31T23:59:59Z"}, "time_in_future"),
    "value missing": ({"value": ...}, "invalid_value"),
    "value null": ({"value": None}, "invalid_value"),
    "value true": ({"value": True}, "invalid_value"),
    "value text": ({"value": "1"}, "invalid_value"),
    "value empty text": ({"value": ""}, "invalid_value"),
    "value NaN as text": ({"value": "NaN"}, "invalid_value"),
    "value list": ({"value": [1]}, "invalid_value"),
    "value object": ({"value": {"n": 1}}, "invalid_value"),
    "value too large": ({"value": 10**400}, "invalid_value"),
    "weight null": ({"weight": None}, "invalid_weight"),
    "weight false": ({"weight": False}, "invalid_weight"),
    "weight text": ({"weight": "1"}, "invalid_weight"),
    "weight negative": ({"weight": -0.5}, "invalid_weight"),
    "weight too large": ({"weight": 10**400}, "invalid_weight"),
    "id number": ({"id": 4711}, "invalid_id"),
    "id list": ({"id": ["a"]}, "invalid_id"),
    "id too long": ({"id": LONG}, "invalid_id"),
    "id with NUL": ({"id": "a\x00b"}, "invalid_id"),
    "id with newline": ({"id": "a\n"}, "invalid_id"),
    "id half a pair": ({"id": "\ud83d"}, "invalid_id"),
    "labels text": ({"labels": "variant=a"}, "invalid_labels"),
    "labels list": ({"labels": [["variant", "a"]]}, "invalid_labels"),
    "label number": ({"labels": {"variant": 1}}, "invalid_labels"),
    "label null": ({"labels": {"variant": None}}, "invalid_labels"),
    "label nested": ({"labels": {"variant": {"a": "b"}}}, "invalid_labels"),
    "label without name": ({"labels": {"": "a"}}, "invalid_labels"),
    "label name too long": ({"labels": {"x" * 65: "a"}}, "invalid_labels"),
    "label value too long": ({"labels": {"a": LONG}}, "invalid_labels"),
    "label with NUL": ({"labels": {"a": "\x00"}}, "invalid_labels"),
    "label name with escape": ({"labels": {"a\x1b": "b"}}, "invalid_labels"),
    "label half a pair": ({"labels": {"a": "\udfff"}}, "invalid_labels"),
    "17 labels": ({"labels": {f"l{n}": "x" for n in range(17)}}, "invalid_labels"),
    "at a moment of a spreadsheet": ({"at": "46082.4"}, "invalid_time"),
    "at in German": ({"at": "01.03.2026 09:30"}, "invalid_time"),
    "at without seconds": ({"at": "2026-03-01T09:30Z"}, "invalid_time"),
    "at with a space around": ({"at": " 2026-03-01T09:30:00Z"}, "invalid_time"),
    "at with exponent": ({"at": "1.7723538e12"}, "invalid_time"),
    "at in Arabic digits": (
        {"at": "\u0661\u0667\u0667\u0662\u0663\u0665\u0663\u0668\u0660\u0660\u0660\u0660\u0660"},
        "invalid_time",
    ),
    "at 20 digits": ({"at": "1" * 20}, "invalid_time"),
    "at a leap second": ({"at": "2026-02-28T23:59:60Z"}, "invalid_time"),
    "at with NUL": ({"at": "2026-03-01T09:30:00Z\x00"}, "invalid_time"),
    "value with decimal comma": ({"value": "1,5"}, "invalid_value"),
    "value with groups": ({"value": "1_000"}, "invalid_value"),
    "value in hex": ({"value": "0x10"}, "invalid_value"),
    "value with plus": ({"value": "+1"}, "invalid_value"),
    "value without leading digit": ({"value": ".5"}, "invalid_value"),
    "value without fraction": ({"value": "1."}, "invalid_value"),
    "value with leading zero": ({"value": "01"}, "invalid_value"),
    "value out of range as text": ({"value": "1e999"}, "invalid_value"),
    "value infinite as text": ({"value": "-Infinity"}, "invalid_value"),
    "value infinite as sign": ({"value": "\u221e"}, "invalid_value"),
    "value full width": ({"value": "\uff11"}, "invalid_value"),
    "value with unit": ({"value": "312 s"}, "invalid_value"),
    "value true as text": ({"value": "true"}, "invalid_value"),
    "value null as text": ({"value": "null"}, "invalid_value"),
    "value a bracket": ({"value": "1]"}, "invalid_value"),
    "value half a pair": ({"value": "\ud800"}, "invalid_value"),
    "value a space": ({"value": " "}, "invalid_value"),
    "weight with decimal comma": ({"weight": "0,5"}, "invalid_weight"),
    "weight NaN as text": ({"weight": "nan"}, "invalid_weight"),
    "weight out of range as text": ({"weight": "1e999"}, "invalid_weight"),
}


ATTR = {
    "unknown_kpi": "kpi",
    "invalid_time": "at",
    "time_in_future": "at",
    "invalid_value": "value",
    "invalid_weight": "weight",
    "invalid_id": "id",
    "invalid_labels": "labels",
}

# A cell of CSV has no type: these are good points there.
GOOD_IN_CSV = {
    "value text",
    "weight null",
    "weight text",
    "id number",
    "id list",
    "label number",
    "label null",
    "label nested",
    "at number as text",
}
# A column of CSV always has a name.
NOT_IN_CSV = {"label without name", "labels text", "labels list"}


def point(**changes: object) -> dict[str, object]:
    sent = {"kpi": "support.time", "at": "2026-03-01T09:30:00Z", "value": 1} | changes
    return {name: value for name, value in sent.items() if value is not ...}


def as_rows(points: Sequence[Point]) -> bytes:
    return json.dumps({"measurements": points}).encode()


def as_columnar(points: Sequence[Point]) -> bytes:
    """A series each: key and labels belong to the series, whatever else is missing is null."""
    return json.dumps({"series": [_as_series(one) for one in points]}).encode()


def _as_series(one: Point) -> dict[str, object]:
    series: dict[str, object] = {name: one[name] for name in ("kpi", "labels") if name in one}
    return (
        series
        | {"at": [one.get("at")], "value": [one.get("value")]}
        | {name: [one[name]] for name in ("weight", "id") if name in one}
    )


def as_ndjson(points: Sequence[Point]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in points)


def as_csv(points: Sequence[Point]) -> bytes:
    names = list(dict.fromkeys(name for one in points for name in _labels_of(one)))
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_MINIMAL)
    writer.writerow(["kpi", "at", "value", "weight", "id", *(f"label.{name}" for name in names)])
    for one in points:
        cells = [one.get(name) for name in ("kpi", "at", "value", "weight", "id")]
        writer.writerow([_cell(cell) for cell in cells + [_labels_of(one).get(name) for name in names]])
    return text.getvalue().encode("utf-8", "surrogatepass")


def _labels_of(one: Point) -> Mapping[str, object]:
    labels = one.get("labels")
    return labels if isinstance(labels, dict) else {}


def _cell(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


FORMS: dict[str, tuple[str, Callable[[Sequence[Point]], bytes]]] = {
    "rows": ("application/json", as_rows),
    "columnar": ("application/json", as_columnar),
    "ndjson": ("application/x-ndjson", as_ndjson),
    "csv": ("text/csv", as_csv),
}
KINDS = [(form, kind) for form in FORMS for kind in BAD if form != "csv" or kind not in GOOD_IN_CSV | NOT_IN_CSV]
