"""Tags for what needs more than one value: ranges, headlines with their doors, addresses of proofs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django import template
from django.utils.safestring import SafeString

from kpis.wording import amounts, assumptions, marks, moments, pools, uncertainty
from kpis.wording.amounts import Number
from kpis.wording.headline import Headline
from kpis.wording.pools import Pooled

register = template.Library()


@register.simple_tag
def between_money_of(low: Number | None, high: Number | None, currency: str) -> str:
    """`between €51,000 and €141,000`; empty where there is no range."""
    return "" if low is None or high is None else uncertainty.between_money(low, high, currency)


@register.simple_tag
def between_shares_of(low: Number | None, high: Number | None) -> str:
    """`between 11% and 31%`; empty where there is no range."""
    return "" if low is None or high is None else uncertainty.between_shares(low, high)


@register.simple_tag
def share_range_of(low: Number | None, high: Number | None) -> str:
    """`153 to 198%`; empty where there is no range."""
    return "" if low is None or high is None else uncertainty.share_range(low, high)


@register.simple_tag
def quantity_of(value: Decimal | None, pool: Pooled) -> str:
    """`1,234 h`, or money: what is claimed of a pool, or what there is."""
    return "–" if value is None else pools.quantity(value, pool.unit, pool.currency)


@register.simple_tag
def stated_of(value: Number | None, is_share: bool, currency: str, per: str = "") -> str:
    """`65%`, `€38.50` or `€38.50/h`: a value of an assumption, with all the digits that were stated."""
    if value is None:
        return "–"
    said = assumptions.stated(value, is_share=is_share, currency=currency)
    return f"{said}/{per.strip('{}')}" if per and per != currency else said


@register.simple_tag
def break_even_of(value: float, is_share: bool, currency: str) -> str:
    """`58.4%` or `€32.17`: rounded as people read it."""
    return amounts.share(value) if is_share else amounts.money_exact(value, currency)


@register.filter
def linked(headline: Headline, doors: Mapping[str, str] | None = None) -> SafeString:
    """A headline whose figures open their proofs."""
    return headline.html(doors)


@register.filter
def currency_sign(currency: str) -> str:
    """`€`."""
    return amounts.SYMBOLS.get(currency, currency)


@register.simple_tag
def sources_current(current: int, total: int) -> str:
    """`5 of 6 sources current`."""
    return marks.sources_current(current, total)


@register.filter
def clock_time_plain(at: datetime | None) -> str:
    """`19 Nov 2026, 08:59`: the zone stands above the table."""
    return "–" if at is None else f"{moments.day(at)}, {moments.hour(at)}"
