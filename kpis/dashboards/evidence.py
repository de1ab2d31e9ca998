"""The evidence bar: how much of the benefit rests on which grade of evidence."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kpis.figures.evidence import evidence_bar, swatch
from kpis.roi.statement import Statement
from kpis.wording.amounts import money
from kpis.wording.verdicts import EVIDENCE

DESK, PHONE = 740, 328


@dataclass(frozen=True, slots=True)
class Grade:
    grade: str
    word: object
    amount: Decimal
    swatch: SafeString


@dataclass(frozen=True, slots=True)
class Evidence:
    """Drawn at two widths, with the grades that occur."""

    desk: SafeString
    phone: SafeString
    grades: tuple[Grade, ...]


def evidence_of(statement: Statement, *, desk: int = DESK) -> Evidence | None:
    """None where nothing is booked."""
    found = {grade: amount for grade, amount in statement.evidence.items() if amount}
    if not found:
        return None
    said = ", ".join(f"{grade} {money(amount, statement.currency)}" for grade, amount in found.items())
    summary = _("Benefit by grade of evidence: {grades}").format(grades=said)
    return Evidence(
        desk=_drawn(evidence_bar(found, width=desk, summary=summary)),
        phone=_drawn(evidence_bar(found, width=PHONE, summary=summary)),
        grades=tuple(
            Grade(grade, EVIDENCE[grade], amount, _drawn(swatch(grade, destroyed=amount < 0)))
            for grade, amount in found.items()
        ),
    )


def _drawn(svg: str) -> SafeString:
    return mark_safe(svg)  # noqa: S308 - the builders escape every text
