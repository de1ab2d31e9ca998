"""Which published metric a KPI is compared with: chosen by a person, never guessed from a name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from kpis.access.models import Token, User
from kpis.benchmarks.models import Benchmark, Comparison
from kpis.benchmarks.rules import METRIC, BenchmarkUnsound, Problem
from kpis.definitions import changing
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.models import Kpi

Actor = User | Token | None
SMALLEST_FACTOR, LARGEST_FACTOR = 1e-9, 1e9
MOST: Final = 20  # metrics of one KPI: a page tells a few well


def comparisons_of(kpi: Kpi) -> QuerySet[Comparison]:
    """The metrics that were chosen for a KPI, in that order."""
    return Comparison.objects.filter(kpi=kpi).select_related("kpi").order_by("pk")


def choose_metric(kpi: Kpi, fields: Mapping[str, Any], *, by: Actor, at: datetime) -> Comparison:
    """Compare the KPI with one more metric, by `reading` and `factor`. Refuses what cannot be."""
    if comparisons_of(kpi).count() >= MOST:
        raise ChangeRefused("too_many_comparisons", f"A KPI is compared with at most {MOST} metrics.", "metric")
    _refuse_nonsense(fields["metric"], fields["reading"], fields.get("factor", 1.0))
    return changing.create(Comparison(kpi=kpi, **fields), by=by, at=at)


def change_comparison(row: Comparison, fields: Mapping[str, Any], *, by: Actor, at: datetime) -> set[str]:
    """Another reading or factor. Refuses another metric: choose that one beside it."""
    if fields.get("metric", row.metric) != row.metric:
        raise ChangeRefused(
            "metric_is_fixed", "Choose the other metric beside this one, and take this one away.", "metric"
        )
    _refuse_nonsense(row.metric, fields.get("reading", row.reading), fields.get("factor", row.factor))
    return changing.change(row, fields, by=by, at=at)


def take_away(row: Comparison, *, by: Actor, at: datetime) -> None:
    changing.delete(row, by=by, at=at)


def metrics() -> list[tuple[str, str]]:
    """Each published metric with its kind, by name; one query."""
    return sorted(set(Benchmark.objects.values_list("metric", "kind")))


def _refuse_nonsense(metric: str, reading: str, factor: float) -> None:
    if not METRIC.fullmatch(metric):
        sentence = "A metric is letters, digits and underscores, at most 120."
        raise BenchmarkUnsound(Problem(metric, "metric", "invalid_metric", sentence))
    if not (math.isfinite(factor) and SMALLEST_FACTOR <= factor <= LARGEST_FACTOR):
        raise BenchmarkUnsound(Problem(metric, "factor", "invalid_factor", "A factor is a number above zero."))
    kinds = set(Benchmark.objects.filter(metric=metric).values_list("kind", flat=True))
    if kinds == {"level"} and reading != Comparison.Reading.LEVEL:
        sentence = "This metric publishes levels; a change is never compared with a level."
        raise ChangeRefused("kinds_differ", sentence, "reading")
