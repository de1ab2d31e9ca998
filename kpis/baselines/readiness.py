"""Whether a window holds enough for a baseline, and if not, what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from kpis.calculations.intervals import Interval
from kpis.definitions.models import Kpi

Labels = Mapping[str, str]


class BaselineNotReady(Exception):
    """Says in words that the page shows what a baseline still lacks; `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class Readiness:
    """`n` complete intervals with data are in the window, `needed` are needed. `missing`: a sentence, empty if enough.

    `code`: window_in_future, baseline_after_go_live, not_enough_intervals, no_control_data; empty if enough.
    """

    enough: bool
    n: int
    needed: int
    code: str = ""
    missing: str = ""


def window_between(start: date | datetime, end: date | datetime) -> Interval:
    """Half-open window; a date is the local midnight with which it begins."""
    raise NotImplementedError


def of(
    kpi: Kpi,
    window: Interval,
    now: datetime,
    *,
    treated: Labels | None = None,
    control: Labels | None = None,
) -> Readiness:
    """Whether a baseline can be measured over the window as of now."""
    raise NotImplementedError
