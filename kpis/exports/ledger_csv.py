"""The ledger of one initiative as a file for a spreadsheet: every entry with all that its amount follows from.

The first rows say what it is, as of when and for whom it was made. Separator and decimal mark are those of the
reader's language, so that a spreadsheet of that language opens it as numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from kpis.definitions.models import Initiative
from kpis.exports.cells import BYTE_ORDER_MARK, as_text, exact
from kpis.ledger.models import LedgerEntry
from kpis.wording import marks
from kpis.wording.amounts import in_german
from kpis.wording.verdicts import CAUSES, ENTRY_STATUSES

HEAD: tuple[str | Promise, ...] = (
    gettext_lazy("Entry"),
    pgettext_lazy("of an interval", "Begin"),
    pgettext_lazy("of an interval", "End"),
    gettext_lazy("KPI"),
    gettext_lazy("Value driver"),
    gettext_lazy("Unit"),
    gettext_lazy("Without AI"),
    gettext_lazy("Actual"),
    gettext_lazy("Volume"),
    gettext_lazy("Unit factor"),
    gettext_lazy("Unit value"),
    gettext_lazy("Realisation"),
    gettext_lazy("Attribution"),
    gettext_lazy("Claimed"),
    gettext_lazy("Counted"),
    gettext_lazy("Amount"),
    gettext_lazy("Low (80 %)"),
    gettext_lazy("High (80 %)"),
    gettext_lazy("Currency"),
    gettext_lazy("Benefit type"),
    gettext_lazy("Grade"),
    gettext_lazy("Method"),
    gettext_lazy("Baseline version"),
    gettext_lazy("Its reconstructed intervals"),
    gettext_lazy("Measurements"),
    gettext_lazy("State"),
    gettext_lazy("Booked"),
    gettext_lazy("Corrects entry"),
    gettext_lazy("Why"),
)

Cell = str | int | float | Decimal | None


@dataclass(frozen=True, slots=True)
class File:
    """A file's name and its bytes."""

    name: str
    content: bytes


def ledger_file(initiative: Initiative, entries: Iterable[LedgerEntry], *, zone: str, by: str, as_of: datetime) -> File:
    """`entries` with KPI, driver and baseline loaded; `by`: who asked for it; times in `zone`."""
    place = ZoneInfo(zone)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if in_german() else ",", lineterminator="\r\n")
    for row in (*_about(initiative, place, by, as_of), (), HEAD, *(_row(entry, place) for entry in entries)):
        writer.writerow([_written(cell) for cell in row])
    day = as_of.astimezone(place).date().isoformat()
    name = f"ledger-{initiative.slug}-{day}.csv"
    return File(name, (BYTE_ORDER_MARK + text.getvalue()).encode())


def _about(initiative: Initiative, zone: ZoneInfo, by: str, as_of: datetime) -> Iterator[tuple[Cell, ...]]:
    yield gettext("Ledger"), initiative.name
    yield gettext("As of"), _time(as_of, zone)
    yield gettext("Made for"), by
    if initiative.is_sample:
        yield str(marks.SAMPLE.word), str(marks.SAMPLE.meaning)


def _row(entry: LedgerEntry, zone: ZoneInfo) -> tuple[Cell, ...]:
    return (
        entry.pk,
        _time(entry.interval_start, zone),
        _time(entry.interval_end, zone),
        entry.kpi.key,
        entry.driver.name,
        entry.kpi.unit,
        entry.counterfactual,
        entry.actual,
        entry.volume,
        entry.unit_factor.normalize(),
        entry.unit_value.normalize(),
        entry.realisation.normalize(),
        entry.attribution.normalize(),
        entry.claimed,
        entry.counted,
        entry.amount,
        entry.low,
        entry.high,
        entry.currency,
        gettext("direct") if entry.benefit_type == "direct" else gettext("indirect"),
        entry.evidence_grade,
        entry.method,
        entry.baseline.version,
        entry.baseline.reconstructed_intervals,
        entry.measurements,
        str(marks.PROVISIONAL.word if entry.provisional else ENTRY_STATUSES[entry.status]),
        _time(entry.booked_at, zone),
        entry.corrects_id,
        ", ".join(str(CAUSES[cause]) for cause in entry.causes),
    )


def _time(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds")


def _written(cell: Cell | Promise) -> str:
    """A number stays a number, minus included; a text that could be taken for a formula is marked as text."""
    if cell is None:
        return ""
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float | Decimal):
        digits = exact(cell)
        return digits.replace(".", ",") if in_german() else digits
    return as_text(str(cell))
