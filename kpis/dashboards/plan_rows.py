"""The bridge and the outlooks, drawn; and what one bar of the bridge is made of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kpis.calculations.bridge import Bar
from kpis.calculations.planned import ZERO
from kpis.figures.scenarios import Outlook, scenario_cells
from kpis.figures.waterfall import Step, waterfall_cells
from kpis.roi.against_plan import AgainstPlan, Compared
from kpis.roi.horizon import PLAN, Scenario
from kpis.roi.variants import Variants
from kpis.wording.plans import CAUSES, SCENARIOS
from kpis.wording.verdicts import COST_CATEGORIES


@dataclass(frozen=True, slots=True)
class BridgeRow:
    """`cause`: empty for the two nets. `form`: of the drawn cell, and of the sign beside it."""

    cause: str
    label: str | Promise
    amount: Decimal
    form: str
    cell: SafeString


@dataclass(frozen=True, slots=True)
class OutlookRow:
    label: Promise
    scenario: Scenario
    is_plan: bool
    cell: SafeString


@dataclass(frozen=True, slots=True)
class BarPart:
    """A benefit or a cost category in one bar; `compared` None: a category."""

    label: object
    amount: Decimal
    compared: Compared | None
    facts: BarFacts | None


@dataclass(frozen=True, slots=True)
class BarFacts:
    """Over all months: what was expected and what was found of volume, effect a case and worth of one unit."""

    planned_volume: Decimal
    volume: Decimal
    planned_effect: Decimal | None
    effect: Decimal | None
    planned_worth: Decimal | None
    worth: Decimal | None


@dataclass(frozen=True, slots=True)
class BarShown:
    cause: str
    label: object
    meaning: object
    amount: Decimal
    parts: tuple[BarPart, ...]


def bridge_rows(against: AgainstPlan) -> list[BridgeRow]:
    """Planned net, every cause that moved it, actual net; the drawn cells share one scale."""
    rows: list[tuple[str, str | Promise, Decimal, str]] = [("", _("Net as planned"), against.planned.net, "plan")]
    for bar in against.bridge.bars:
        if bar.amount:
            rows.append((bar.cause, CAUSES[bar.cause][0], bar.amount, "more" if bar.amount > 0 else "less"))
    rows.append(("", _("Net as booked"), against.actual.net, "actual"))
    cells = waterfall_cells([Step(amount, form) for _cause, _label, amount, form in rows])
    return [BridgeRow(*row, _drawn(cell)) for row, cell in zip(rows, cells, strict=True)]


def outlook_rows(found: Variants) -> list[OutlookRow]:
    """The plan first, then what is carried on; each a figure of its own."""
    ordered = sorted(found.scenarios, key=lambda scenario: scenario.name != PLAN)
    outlooks = [Outlook(s.net, "plan" if s.name == PLAN else "forecast") for s in ordered]
    cells = scenario_cells(outlooks, name="outlook", width=180)
    return [OutlookRow(SCENARIOS[s.name], s, s.name == PLAN, _drawn(c)) for s, c in zip(ordered, cells, strict=True)]


def bar_shown(against: AgainstPlan, cause: str) -> BarShown:
    """Its parts, the largest first, each with what was planned and what was found."""
    bar = next(bar for bar in against.bridge.bars if bar.cause == cause)
    by_key = {each.key: each for each in against.compared}
    parts = sorted((_part(bar, name, amount, by_key) for name, amount in _amounts(bar)), key=lambda p: -abs(p.amount))
    label, meaning = CAUSES[cause]
    return BarShown(cause, label, meaning, bar.amount, tuple(parts))


def _amounts(bar: Bar) -> list[tuple[str, Decimal]]:
    return [(part.name, part.amount) for part in bar.parts]


def _part(bar: Bar, name: str, amount: Decimal, by_key: dict[str, Compared]) -> BarPart:
    if bar.cause == "cost":
        return BarPart(COST_CATEGORIES[name], amount, None, None)
    compared = by_key[name]
    return BarPart(compared.name, amount, compared, _facts(compared))


def _facts(compared: Compared) -> BarFacts:
    shifted = [month.shifted for month in compared.months]
    found = [month.found for month in compared.months if month.found]
    planned_volume, planned_quantity, planned_amount = (
        sum((getattr(month, name) for month in shifted), ZERO) for name in ("volume", "quantity", "amount")
    )
    volume, quantity, amount = (
        sum((getattr(month, name) for month in found), ZERO) for name in ("volume", "quantity", "amount")
    )
    return BarFacts(
        planned_volume,
        volume,
        _ratio(planned_quantity, planned_volume),
        _ratio(quantity, volume),
        _ratio(planned_amount, planned_quantity),
        _ratio(amount, quantity),
    )


def _ratio(over: Decimal, under: Decimal) -> Decimal | None:
    return over / under if under else None


def _drawn(svg: str) -> SafeString:
    return mark_safe(svg)  # noqa: S308 - the builders escape every text
