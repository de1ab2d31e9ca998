"""One row an initiative, with its drawn cells on scales that all rows share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kpis.dashboards.industry import Industry, not_chosen
from kpis.figures.evidence import evidence_bar
from kpis.figures.forest import Estimate, shared_span, whisker
from kpis.figures.sparkline import Spark, spark
from kpis.phases.history import RAIL
from kpis.roi import verdicts
from kpis.roi.lately import benefit_lately
from kpis.roi.portfolio import Portfolio
from kpis.roi.statement import Statement
from kpis.wording.amounts import money
from kpis.wording.uncertainty import between_money
from kpis.wording.verdicts import MONEY, Verdict

EVIDENCE_WIDTH, EVIDENCE_HEIGHT = 64, 9
WHISKER = (148, 34)


@dataclass(frozen=True, slots=True)
class Row:
    """`steps` marks the phases that were reached; `grade` is the strongest grade that brought money and its share."""

    statement: Statement
    steps: tuple[bool, ...]
    verdict: Verdict
    whisker: SafeString
    spark: SafeString
    evidence: SafeString
    grade: str
    grade_share: float | None
    waits: bool  # nothing is booked: the row says what is missing instead of figures
    industry: Industry | None = None


def rows_of(portfolio: Portfolio, industries: Mapping[int, Industry] | None = None) -> list[Row]:
    """In the order of the portfolio; whiskers share one span. `industries` by initiative id."""
    span, found = _span(portfolio), industries or {}
    return [_row(statement, span, found) for statement in portfolio.rows]


def total_cell(portfolio: Portfolio) -> str:
    """The portfolio's own whisker on the span of its rows."""
    return _whisker(portfolio.totals, _span(portfolio))


def _row(statement: Statement, span: tuple[float, float], industries: Mapping[int, Industry]) -> Row:
    initiative = statement.initiative
    reached = RAIL.index(initiative.phase) if initiative and initiative.phase in RAIL else len(RAIL) - 1
    grade, share = _strongest(statement.evidence)
    return Row(
        statement=statement,
        steps=tuple(k <= reached for k in range(len(RAIL))),
        verdict=MONEY[statement.verdict],
        whisker=_drawn(_whisker(statement, span)),
        spark=_drawn(_spark(statement)),
        evidence=_drawn(_evidence(statement)),
        grade=grade,
        grade_share=share,
        waits=statement.range is None,
        industry=industries.get(initiative.pk, not_chosen()) if initiative else None,
    )


def _span(portfolio: Portfolio) -> tuple[float, float]:
    return shared_span([_estimate(s) for s in (*portfolio.rows, portfolio.totals) if s.range is not None])


def _estimate(statement: Statement) -> Estimate:
    low, high = (statement.range.net_low, statement.range.net_high) if statement.range else (None, None)
    proved = statement.verdict != verdicts.CANNOT_BE_PROVED
    return Estimate(
        float(statement.net), None if low is None else float(low), None if high is None else float(high), proved
    )


def _whisker(statement: Statement, span: tuple[float, float]) -> str:
    width, height = WHISKER
    if statement.range is None:
        return whisker(None, span=span, width=width, height=height)
    said = money(statement.net, statement.currency)
    ends = between_money(statement.range.net_low, statement.range.net_high, statement.currency)
    return whisker(_estimate(statement), span=span, width=width, height=height, summary=f"{said}, {ends}")


def _spark(statement: Statement) -> str:
    if not statement.flows or not statement.flows[0].drivers:
        return ""
    lately = benefit_lately(statement.flows[0], today=statement.today)
    known = [value for value in lately.values if value is not None]
    if len(known) < 2:
        return ""
    said = _("Benefit from {first} to {last} in the last {count} intervals.").format(
        first=money(known[0], statement.currency), last=money(known[-1], statement.currency), count=len(lately.values)
    )
    return spark(Spark(lately.values, provisional=lately.provisional, few=lately.by_month, summary=said))


def _evidence(statement: Statement) -> str:
    found = {grade: amount for grade, amount in statement.evidence.items() if amount}
    return evidence_bar(found, width=EVIDENCE_WIDTH, height=EVIDENCE_HEIGHT) if found else ""


def _strongest(evidence: dict[str, Decimal]) -> tuple[str, float | None]:
    """The grade under which most money was moved, and its share of the benefit where all grades added to it."""
    moved: Sequence[tuple[str, Decimal]] = [(g, a) for g, a in evidence.items() if a]
    if not moved:
        return "", None
    grade, amount = max(moved, key=lambda pair: abs(pair[1]))
    total = sum(a for _g, a in moved)
    only_gains = all(a > 0 for _g, a in moved)
    return grade, float(amount / total) if only_gains and len(moved) > 1 else None


def _drawn(svg: str) -> SafeString:
    return mark_safe(svg)  # noqa: S308 - the builders escape every text
