"""Ranges in words: “between €51,000 and €141,000”, never ±. Both ends are rounded alike, so that they compare."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.utils.translation import gettext

from kpis.wording.amounts import (
    NO_BREAK,
    SHARE_SHOWN_AS_MULTIPLE,
    SYMBOLS,
    Number,
    in_german,
    money,
    number,
    percent,
    round_to,
    sentence_step,
    share,
    thousands_unit,
)
from kpis.wording.moments import day


def between(low: str, high: str) -> str:
    """Two ends that are words already."""
    return gettext("between {low} and {high}").format(low=low, high=high)


def between_money(low: Number, high: Number, currency: str) -> str:
    """`between €51,000 and €141,000`, German `zwischen 51.000 und 141.000 €`; rounded by the larger end."""
    step = max(sentence_step(low), sentence_step(high))
    low, high = round_to(low, step), round_to(high, step)
    first = number(low) if in_german() else money(low, currency)
    return between(first, money(high, currency))


def between_thousands(low: Number, high: Number, unit: str) -> str:
    """For a label in a chart: `between 215 and 375 k€`."""
    return between(number(float(low) / 1000), f"{number(float(high) / 1000)}{NO_BREAK}{unit}")


def money_range(low: Number, high: Number, currency: str) -> str:
    """The short form of a narrow column, on one line: `−176 to −151 k€`; small amounts in whole units."""
    big = max(abs(float(low)), abs(float(high))) >= 10_000
    scale, unit = (1000, thousands_unit(currency)) if big else (1, SYMBOLS.get(currency, currency))
    ends = {"low": number(float(low) / scale), "high": f"{number(float(high) / scale)} {unit}"}
    return gettext("{low} to {high}").format(**ends).replace(" ", NO_BREAK)


def between_shares(low: Number, high: Number, *, digits: int = 0) -> str:
    """`between 11% and 31%`."""
    return between(share(low, digits=digits), share(high, digits=digits))


def share_range(low: Number, high: Number) -> str:
    """The short form of a table cell: `153 to 198%`, German `153 bis 198 %`."""
    if max(abs(float(low)), abs(float(high))) >= SHARE_SHOWN_AS_MULTIPLE:
        return gettext("{low} to {high}").format(low=share(low), high=share(high))
    ends = {"low": number(float(low) * 100), "high": percent(float(high) * 100, digits=0)}
    return gettext("{low} to {high}").format(**ends)


def between_days(low: date, high: date) -> str:
    """`between 27 Aug and 19 Oct`; with years where they differ."""
    years = low.year != high.year
    return between(day(low, year=years), day(high, year=years))


def between_values(low: float, high: float, said: Callable[[float], str]) -> str:
    """Any other unit: `said` writes one end."""
    return between(said(low), said(high))
