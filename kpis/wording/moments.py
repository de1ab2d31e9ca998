"""Dates and times as people say them: “Tue 24 Nov 2026, 09:12 Europe/Berlin”, “week 47”, “March 2026”, “Q3 2026”.

A clock time always names its zone. Times are shown in Django's current zone, which is the organisation's.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal

from django.utils import dateformat, timezone
from django.utils.dates import MONTHS, MONTHS_3, MONTHS_AP
from django.utils.translation import gettext, ngettext, pgettext

from kpis.wording.amounts import NO_BREAK, in_german, number

Interval = Literal["hour", "day", "week", "month", "quarter"]


def day(on: date, *, year: bool = True) -> str:
    """`24 Nov 2026`, German `24. Nov. 2026`. Of an instant: the day that it is then in the current zone."""
    on = _local(on)
    with_year = pgettext("date with year", "{day} {month} {year}")
    without = pgettext("date without year", "{day} {month}")
    text = (with_year if year else without).format(day=on.day, month=_short_month(on), year=on.year)
    return text.replace(" ", NO_BREAK)


def last_day(end: datetime) -> str:
    """The last day of a span that ends at the instant `end`, which does not belong to it: `30 Jan 2026`."""
    return day(end - timedelta(microseconds=1))


def rows_gone(before: datetime) -> str:
    """Why measurements before an instant are not shown."""
    text = gettext("Measurements before {day} are not kept any more. What was computed from them stays.")
    return text.format(day=day(before))


def weekday(on: date, *, year: bool = False) -> str:
    """`Tue 24 Nov`, German `Di., 24. Nov.`"""
    on = _local(on)
    text = pgettext("weekday before a date", "{weekday} {date}")
    return text.format(weekday=dateformat.format(on, "D"), date=day(on, year=year))


def clock_time(at: datetime, *, zone: bool = True) -> str:
    """`Tue 24 Nov 2026, 09:12 Europe/Berlin` in the current zone."""
    local = timezone.localtime(at)
    text = pgettext("date and time", "{date}, {time}").format(
        date=weekday(local.date(), year=True), time=f"{local:%H:%M}"
    )
    return f"{text} {timezone.get_current_timezone_name()}" if zone else text


def hour(at: datetime) -> str:
    """`09:12`, German `09:12 Uhr`: only where the day and the zone stand beside it."""
    text = pgettext("time of day", "{time}").format(time=f"{timezone.localtime(at):%H:%M}")
    return text.replace(" ", NO_BREAK)


def week(on: date) -> str:
    """`week 47`: the ISO week."""
    return gettext("week {number}").format(number=on.isocalendar().week).replace(" ", NO_BREAK)


def month(on: date) -> str:
    """`March 2026`."""
    return f"{MONTHS[on.month]} {on.year}"


def month_name(on: date) -> str:
    """`March`, where the year is plain."""
    return str(MONTHS[on.month])


def month_short(on: date, *, year: bool) -> str:
    """`Nov` or `Nov 2025`: the label of an axis."""
    return f"{_short_month(on)} {on.year}" if year else _short_month(on)


def quarter(on: date, *, fiscal_year_start: int = 1) -> str:
    """`Q3 2026`; a fiscal year that does not begin in January names both of its years: `Q3 2026/27`."""
    months = (on.month - fiscal_year_start) % 12
    began = on.year - (1 if on.month < fiscal_year_start else 0)
    year = str(began) if fiscal_year_start == 1 else f"{began}/{(began + 1) % 100:02d}"
    return gettext("Q{quarter} {year}").format(quarter=months // 3 + 1, year=year).replace(" ", NO_BREAK)


def interval(start: datetime, kind: Interval, *, fiscal_year_start: int = 1) -> str:
    """The name of one measurement interval by its start: an hour, a day, a week, a month, a quarter."""
    on = timezone.localtime(start).date()
    if kind == "hour":
        return clock_time(start, zone=False)
    if kind == "day":
        return weekday(on, year=True)
    if kind == "week":
        return gettext("week {number}, from {day}").format(number=on.isocalendar().week, day=day(on))
    return month(on) if kind == "month" else quarter(on, fiscal_year_start=fiscal_year_start)


def days_between(start: date, end: date) -> str:
    """`13 Oct 2025 to 30 Jan 2026`; `end` is the last day that counts."""
    if start == end:
        return day(start)
    text = gettext("{first} to {last}")
    return text.format(first=day(start, year=start.year != end.year), last=day(end))


def days(count: int) -> str:
    return ngettext("{number} day", "{number} days", count).format(number=number(count)).replace(" ", NO_BREAK)


def months(count: float) -> str:
    """`13.2 months`, whole numbers without a decimal."""
    digits = 0 if float(count).is_integer() else 1
    plural = ngettext("{number} month", "{number} months", 1 if count == 1 else 2)
    return plural.format(number=number(count, digits=digits)).replace(" ", NO_BREAK)


def intervals(count: int, kind: Interval) -> str:
    """`28 days`, `12 weeks`: how many intervals, in the interval's own word."""
    words = {
        "hour": ngettext("{number} hour", "{number} hours", count),
        "day": ngettext("{number} day", "{number} days", count),
        "week": ngettext("{number} week", "{number} weeks", count),
        "month": ngettext("{number} month", "{number} months", count),
        "quarter": ngettext("{number} quarter", "{number} quarters", count),
    }
    return words[kind].format(number=number(count)).replace(" ", NO_BREAK)


def age(span: timedelta) -> str:
    """How long ago: `40 s ago`, `5 min ago`, `3 h ago`, `2 days ago`."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        text = gettext("{number} s ago").format(number=seconds)
    elif seconds < 3600:
        text = gettext("{number} min ago").format(number=seconds // 60)
    elif seconds < 48 * 3600:
        text = gettext("{number} h ago").format(number=seconds // 3600)
    else:
        count = seconds // 86_400
        text = ngettext("{number} day ago", "{number} days ago", count).format(number=count)
    return text.replace(" ", NO_BREAK)


def length(span: timedelta) -> str:
    """How long: `20 s`, `5 min`, `1.5 h`, `2 days`."""
    seconds = max(0.0, span.total_seconds())
    if seconds < 60:
        text = gettext("{number} s").format(number=_short_number(seconds))
    elif seconds < 3600:
        text = gettext("{number} min").format(number=_short_number(seconds / 60))
    elif seconds < 48 * 3600:
        text = gettext("{number} h").format(number=_short_number(seconds / 3600))
    else:
        return days(round(seconds / 86_400))
    return text.replace(" ", NO_BREAK)


def _short_number(value: float) -> str:
    return number(value, digits=0 if value >= 10 or round(value, 1).is_integer() else 1)


def _short_month(on: date) -> str:
    """German uses the long-established abbreviations (`März`, `Sept.`), English three letters."""
    if in_german():
        return "Apr." if on.month == 4 else str(MONTHS_AP[on.month])
    return str(MONTHS_3[on.month]).capitalize()


def _local(on: date) -> date:
    """Midnight in Berlin is still the day before in UTC, which is how the database tells it."""
    return timezone.localtime(on).date() if isinstance(on, datetime) else on
