"""Whether a baseline and today's values mean the same: a KPI may have been measured otherwise in between.

Another aggregation, interval or calendar is computed anew from the measurements for all times, so only what was frozen
before (a draft, an approved value) stands apart. Another unit changes no measurement that is there: rows that arrived
before are in the old unit, and nothing in them says so. What cannot be restated is refused with its reason.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

from kpis.baselines.models import Baseline
from kpis.calculations import units
from kpis.calculations.intervals import Interval
from kpis.definitions.models import Kpi, KpiVersion
from kpis.measurements.reading import arrived_in_time
from kpis.rollups import series

Labels = Mapping[str, str]
CUT = ("interval", "zone", "fiscal_year_start")  # how time is cut: what lies in the window is computed anew by it


@dataclass(frozen=True, slots=True)
class Standing:
    """How a baseline stands to its KPI's newest definition. `refused`: why they are not compared, empty if they are.

    `calendar_changed`: time has been cut otherwise since; the values before are computed anew by the new calendar.
    """

    refused: str = ""
    calendar_changed: bool = False


SAME = Standing()


def standings_of(baselines: Collection[Baseline]) -> dict[int, Standing]:
    """By baseline id, in one query."""
    versions: dict[int, list[KpiVersion]] = {}
    rows = KpiVersion.objects.filter(kpi__in=[baseline.kpi_id for baseline in baselines]).order_by("version")
    for row in rows:
        versions.setdefault(row.kpi_id, []).append(row)
    return {baseline.pk: standing_of(baseline, versions.get(baseline.kpi_id, [])) for baseline in baselines}


def standing_of(baseline: Baseline, versions: Collection[KpiVersion]) -> Standing:
    """`versions` of the KPI, oldest first; none where it was never measured otherwise."""
    if not versions:
        return SAME
    *_, now = versions
    held = [v for v in versions if v.valid_from is None or v.valid_from <= baseline.created_at]
    then = held[-1] if held else now
    # A mean of weeks is on the level of a mean of days; a sum, a largest value or a percentile of weeks is not.
    longer = then.interval != now.interval and now.aggregation != Kpi.Aggregation.MEAN
    if then.aggregation != now.aggregation or longer or not _same_unit(then.unit, now.unit):
        return Standing(_sentence(then, now))
    return Standing("", any(getattr(then, name) != getattr(now, name) for name in CUT))


def sent_in_another_unit(kpi: Kpi, window: Interval, *, where: Labels | None) -> tuple[KpiVersion, int] | None:
    """The unit's last change and how many intervals of the window hold rows from before it; None where none do.

    Rows that were sent again since count as new; a unit that is the same by another name (`min`, `min/{ticket}` is
    not) changes nothing.
    """
    versions = list(KpiVersion.objects.filter(kpi=kpi).order_by("version"))
    changed = [new for old, new in pairwise(versions) if not _same_unit(old.unit, new.unit)]
    if not changed or changed[-1].valid_from is None:
        return None
    ids = [one.pk for one in series.matching(kpi, where)]
    points = series.interval_values(kpi, kpi.interval, window.start, window.end, where=where, now=window.end)
    spans = [(p.start, p.end) for p in points if window.start <= p.start and p.end <= window.end]
    count = len(arrived_in_time(ids, spans, until=changed[-1].valid_from)) if spans else 0
    return (changed[-1], count) if count else None


def _same_unit(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return units.conversion(one, other) == 1.0
    except (units.UnitMismatch, units.UnknownUnit):
        return False


def _sentence(then: KpiVersion, now: KpiVersion) -> str:
    return (
        f"The baseline was measured as {_told(then)} (version {then.version}), the KPI is now measured as"
        f" {_told(now)} (version {now.version}), so they are not compared. A new baseline can be."
    )


def _told(version: KpiVersion) -> str:
    return f"{version.aggregation} by {version.interval} in {version.unit}"
