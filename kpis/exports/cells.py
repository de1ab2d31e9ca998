"""A value as it stands in a table that leaves the portal: numbers as numbers, and no text that a spreadsheet runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from django.utils.functional import Promise

# What a spreadsheet takes for the beginning of a formula, also in their wide forms.
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for the code page of its machine
ROWS_A_PIECE = 500

Cell = str | int | float | Decimal | date | datetime | Promise | None


def as_text(text: str) -> str:
    """A text that could be taken for a formula is marked as text, as spreadsheets do it themselves."""
    clean = text.replace("\x00", "")
    return f"'{clean}" if clean.lstrip(" ").startswith(BEGINS_A_FORMULA) else clean


def exact(number: float | Decimal) -> str:
    """All its digits, without an exponent; a float by its shortest exact text."""
    return f"{Decimal(repr(number)) if isinstance(number, float) else number:f}"


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """A CSV for programs and people alike, piece by piece: commas, points, instants in UTC, UTF-8 with its mark."""
    text = io.StringIO(BYTE_ORDER_MARK, newline="")
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    for number, row in enumerate(rows, start=1):
        writer.writerow([written(cell) for cell in row])
        if number % ROWS_A_PIECE == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def written(cell: Cell) -> str:
    """As it stands in a `table`; what does not exist is empty."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float | Decimal):
        return exact(cell)
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(cell, date):
        return cell.isoformat()
    return as_text(str(cell))
