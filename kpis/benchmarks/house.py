"""Figures that the house enters itself. They keep the rules of the catalogue, whose own rows are never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from kpis.access.models import Token, User
from kpis.benchmarks.models import Benchmark
from kpis.benchmarks.rules import BenchmarkUnsound, method_of, problems_of
from kpis.definitions import changing
from kpis.definitions.changing import ChangeRefused

Actor = User | Token | None
COLUMNS: Final = ("metric", "kind", "unit", "direction", "evidence_grade", "data_year", "review_after")
NUMBERS: Final = ("value", "low", "high", "sd", "se", "ci", "quantiles", "groups")


def benchmarks() -> QuerySet[Benchmark]:
    """Every published figure; what is published is seen by everybody who may read."""
    return Benchmark.objects.order_by("metric", "evidence_grade", "slug")


def create_figure(entry: Mapping[str, Any], *, by: Actor, at: datetime) -> Benchmark:
    """A figure of the house from a whole entry. Refuses (BenchmarkUnsound) one that breaks a rule."""
    return changing.create(Benchmark(slug=entry["id"], is_catalogue=False, **_columns(entry)), by=by, at=at)


def change_figure(row: Benchmark, entry: Mapping[str, Any], *, by: Actor, at: datetime) -> set[str]:
    """Answers which columns differ now. Refuses rows of the catalogue, another slug, an entry that breaks a rule."""
    _refuse_catalogue(row)
    if entry["id"] != row.slug:
        raise ChangeRefused("slug_is_fixed", "A slug stays as it is: senders and links use it.", "slug")
    return changing.change(row, _columns(entry), by=by, at=at)


def delete_figure(row: Benchmark, *, by: Actor, at: datetime) -> None:
    """Refuses (ChangeRefused) rows of the catalogue."""
    _refuse_catalogue(row)
    changing.delete(row, by=by, at=at)


def whole(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with what follows from its statistic, and null for each number that was not given."""
    statistic = dict.fromkeys(NUMBERS) | dict(entry["statistic"])
    try:
        method = method_of(statistic, entry["kind"])
    except (KeyError, TypeError):
        method = ""
    return {**entry, "statistic": statistic, "position_method": method}


def _columns(entry: Mapping[str, Any]) -> dict[str, Any]:
    full = whole(entry)
    problems = problems_of({**full, "review_after": full["review_after"].isoformat()})
    if problems:
        raise BenchmarkUnsound(problems[0])
    stored = {**full, "review_after": full["review_after"].isoformat()}
    return {name: full[name] for name in COLUMNS} | {"entry": stored}


def _refuse_catalogue(row: Benchmark) -> None:
    if row.is_catalogue:
        sentence = (
            "This figure comes with the catalogue of the release and is only read; enter one of your own beside it."
        )
        raise ChangeRefused("catalogue_is_read_only", sentence)
