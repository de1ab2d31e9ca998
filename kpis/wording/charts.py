"""The words of the two large charts (`kpis.figures`), in the reader's language."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext

from kpis.figures.axes import Moment, TimeWords, value_ticks
from kpis.figures.cumulative import NetCurve, NetPoint, NetWords, lowest_point
from kpis.figures.kpi_history import KpiHistory, KpiWords, SeriesPoint
from kpis.wording import moments, units
from kpis.wording.amounts import money, money_rounded, number, thousands, thousands_unit
from kpis.wording.uncertainty import between_money, between_thousands

AXIS_IN_THOUSANDS_FROM = 10_000


def time_words() -> TimeWords:
    """The labels of a time axis. Hours are local already when they reach a figure."""
    return TimeWords(
        month=lambda on, year: moments.month_short(on, year=year),
        day=lambda on: moments.day(on, year=False),
        hour=lambda at: f"{at:%H:%M}",
    )


def net_words(curve: NetCurve, *, currency: str, provisional: str = "", phone: bool = False) -> NetWords:
    """Words for the cumulative net. `provisional` says what is open (“November provisional”)."""
    big = any(abs(p.net) >= AXIS_IN_THOUSANDS_FROM for p in curve.points)
    return NetWords(
        summary=net_summary(curve, currency=currency),
        unit=thousands_unit(currency) if big else units.axis_unit(currency),
        today=gettext("today"),
        tick=thousands if big else lambda value: number(value, plus=True),
        now=lambda net: gettext("Net {amount}").format(amount=money(net, currency)),
        provisional=provisional or gettext("provisional"),
        lowest=lambda net: gettext("deepest: {amount}").format(amount=money(net, currency)),
        paid_back=lambda on: gettext("paid back {day}").format(day=moments.day(on, year=not phone)),
        forecast=_forecast_lines(curve, currency),
        hover=lambda point: _net_hover(point, currency),
        times=time_words(),
    )


def net_summary(curve: NetCurve, *, currency: str) -> str:
    """The picture in one to three sentences, for those who do not see it."""
    first, last = curve.points[0], curve.points[-1]
    stands = gettext("Cumulative net benefit from {first} to {last}: it stands at {net}.")
    said = {"first": moments.day(first.on), "last": moments.day(last.on), "net": money(last.net, currency)}
    sentences = [stands.format(**said)]
    lowest = lowest_point(curve)
    if lowest:
        fell = gettext("It was lowest on {day}, at {net}.")
        sentences.append(fell.format(day=moments.day(lowest.on), net=money(lowest.net, currency)))
    if curve.paid_back_on:
        sentences.append(gettext("It passed zero for good on {day}.").format(day=moments.day(curve.paid_back_on)))
    return " ".join(sentences)


def _forecast_lines(curve: NetCurve, currency: str) -> tuple[str, ...]:
    if not curve.forecast:
        return ()
    end = curve.forecast[-1]
    by = gettext("{amount} by {month}")
    lines = [by.format(amount=money_rounded(end.net, currency), month=moments.month_name(end.on))]
    if end.low is not None and end.high is not None:
        lines.append(between_thousands(end.low, end.high, thousands_unit(currency)))
    return (*lines, gettext("if nothing changes"))


def _net_hover(point: NetPoint, currency: str) -> tuple[str, ...]:
    lines = [moments.day(point.on), gettext("Net {amount}").format(amount=money(point.net, currency))]
    if point.low is not None and point.high is not None:
        lines.append(between_money(point.low, point.high, currency))
    return (*lines, gettext("provisional")) if point.provisional else tuple(lines)


def kpi_words(
    kpi: KpiHistory,
    *,
    name: str,
    unit: str,
    actual: tuple[str, ...],
    counterfactual: tuple[str, ...] = (),
    baseline_intervals: str = "",
    kind: moments.Interval = "week",
) -> KpiWords:
    """Words for a KPI's chart.

    `actual` and `counterfactual` are what stands at the ends of the two lines (`actual_lines`), `baseline_intervals`
    how much the baseline rests on (“77 days”), `kind` the interval of the line.
    """
    step = _step(kpi)
    target = ""
    if kpi.target:
        target = gettext("target {value}").format(value=units.unit_value(kpi.target[-1][1], unit))
    return KpiWords(
        summary=kpi_summary(kpi, name=name, unit=unit),
        unit=units.axis_unit(unit),
        tick=lambda value: units.axis_value(value, unit, step=step),
        actual=actual,
        counterfactual=counterfactual,
        target=target,
        baseline=_baseline_words(kpi, unit, baseline_intervals),
        gap=lambda first, last: gettext("no data {when}").format(when=_dates(first, last)),
        hover=lambda point: _kpi_hover(point, unit, kind),
        times=time_words(),
    )


def actual_lines(value: float, unit: str, *, provisional: bool) -> tuple[str, ...]:
    """`11.7 min`, and under it that the last interval is still open."""
    now = units.unit_value(value, unit)
    return (now, gettext("so far, provisional")) if provisional else (now,)


def counterfactual_lines(how: str = "") -> tuple[str, ...]:
    """`without AI`, and under it how that is known (“control group”)."""
    return (gettext("without AI"), how) if how else (gettext("without AI"),)


def kpi_summary(kpi: KpiHistory, *, name: str, unit: str) -> str:
    """The picture in two sentences."""
    known = [p for p in kpi.line if p.value is not None]
    if not known:
        return gettext("{name}: nothing has been measured yet.").format(name=name)
    last = known[-1]
    now = gettext("{name} stands at {value} on {day}.")
    sentences = [now.format(name=name, value=units.unit_value(last.value or 0, unit), day=moments.day(_date(last.at)))]
    if kpi.baseline:
        before = gettext("Before the AI it was {value}.")
        sentences.append(before.format(value=units.unit_value(kpi.baseline.value, unit)))
    return " ".join(sentences)


def _baseline_words(kpi: KpiHistory, unit: str, intervals: str) -> str:
    if not kpi.baseline:
        return ""
    value = units.unit_value(kpi.baseline.value, unit)
    if kpi.baseline.declared:
        return gettext("baseline {value}, only declared").format(value=value)
    if intervals:
        return gettext("baseline {value}, {intervals}").format(value=value, intervals=intervals)
    return gettext("baseline {value}").format(value=value)


def _kpi_hover(point: SeriesPoint, unit: str, kind: moments.Interval) -> tuple[str, ...]:
    value = gettext("no data") if point.value is None else units.unit_value(point.value, unit)
    lines = (_named(point.at, kind), value)
    return (*lines, gettext("provisional")) if point.provisional else lines


def _named(at: Moment, kind: moments.Interval) -> str:
    if kind == "hour" and isinstance(at, datetime):
        return f"{moments.weekday(at.date())}, {at:%H:%M}"
    if kind == "week":
        return gettext("{week}, {day}").format(week=moments.week(_date(at)), day=moments.day(_date(at)))
    if kind == "month":
        return moments.month(_date(at))
    return moments.weekday(_date(at), year=True)


def _dates(first: Moment, last: Moment) -> str:
    if _date(first) == _date(last):
        return moments.day(_date(first), year=False)
    return gettext("{first} to {last}").format(
        first=moments.day(_date(first), year=False), last=moments.day(_date(last), year=False)
    )


def _date(at: Moment) -> date:
    return at.date() if isinstance(at, datetime) else at


def _step(kpi: KpiHistory) -> float:
    """The distance of two ticks, from which the axis takes its decimals: as the chart will choose it, or finer."""
    values = [p.value for p in [*kpi.line, *kpi.specks] if p.value is not None]
    ticks = value_ticks(min(values, default=0.0), max(values, default=1.0), at_most=12)
    return ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
