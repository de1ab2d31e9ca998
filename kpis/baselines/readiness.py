"""Whether a window holds enough for a baseline, and if not, what is missing and how much of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kpis.baselines.window import WindowValues, values_in, window_between
from kpis.calculations.defaults import ENOUGH_INTERVALS
from kpis.calculations.intervals import Granularity, Interval
from kpis.definitions import organisation
from kpis.definitions.models import Kpi

__all__ = ["BaselineNotReady", "Readiness", "of", "window_between"]

Labels = Mapping[str, str]


class BaselineNotReady(Exception):
    """Says in words that the page shows what a baseline still lacks; `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class Readiness:
    """`n` complete intervals with data are in the window, `needed` are needed. `missing`: a sentence, empty if enough.

    `code`: baseline_after_go_live, window_not_over, no_data, no_control_data, not_enough_intervals; empty if enough.
    """

    enough: bool
    n: int
    needed: int
    code: str = ""
    missing: str = ""


def of(
    kpi: Kpi, window: Interval, now: datetime, *, treated: Labels | None = None, control: Labels | None = None
) -> Readiness:
    """Whether a baseline of the KPI can be measured over the window as of now."""
    return judged(kpi, window, now, values_in(kpi, window, treated=treated, control=control, now=now), control)


def judged(kpi: Kpi, window: Interval, now: datetime, values: WindowValues, control: Labels | None) -> Readiness:
    """The same, with the window's values at hand."""
    needed = ENOUGH_INTERVALS.value[Granularity(kpi.interval)].before
    for code, missing in (
        _is_after_go_live(kpi, window),
        _is_not_over(window, now),
        _has_no_data(values, control),
        _has_too_few(kpi, values.n, needed),
    ):
        if code:
            return Readiness(False, values.n, needed, code, missing)
    return Readiness(True, values.n, needed)


def _is_after_go_live(kpi: Kpi, window: Interval) -> tuple[str, str]:
    go_live = kpi.initiative.go_live_on
    if go_live is None or window.end <= organisation.calendar().local_midnight(go_live):
        return "", ""
    sentence = _("The window must end before go-live on %(date)s: afterwards the values already show the initiative.")
    return "baseline_after_go_live", sentence % {"date": go_live.isoformat()}


def _is_not_over(window: Interval, now: datetime) -> tuple[str, str]:
    if window.end <= now:
        return "", ""
    day = organisation.calendar().local_date(window.end).isoformat()
    return "window_not_over", _("The window is open until %(date)s; it can be measured then.") % {"date": day}


def _has_no_data(values: WindowValues, control: Labels | None) -> tuple[str, str]:
    if values.n:
        return "", ""
    if control:
        return "no_control_data", _("In no interval of the window do both the treated and the control group have data.")
    return "no_data", _("The window holds no complete interval with data.")


def _has_too_few(kpi: Kpi, n: int, needed: int) -> tuple[str, str]:
    if n >= needed:
        return "", ""
    sentence = {
        Kpi.Interval.HOUR: ngettext(
            "%(n)d of %(needed)d hours with data: %(more)d hour more is needed.",
            "%(n)d of %(needed)d hours with data: %(more)d hours more are needed.",
            needed - n,
        ),
        Kpi.Interval.DAY: ngettext(
            "%(n)d of %(needed)d days with data: %(more)d day more is needed.",
            "%(n)d of %(needed)d days with data: %(more)d days more are needed.",
            needed - n,
        ),
        Kpi.Interval.WEEK: ngettext(
            "%(n)d of %(needed)d weeks with data: %(more)d week more is needed.",
            "%(n)d of %(needed)d weeks with data: %(more)d weeks more are needed.",
            needed - n,
        ),
        Kpi.Interval.MONTH: ngettext(
            "%(n)d of %(needed)d months with data: %(more)d month more is needed.",
            "%(n)d of %(needed)d months with data: %(more)d months more are needed.",
            needed - n,
        ),
        Kpi.Interval.QUARTER: ngettext(
            "%(n)d of %(needed)d quarters with data: %(more)d quarter more is needed.",
            "%(n)d of %(needed)d quarters with data: %(more)d quarters more are needed.",
            needed - n,
        ),
    }[Kpi.Interval(kpi.interval)]
    return "not_enough_intervals", sentence % {"n": n, "needed": needed, "more": needed - n}
