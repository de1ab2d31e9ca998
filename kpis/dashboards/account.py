"""The account of one initiative, drawn: from benefit to net as a waterfall, and which assumption breaks it first."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kpis.figures.tornado import Swing as DrawnSwing
from kpis.figures.tornado import tornado_cells
from kpis.figures.waterfall import Step, waterfall_cells
from kpis.roi.flows import DriverFlow
from kpis.roi.sensitivity import Swing
from kpis.roi.statement import Statement
from kpis.wording.verdicts import COST_CATEGORIES

SWINGS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class WaterfallRow:
    label: object
    grade: str
    amount: Decimal
    form: str
    driver_id: int | None
    cell: SafeString


@dataclass(frozen=True, slots=True)
class TornadoRow:
    swing: Swing
    cell: SafeString


def waterfall(statement: Statement) -> list[WaterfallRow]:
    """Benefits by driver, their sum, costs by category, the net; the drawn cells share one scale."""
    rows: list[tuple[object, str, Decimal, str, int | None]] = []
    for flow in (flow for flows in statement.flows for flow in flows.drivers):
        rows += [(name, flow.evidence_grade, part, form, flow.driver.pk) for name, part, form in _parts(flow)]
    rows.append((_("Came back"), "", statement.benefits.total, "total", None))
    rows += [
        (COST_CATEGORIES[category], "", -amount, "cost", None)
        for category, amount in statement.by_cost_category.items()
    ]
    rows.append((_("Net"), "", statement.net, "total", None))
    cells = waterfall_cells([Step(amount, form) for _label, _grade, amount, form, _pk in rows])
    return [WaterfallRow(*row, _drawn(cell)) for row, cell in zip(rows, cells, strict=True)]


def _parts(flow: DriverFlow) -> list[tuple[object, Decimal, str]]:
    """A driver, or what of its freed time is traced in the books and what is not."""
    name, traced = flow.driver.name, flow.traced
    if not traced:
        return [(name, flow.amount, "freed" if flow.driver.is_freed_time else "benefit")]
    return [
        (_("{driver}, traced").format(driver=name), traced, "benefit"),
        (_("{driver}, freed only").format(driver=name), flow.amount - traced, "freed"),
    ]


def tornado(statement: Statement) -> list[TornadoRow]:
    """The assumptions and effects that move the net most, at most six; those of a claim that counts nothing do not."""
    shown = [swing for swing in statement.sensitivity if swing.low != swing.high][:SWINGS_SHOWN]
    cells = tornado_cells([DrawnSwing(float(s.low), float(s.high)) for s in shown], likely=float(statement.net))
    return [TornadoRow(swing, _drawn(cell)) for swing, cell in zip(shown, cells, strict=True)]


def _drawn(svg: str) -> SafeString:
    return mark_safe(svg)  # noqa: S308 - the builders escape every text
