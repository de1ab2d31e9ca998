"""`from` and `to` of a request, and `label.NAME`: half-open spans of time, as dates or as instants."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from kpis.api.refusal import Refusal
from kpis.calculations.intervals import Calendar

EARLIEST = datetime(1989, 1, 1, tzinfo=UTC)  # every measurement is younger
LATEST = datetime(2999, 1, 1, tzinfo=UTC)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
LABEL = "label."
YES, NO = ("true", "1"), ("false", "0", "")
UNSTORABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

FROM = OpenApiParameter("from", str, description="First day (local midnight) or instant with an offset; inclusive.")
TO = OpenApiParameter("to", str, description="Day (local midnight) or instant with an offset; exclusive.")
LABELS = OpenApiParameter(
    "label.NAME", str, description="Only series with this value of the label NAME; may be given for several names."
)


def asked_span(request: Request, calendar: Calendar) -> tuple[datetime, datetime]:
    """`[from, to)`; a bound that is not given is open."""
    return _bound(request, "from", EARLIEST, calendar), _bound(request, "to", LATEST, calendar)


def _bound(request: Request, name: str, otherwise: datetime, calendar: Calendar) -> datetime:
    # An unescaped plus sign of an offset arrives as a space.
    text = request.query_params.get(name, "").replace(" ", "+")
    if not text:
        return otherwise
    try:
        bound = date.fromisoformat(text) if DAY.fullmatch(text) else datetime.fromisoformat(text)
    except ValueError:
        bound = None
    if bound is not None and not (isinstance(bound, datetime) and bound.tzinfo is None):
        return _instant_of(bound, calendar)
    sentence = _("A bound is a date like 2026-03-01 or a time with an offset like 2026-03-01T09:30:00+01:00.")
    raise Refusal(400, "invalid_time", sentence, attr=name)


def _instant_of(bound: date, calendar: Calendar) -> datetime:
    """Far years have no room for an offset; no measurement lies there."""
    if not EARLIEST.year < bound.year < LATEST.year:
        return EARLIEST if bound.year <= EARLIEST.year else LATEST
    return bound if isinstance(bound, datetime) else calendar.local_midnight(bound)


def asked_labels(request: Request) -> dict[str, str]:
    """The labels that each series must have, from `label.NAME=VALUE`."""
    found = {
        name.removeprefix(LABEL): str(value) for name, value in request.query_params.items() if name.startswith(LABEL)
    }
    for name, value in found.items():
        if UNSTORABLE.search(name + value):
            raise Refusal(400, "invalid_labels", _("No label has such a character."), attr=f"{LABEL}{name}"[:80])
    return found


def asked_flag(request: Request, name: str) -> bool:
    """A parameter that is true or false; false where it is not given."""
    value = request.query_params.get(name, "").lower()
    if value not in YES + NO:
        raise Refusal(400, "invalid_parameter", _("This parameter is true or false."), attr=name)
    return value in YES


def refuse_unknown(request: Request, known: Collection[str]) -> None:
    """A mistyped parameter must not answer with everything. Labels are always known."""
    for name in request.query_params:
        if name not in known and not name.startswith(LABEL):
            sentence = _("Known parameters are: %(names)s.") % {"names": ", ".join([*sorted(known), "label.NAME"])}
            raise Refusal(400, "unknown_parameter", sentence, attr=name[:80])
