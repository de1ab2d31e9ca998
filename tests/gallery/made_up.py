"""Figures of a company that does not exist, for tests of drawing and for the gallery: plausible, fixed, dated."""

from __future__ import annotations

import math
import random
from datetime import date, timedelta
from decimal import Decimal

from kpis.figures.cumulative import NetBenchmark, NetCurve, NetPoint
from kpis.figures.kpi_history import BaselineBand, Event, KpiHistory, SeriesBenchmark, SeriesPoint
from kpis.figures.sparkline import Multiple

TODAY = date(2026, 11, 24)
GO_LIVE = date(2026, 2, 2)
OPEN_FROM = date(2026, 11, 1)


def net_curve(*, forecast: bool = True, benchmark: bool = True) -> NetCurve:
    """Fourteen months: spending first, then money coming back; November is open."""
    weeks = [date(2025, 10, 6) + timedelta(7 * k) for k in range(60)]
    chance = random.Random(11)
    net, points, paid_back = 0.0, [], None
    for k, on in enumerate(weeks):
        gain = 0 if on < GO_LIVE else 9_500 * min(1, (on - GO_LIVE).days / 90) + chance.gauss(0, 1_500)
        before, net = net, net - (9_500 if on < GO_LIVE else 2_200) + gain
        if before < 0 <= net:
            paid_back = on
        room = 700 * math.sqrt(k) + max(0, (on - GO_LIVE).days) * 90
        ends = (Decimal(round(net - room)), Decimal(round(net + room * 0.8)))
        points.append(NetPoint(on, Decimal(round(net, 2)), *ends, provisional=on >= OPEN_FROM))
    ahead = []
    for k in range(1, 18):
        grown, room = net + 6_900 * k, 27_000 + 3_600 * k
        ends = (Decimal(round(grown - room)), Decimal(round(grown + room * 0.8)))
        ahead.append(NetPoint(weeks[-1] + timedelta(7 * k), Decimal(round(grown)), *ends))
    lines = ("5.9% average ROI of", "AI, a study, 2023, grade C")
    return NetCurve(
        points=points,
        today=TODAY,
        forecast=ahead if forecast else (),
        paid_back_on=paid_back,
        benchmark=NetBenchmark(Decimal("26800"), lines) if benchmark else None,
    )


def kpi_history() -> KpiHistory:
    """Handling time: days as specks, weeks as the line, one week without data, a control group, this week open."""
    chance = random.Random(5)
    start, gap = date(2025, 10, 13), (date(2026, 5, 11), date(2026, 5, 18))
    specks, line, without = [], [], []
    monday = start
    while monday <= TODAY:
        level = 14.3 if monday < GO_LIVE else 11.7 + 2.6 * math.exp(-(monday - GO_LIVE).days / 40)
        missing, open_week = gap[0] <= monday < gap[1], monday + timedelta(7) > TODAY
        days = [monday + timedelta(k) for k in range(1 if open_week else 5)]
        measured = [SeriesPoint(on, level + chance.gauss(0, 0.42)) for on in days if not missing]
        specks += measured
        mean = sum(p.value or 0 for p in measured) / len(measured) if measured else None
        line.append(SeriesPoint(monday + timedelta(2), mean, provisional=open_week))
        if monday >= GO_LIVE:
            other = None if missing else 14.2 + chance.gauss(0, 0.22)
            without.append(SeriesPoint(monday + timedelta(2), other, provisional=open_week))
        monday += timedelta(7)
    return KpiHistory(
        line=line,
        specks=specks,
        counterfactual=without,
        baseline=BaselineBand(14.34, 0.5, start, date(2026, 1, 31)),
        target=[(date(2026, 3, 1), 13.5), (date(2026, 7, 1), 12.5), (date(2026, 10, 1), 12.0)],
        events=[
            Event(GO_LIVE, "go-live"),
            Event(date(2026, 6, 15), "new model", "model"),
            Event(date(2026, 9, 1), "teams reorganised", "teams"),
        ],
        benchmark=SeriesBenchmark(12.5, ("12.5 min median,", "2024, grade B")),
        until=TODAY,
    )


def multiples() -> list[Multiple]:
    """The KPI rows of an initiative: a control group with a gap, a weekly share, a declared one, a young one."""
    history = kpi_history()
    values = [p.value for p in history.line]
    before = len(values) - len(history.counterfactual)
    without = [None] * before + [p.value for p in history.counterfactual]
    chance = random.Random(3)
    solved = [66.3 + chance.gauss(0, 0.7) + (5.3 * min(1, max(0, k - 16) / 8)) for k in range(58)]
    return [
        Multiple(values, 14.34, 0.5, before, counterfactual=without, target=[(20, 13.5), (37, 12.5), (50, 12.0)],
                 provisional=True, summary="Handling time from 14.3 to 11.7 minutes"),
        Multiple(solved, 66.3, 0.75, 16, target=[(20, 68), (36, 71)], benchmark=70, provisional=True,
                 summary="First-contact resolution from 66.3 to 71.6 percent"),
        Multiple([62, 60, None, 55, 52, 50, 49, 51, 47, 46], 60, None, 3, declared=True, target=[(5, 45)],
                 summary="Review time from 60 to 46 minutes"),
        Multiple([4, 9, 14], provisional=True, target=[(1, 20)], summary="4, 9 and 14 templates in three quarters"),
    ]  # fmt: skip
