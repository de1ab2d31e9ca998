"""`as_of` of a request: a date, to the end of that day in the organisation's zone, or an RFC 3339 time."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from kpis.api.refusal import Refusal
from kpis.api.spans import DAY, EARLIEST, LATEST
from kpis.definitions import organisation
from kpis.plumbing import clock

AS_OF = OpenApiParameter(
    "as_of", str, description="A date (to the end of that day) or a time with an offset. Default: now."
)


def asked_as_of(request: Request) -> datetime:
    """The instant as of which figures are asked for; now where none is given, and never later than now."""
    # An unescaped plus sign of an offset arrives as a space.
    text = request.query_params.get("as_of", "").replace(" ", "+")
    now = clock.now()
    if not text:
        return now
    try:
        asked = _end_of(date.fromisoformat(text)) if DAY.fullmatch(text) else datetime.fromisoformat(text)
    except ValueError:
        asked = None
    if asked is None or asked.tzinfo is None:
        sentence = _("`as_of` is a date like 2026-03-31 or a time with an offset like 2026-03-31T18:00:00+02:00.")
        raise Refusal(400, "invalid_time", sentence, attr="as_of")
    if not EARLIEST.year < asked.year < LATEST.year:
        return EARLIEST if asked.year <= EARLIEST.year else now
    return min(asked.astimezone(UTC), now)


def _end_of(day: date) -> datetime:
    if not EARLIEST.year < day.year < LATEST.year:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    return organisation.calendar().end_of_day(day)
