"""One row a KPI: its line as a small multiple, baseline and now, effect, target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kpis.dashboards.kpi_chart import diamond_of
from kpis.evaluation.overview import KpiOverview
from kpis.evaluation.standings import Standing
from kpis.evaluation.together import may_be_chance
from kpis.figures.kpi_history import SeriesBenchmark
from kpis.figures.sparkline import Multiple, small_multiple
from kpis.wording import units


@dataclass(frozen=True, slots=True)
class KpiRow:
    overview: KpiOverview
    drawn: SafeString
    may_be_chance: bool


def kpi_rows(overviews: list[KpiOverview], standings: Mapping[int, Sequence[Standing]]) -> list[KpiRow]:
    """Context KPIs (volumes) have no verdict of their own and come last. `standings` by KPI id."""
    ordered, chance = sorted(overviews, key=lambda overview: overview.kpi.is_context), may_be_chance(overviews)
    return [KpiRow(o, _drawn(o, diamond_of(standings.get(o.kpi.pk, ()))), o.kpi.pk in chance) for o in ordered]


def _drawn(overview: KpiOverview, diamond: SeriesBenchmark | None) -> SafeString:
    baseline, kpi = overview.baseline, overview.kpi
    known = [value for value in overview.values if value is not None]
    if not known:
        return SafeString("")
    said = _("{name}: {first} at first, {last} now.").format(
        name=kpi.name, first=units.unit_value(known[0], kpi.unit), last=units.unit_value(known[-1], kpi.unit)
    )
    multiple = Multiple(
        values=overview.values,
        baseline=float(baseline.value) if baseline else None,
        spread=baseline.spread if baseline else None,
        go_live=overview.go_live,
        declared=bool(baseline and baseline.method == "declared"),
        counterfactual=overview.without,
        target=overview.targets,
        benchmark=diamond.value if diamond else None,
        provisional=overview.provisional,
        summary=said,
    )
    return mark_safe(small_multiple(multiple))  # noqa: S308 - the builders escape every text
