"""`as_of` of a request: a date means the end of that day in the organisation's zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from kpis.api.refusal import Refusal
from kpis.definitions import organisation
from kpis.plumbing import clock

DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
YEARS = range(1990, 2999)  # no measurement lies outside, and every zone has room at both ends

AS_OF = OpenApiParameter(
    "as_of",
    str,
    description="A date (to the end of that day in the organisation's zone) or an RFC 3339 time with an offset; "
    "now where it is not given, or lies ahead.",
)


def asked_as_of(request: Request) -> datetime:
    """The instant as of which figures are asked for, never later than now: of tomorrow nothing is known yet.

    Refuses (400, `invalid_time`) what is neither a date nor a time with an offset.
    """
    # An unescaped plus sign of an offset arrives as a space.
    text = request.query_params.get("as_of", "").replace(" ", "+")
    return instant_of(text) if text else clock.now()


def instant_of(text: str) -> datetime:
    """The same of a text that was given otherwise. Refusals as `asked_as_of`."""
    return min(_instant(text), clock.now())


def _instant(text: str) -> datetime:
    try:
        found = date.fromisoformat(text) if DAY.fullmatch(text) else datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or (isinstance(found, datetime) and found.tzinfo is None) or found.year not in YEARS:
        sentence = _("A date like 2026-03-31 or a time with an offset like 2026-03-31T18:00:00+02:00, from 1990 on.")
        raise Refusal(400, "invalid_time", sentence, attr="as_of")
    if isinstance(found, datetime):
        return found.astimezone(UTC)
    return organisation.calendar().end_of_day(found)
