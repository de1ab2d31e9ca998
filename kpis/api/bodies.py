"""JSON bodies, strictly: what PostgreSQL could not store or a double would change is refused before anyone sees it.

Numbers with a fraction are read as decimals, digit by digit. `NaN` and `Infinity` are not JSON. Of two members with
the same name the last one counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser

from kpis.api.refusal import Refusal

LARGEST_BODY = 1024 * 1024
DEEPEST = 20
LARGEST_EXPONENT = 300  # what no double holds is a mistake in a body like ours


class StrictJson(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw = stream.read(LARGEST_BODY + 1)
        if len(raw) > LARGEST_BODY:
            sentence = _("A definition's body has at most %(most)d bytes.") % {"most": LARGEST_BODY}
            raise Refusal(413, "body_too_large", sentence)
        return read_json(raw)


def read_json(raw: bytes) -> Any:
    """The value in `raw`. Refuses (Refusal 400) what is not UTF-8 or JSON, unstorable text, deep nesting."""
    try:
        found = json.loads(raw.decode("utf-8"), parse_float=_number, parse_int=_whole, parse_constant=_no_number)
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError as error:
        raise Refusal(400, "invalid_text", _("The body is not UTF-8.")) from error
    except ValueError as error:
        raise Refusal(400, "invalid_json", _("The body is not JSON: %(why)s.") % {"why": str(error)[:200]}) from error
    _look_through(found, "", 0)
    return found


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent that no number has
        raise _too_large() from None
    if number.adjusted() > LARGEST_EXPONENT:
        raise _too_large()
    return number


def _whole(text: str) -> int:
    if len(text) > LARGEST_EXPONENT:
        raise _too_large()
    return int(text)


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number in JSON")


def _too_large() -> Refusal:
    return Refusal(400, "invalid_number", _("A number in the body is too large."))


def _too_deep() -> Refusal:
    return Refusal(400, "invalid_json", _("The body is nested more than %(most)d levels deep.") % {"most": DEEPEST})


def _look_through(value: Any, attr: str, depth: int) -> None:
    """Every text must be storable: neither NUL nor one half of a surrogate pair."""
    if depth > DEEPEST:
        raise _too_deep()
    if isinstance(value, str):
        _refuse_unstorable(value, attr)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _refuse_unstorable(name, attr)
            _look_through(inner, f"{attr}.{name}" if attr else name, depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _look_through(inner, f"{attr}.{index}" if attr else str(index), depth + 1)


def _refuse_unstorable(text: str, attr: str) -> None:
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        sentence = _("A text holds a NUL or one half of a surrogate pair.")
        raise Refusal(400, "invalid_text", sentence, attr=attr or None)
