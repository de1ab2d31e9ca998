"""A published figure as the rooms above read it: one frozen value, whoever entered it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from kpis.benchmarks.models import Benchmark
from kpis.calculations import units

Direction = Literal["increase", "decrease"]
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Statistic:
    """What was published, in the figure's unit; `quantiles`: (share at or below, value), `groups`: (name, value)."""

    type: str
    value: float | None
    low: float | None
    high: float | None
    sd: float | None
    ci: Pair | None
    quantiles: tuple[Pair, ...]
    groups: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where it was published. `url_kind`: doi, read, recalled, publisher_site; only the first two lead to the page."""

    title: str
    authors: str
    publisher: str
    year: int
    url: str
    doi: str
    url_kind: str

    @property
    def link(self) -> str:
        """The address of the very page; empty where only the site, or an address that nobody opened, is known."""
        if self.doi:
            return f"https://doi.org/{self.doi}"
        return self.url if self.url_kind in ("doi", "read") else ""


@dataclass(frozen=True, slots=True)
class Published:
    """One entry. Shares are 0.15 with unit `1`; `shown_unit` is the unit for people (`×`: a plain ratio)."""

    slug: str
    metric: str
    definition: str
    category: str
    kind: str
    unit: str
    shown_unit: str
    direction: Direction
    industry: str
    industry_code: str
    function: str
    function_code: str
    technology: str
    technology_code: str
    region: str
    population: str
    n: int | None
    n_unit: str
    data_year: str
    statistic: Statistic
    position_method: str
    method: str
    grade: str
    peer_reviewed: bool
    source: Source
    verification: str
    verified: str
    caveats: str
    review_after: date | None
    horizon_months: int | None
    is_catalogue: bool

    def is_old(self, on: date) -> bool:
        """Whether its time is over, so that it may be quoted but is not what one should be measured by."""
        return self.review_after is not None and self.review_after < on

    @property
    def is_share(self) -> bool:
        """Whether 0.15 means 15 %."""
        return self.shown_unit in ("1", "%") and units.is_share(self.unit)


def published(row: Benchmark) -> Published:
    """The row as a value."""
    entry: Mapping[str, Any] = row.entry
    said, population = entry["statistic"], entry["population"]
    source, ci = entry["source"], said["ci"]
    return Published(
        slug=row.slug,
        metric=row.metric,
        definition=entry["definition"],
        category=entry["kpi_category"],
        kind=row.kind,
        unit=row.unit,
        shown_unit=entry.get("shown_unit") or row.unit,
        direction=row.direction,  # type: ignore[arg-type]  # one of the two, by the rules
        industry=entry["industry"],
        industry_code=entry["industry_code"],
        function=entry["business_function"],
        function_code=entry["function_code"],
        technology=entry["technology"],
        technology_code=entry["technology_code"],
        region=entry["region"],
        population=population["description"],
        n=population["n"],
        n_unit=population["n_unit"] or "",
        data_year=row.data_year,
        statistic=Statistic(
            type=said["type"],
            value=said["value"],
            low=said["low"],
            high=said["high"],
            sd=said["sd"],
            ci=(ci["low"], ci["high"]) if ci else None,
            quantiles=tuple((step["p"], step["value"]) for step in said["quantiles"] or ()),
            groups=tuple((group["name"], group["value"]) for group in said["groups"] or ()),
        ),
        position_method=entry["position_method"],
        method=entry["method"],
        grade=row.evidence_grade,
        peer_reviewed=entry["peer_reviewed"],
        source=Source(**{name: source[name] or "" for name in Source.__slots__ if name != "year"}, year=source["year"]),
        verification=entry["verification"],
        verified=entry["verified"],
        caveats=entry["caveats"],
        review_after=row.review_after,
        horizon_months=entry.get("horizon_months"),
        is_catalogue=row.is_catalogue,
    )


def figures_of(metrics: Collection[str]) -> dict[str, tuple[Published, ...]]:
    """The published figures of these metrics, the best evidence first; one query. A metric without any is absent."""
    found: dict[str, list[Published]] = {}
    if metrics:
        rows = Benchmark.objects.filter(metric__in=set(metrics)).order_by("evidence_grade", "-review_after", "slug")
        for row in rows:
            found.setdefault(row.metric, []).append(published(row))
    return {metric: tuple(figures) for metric, figures in found.items()}


def how_many() -> int:
    """How many published figures there are to search."""
    return Benchmark.objects.count()
