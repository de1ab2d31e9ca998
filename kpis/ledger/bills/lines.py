"""What a bill says, whatever its form: lines with an amount, a day and a name of their own, or why one is none."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

ROWS_AT_MOST = 50_000
LARGEST_AMOUNT = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a bill. `reference` is what it is known by: sent again, it is the same line."""

    reference: str
    name: str
    cost_category: str
    amount: Decimal
    currency: str
    on: date
    settlement: str
    row: int  # of the file, the head is 1; of several that were added up the first


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a row cannot be taken; `code` is stable."""

    row: int
    code: str
    detail: str


class BillUnreadable(Exception):
    """Nothing was taken; `troubles` says why, row by row."""

    def __init__(self, troubles: Sequence[Trouble]) -> None:
        super().__init__(troubles)
        self.troubles = tuple(troubles)


class RowRefused(ValueError):
    """A row that says not what it should."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


Row = Mapping[str, str]


def rows_of(body: bytes, needed: Sequence[str]) -> Iterator[tuple[int, Row]]:
    """The rows of a CSV by the names of its head, with their number. Refuses (BillUnreadable) what is no such file."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable("invalid_text", _("The file is not UTF-8.")) from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, restkey="")
    try:
        missing = [name for name in needed if name not in (reader.fieldnames or ())]
        if missing:
            sentence = _("The head, the first line, lacks the column %(name)s.")
            raise _unreadable("missing_column", sentence % {"name": missing[0]})
        for number, row in enumerate(reader, 2):
            if number > ROWS_AT_MOST + 1:
                sentence = _("A file has at most %(most)d rows; send several.")
                raise _unreadable("too_many_rows", sentence % {"most": ROWS_AT_MOST})
            if "" in row or None in row.values():
                raise _unreadable("invalid_row", _("The row has more or fewer cells than the head."), number)
            yield number, row
    except csv.Error as error:
        raise _unreadable("invalid_csv", _("The CSV cannot be read: %(why)s.") % {"why": error}) from error


def _unreadable(code: str, detail: str, row: int = 1) -> BillUnreadable:
    return BillUnreadable([Trouble(row, code, detail)])


def amount_in(row: Row, column: str) -> Decimal:
    """Digits with a point, not rounded. Refuses (RowRefused) anything else."""
    text = row[column].strip()
    try:
        amount = Decimal(text) if text.isascii() and "_" not in text else Decimal("nan")
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite() or abs(amount) >= LARGEST_AMOUNT:
        sentence = _("%(column)s is no amount: digits with a point, as 1250.00.")
        raise RowRefused("invalid_amount", sentence % {"column": column})
    return amount


def day_in(row: Row, column: str) -> date:
    """A date, or the date of an instant (UTC in FOCUS). Refuses (RowRefused) anything else."""
    text = row[column].strip()
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text).date()
    except ValueError as error:
        sentence = _("%(column)s is no day, as 2026-03-02.")
        raise RowRefused("invalid_day", sentence % {"column": column}) from error


def text_in(row: Row, column: str, *, at_most: int, default: str = "") -> str:
    """Printable text. Refuses (RowRefused) control characters, and an empty cell that has no default."""
    text = (row.get(column) or "").strip() or default
    if not text or not text.isprintable():
        sentence = _("%(column)s is empty or has characters that cannot be printed.")
        raise RowRefused("invalid_cell", sentence % {"column": column})
    return text[:at_most]


def currency_in(row: Row, column: str, default: str = "") -> str:
    text = (row.get(column) or "").strip() or default
    if not (len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()):
        raise RowRefused("invalid_currency", _("A currency is three capital letters, as EUR."))
    return text
