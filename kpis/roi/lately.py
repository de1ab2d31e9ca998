"""What came back lately, interval by interval: for a small line beside an initiative."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from kpis.definitions.models import Kpi
from kpis.ledger.costs import months_later
from kpis.roi.flows import Flows

WEEKS, MONTHS = 13, 7
LONG = {Kpi.Interval.MONTH, Kpi.Interval.QUARTER}


@dataclass(frozen=True, slots=True)
class Lately:
    """Benefit of each of the last weeks, or of the last months where nothing is booked more often; oldest first.

    None: nothing ended in that time. `provisional`: the last one is not over yet.
    """

    values: tuple[float | None, ...]
    by_month: bool
    provisional: bool


def benefit_lately(flows: Flows, *, today: date) -> Lately:
    """Sums of the entries by the day on which they were booked; at least one driver must have some."""
    by_month = all(flow.driver.kpi.interval in LONG for flow in flows.drivers)
    starts = _months(today) if by_month else _weeks(today)
    day = np.concatenate([flow.day for flow in flows.drivers])
    cents = np.concatenate([flow.entries["cents"] for flow in flows.drivers])
    span = np.searchsorted([start.toordinal() for start in starts], day, side="right") - 1
    values = [float(cents[span == k].sum()) / 100 if (span == k).any() else None for k in range(len(starts))]
    while values and values[-1] is None:  # nothing has ended in the open interval yet
        values.pop()
    provisional = len(values) == len(starts) and not by_month
    return Lately(tuple(values), by_month, provisional)


def _weeks(today: date) -> list[date]:
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=k) for k in range(WEEKS - 1, -1, -1)]


def _months(today: date) -> list[date]:
    return [months_later(today.replace(day=1), -k) for k in range(MONTHS - 1, -1, -1)]
