"""Where a published figure was measured elsewhere than we are: each difference is said, none is corrected silently.

A KPI meets a figure by its metric alone (`Comparison`); what is compared here decides what stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from kpis.benchmarks.published import Published
from kpis.definitions import organisation
from kpis.definitions.models import Initiative

ANY: Final = "all"  # matches every industry and every function
ANY_TECHNOLOGY: Final = frozenset({"any_ai", "process_level"})  # all of AI, and figures that are not about AI at all
EVERYWHERE: Final = "global"
CONTINENTS: Final = {"Europe": ("EU", "Europe"), "America": ("North America",)}  # by the first part of a time zone


@dataclass(frozen=True, slots=True)
class Ours:
    """Who is compared; "" where it was never stated. `horizon_months`: over how long an ROI was counted."""

    industry: str = ""
    function: str = ""
    technology: str = ""
    continent: str = ""
    horizon_months: float | None = None


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One difference: `code` is industry, function, technology, region, population, horizon or age; both sides."""

    code: str
    ours: str
    theirs: str


def ours_of(initiative: Initiative, *, continent: str) -> Ours:
    """An initiative as the one who is compared."""
    return Ours(
        industry=initiative.industry,
        function=initiative.business_function,
        technology=initiative.technology,
        continent=continent,
    )


def continent() -> str:
    """The continent that the organisation's clock names."""
    return organisation.current().zone.split("/")[0]


def mismatches(figure: Published, ours: Ours, *, on: date) -> tuple[Mismatch, ...]:
    """Every difference between the figure and us, as of a day."""
    found = []
    if figure.industry_code not in (ANY, ours.industry):
        found.append(Mismatch("industry", ours.industry, figure.industry_code))
    if figure.function_code not in (ANY, ours.function):
        found.append(Mismatch("function", ours.function, figure.function_code))
    if figure.technology_code not in ANY_TECHNOLOGY and figure.technology_code != ours.technology:
        found.append(Mismatch("technology", ours.technology, figure.technology_code))
    if not _here(figure.region, ours.continent):
        found.append(Mismatch("region", ours.continent, figure.region))
    if figure.n_unit == "composite":
        found.append(Mismatch("population", "", figure.population))
    if ours.horizon_months is not None and not _as_long(figure.horizon_months, ours.horizon_months):
        theirs = "" if figure.horizon_months is None else str(figure.horizon_months)
        found.append(Mismatch("horizon", f"{ours.horizon_months:.0f}", theirs))
    if figure.is_old(on):
        found.append(Mismatch("age", "", figure.data_year))
    return tuple(found)


def _here(region: str, ours: str) -> bool:
    return region == EVERYWHERE or any(name in region.split(", ") for name in CONTINENTS.get(ours, ()))


def _as_long(theirs: int | None, ours: float) -> bool:
    """Within a month; a horizon that was not published is not as long."""
    return theirs is not None and abs(theirs - ours) < 1
