"""What a pushing source sends: its series with their last samples, and those that feed nothing, by name. Reads only."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, OuterRef, QuerySet, Subquery

from kpis.sources.models import DataSource, MappingRule, ReceivedSample, ReceivedSeries


@dataclass(frozen=True, slots=True)
class Unmapped:
    """All series of one name that feed no KPI: how many, and of one of them the labels and the last sample.

    `value` is None where that series has ended.
    """

    name: str
    kind: str
    series: int
    at: datetime | None
    value: float | None
    labels: dict[str, str]


def series_of(source: DataSource) -> QuerySet[ReceivedSeries]:
    """The series, each with its rule, `last_at` and `last_value` (NaN where it has ended)."""
    newest = ReceivedSample.objects.filter(series=OuterRef("pk")).order_by("-at")
    return source.received_series.select_related("rule__kpi").annotate(
        last_at=Subquery(newest.values("at")[:1]), last_value=Subquery(newest.values("value")[:1])
    )


def rules_of(source: DataSource) -> QuerySet[MappingRule]:
    """The rules in their order, each with its KPI and the number of `series_taken`."""
    return source.rules.select_related("kpi").annotate(series_taken=Count("received_series")).order_by("position", "id")


def unmapped_by_name(source: DataSource, *, at_most: int) -> list[Unmapped]:
    """The names that feed nothing, in alphabetical order."""
    of_none = source.received_series.filter(rule=None).order_by()
    names = of_none.values("name").annotate(series=Count("pk"), one=Max("pk")).order_by("name")[:at_most]
    counted = {row["one"]: row for row in names}
    ones: Iterable[ReceivedSeries] = series_of(source).filter(pk__in=counted)
    return sorted((_unmapped(one, counted[one.pk]["series"]) for one in ones), key=lambda found: found.name)


def _unmapped(one: ReceivedSeries, series: int) -> Unmapped:
    value = one.last_value  # type: ignore[attr-defined]
    return Unmapped(
        name=one.name,
        kind=one.kind,
        series=series,
        at=one.last_at,  # type: ignore[attr-defined]
        value=None if value is None or math.isnan(value) else value,
        labels={name: text for name, text in one.labels.items() if name != "__name__"},
    )
