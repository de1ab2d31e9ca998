"""The filters of `kpis.wording`, nothing more. `None` becomes a dash: the page says beside it why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kpis.wording import amounts, assumptions, digests, moments, senders, sources, uncertainty, units, verdicts
from kpis.wording.amounts import Number
from kpis.wording.reasons import reason as reason_said
from kpis.wording.settlement import settlement_said

register = template.Library()

NONE = "–"


@register.filter
def money(value: Number | None, currency: str) -> str:
    """`€655,000`: whole units."""
    return NONE if value is None else amounts.money(value, currency)


@register.filter
def money_exact(value: Number | None, currency: str) -> str:
    """`€454,175.06`."""
    return NONE if value is None else amounts.money_exact(value, currency)


@register.filter
def money_rounded(value: Number | None, currency: str) -> str:
    """`€454,000`: for sentences."""
    return NONE if value is None else amounts.money_rounded(value, currency)


@register.filter
def exchange_rate(value: Number) -> str:
    """`0.9234`: all of its digits."""
    return amounts.as_measured(float(value))


@register.filter
def cents(value: Number | None, currency: str = "EUR") -> SafeString | str:
    """`454,175.06` without a currency, the cents smaller and muted: for columns."""
    if value is None:
        return NONE
    parts = amounts.money_parts(value, currency)
    return format_html('{}<span class="cents">{}</span>', parts.whole, parts.cents)


@register.filter
def signed_cents(value: Number | None, currency: str = "EUR") -> SafeString | str:
    """As `cents`, a gain with its plus: for adjustments and differences."""
    if value is None:
        return NONE
    parts = amounts.money_parts(value, currency, plus=True)
    return format_html('{}<span class="cents">{}</span>', parts.whole, parts.cents)


@register.filter
def money_cents(value: Number | None, currency: str) -> SafeString | str:
    """`€454,175.06` with the cents smaller and muted: for a figure that stands alone."""
    if value is None:
        return NONE
    parts = amounts.money_parts(value, currency)
    whole = amounts.money(value, currency, digits=amounts.cent_digits(currency))
    before, after = whole.split(parts.cents, 1) if parts.cents else (whole, "")
    return format_html('{}<span class="cents">{}</span>{}', before, parts.cents, after)


@register.filter
def number(value: Number | None, digits: int = 0) -> str:
    return NONE if value is None else amounts.number(value, digits=digits)


@register.filter
def significant(value: Number | None, digits: int = 3) -> str:
    return NONE if value is None else amounts.significant(value, digits=digits)


@register.filter
def rate(points_a_minute: float) -> str:
    return senders.rate(points_a_minute)


@register.filter
def as_measured(value: float | None) -> str:
    return NONE if value is None else amounts.as_measured(value)


@register.filter
def share(value: Number | None, digits: int = 1) -> str:
    """0.222 as `22.2%`."""
    return NONE if value is None else amounts.share(value, digits=digits)


@register.filter
def points(value: Number | None, digits: int = 1) -> str:
    """4.2 as `4.2 points`."""
    return NONE if value is None else amounts.points(value, digits=digits)


@register.filter
def unit_value(value: Number | None, unit: str) -> str:
    """`11.7 min`, `82.0%`, `14 tickets`."""
    return NONE if value is None else units.unit_value(value, unit)


@register.filter
def unit_difference(value: Number | None, unit: str) -> str:
    """As `unit_value`, but the difference of two shares or percentages is in points."""
    return NONE if value is None else units.difference(value, unit)


@register.filter
def unit_name(unit: str) -> str:
    """`min/{ticket}` as “minutes per ticket”."""
    return units.unit_name(unit)


@register.filter
def between_money(ends: tuple[Number, Number] | None, currency: str) -> str:
    """A pair of ends as `between €51,000 and €141,000`."""
    return "" if ends is None or None in ends else uncertainty.between_money(*ends, currency)


@register.filter
def between_shares(ends: tuple[Number, Number] | None, digits: int = 0) -> str:
    """A pair of ends as `between 11% and 31%`."""
    return "" if ends is None or None in ends else uncertainty.between_shares(*ends, digits=digits)


@register.filter
def share_range(ends: tuple[Number, Number] | None) -> str:
    """A pair of ends as `153 to 198%`."""
    return "" if ends is None or None in ends else uncertainty.share_range(*ends)


@register.filter
def between_days(ends: tuple[date, date] | None) -> str:
    return "" if ends is None or None in ends else uncertainty.between_days(*ends)


@register.filter
def between_values(ends: tuple[float, float] | None, unit: str) -> str:
    if ends is None or None in ends:
        return ""
    return uncertainty.between_values(*ends, lambda end: units.unit_value(end, unit))


@register.filter
def day(on: date | None) -> str:
    """`24 Nov 2026`."""
    return NONE if on is None else moments.day(on)


@register.filter
def last_day(end: datetime | None) -> str:
    """`30 Jan 2026` of a span that ends with that day, at midnight."""
    return NONE if end is None else moments.last_day(end)


@register.filter
def short_day(on: date | None) -> str:
    """`24 Nov`, where the year is plain."""
    return NONE if on is None else moments.day(on, year=False)


@register.filter
def weekday(on: date | None) -> str:
    """`Tue 24 Nov`."""
    return NONE if on is None else moments.weekday(on)


@register.filter
def clock_time(at: datetime | None) -> str:
    """`Tue 24 Nov 2026, 09:12 Europe/Berlin`."""
    return NONE if at is None else moments.clock_time(at)


@register.filter
def rows_gone(before: datetime) -> str:
    return moments.rows_gone(before)


@register.filter
def hour(at: datetime | None) -> str:
    """`09:12`, beside a day."""
    return NONE if at is None else moments.hour(at)


@register.filter
def week(on: date | None) -> str:
    return NONE if on is None else moments.week(on)


@register.filter
def month(on: date | None) -> str:
    """`March 2026`."""
    return NONE if on is None else moments.month(on)


@register.filter
def months(count: float | None) -> str:
    """13.2 as `13.2 months`."""
    return NONE if count is None else moments.months(count)


@register.filter
def interval_name(start: datetime | None, kind: str) -> str:
    """The name of a measurement interval by its start: a day, `week 47, from 16 Nov 2026`, `March 2026`."""
    return NONE if start is None else moments.interval(start, kind)  # type: ignore[arg-type]


@register.filter
def length_of_time(span: timedelta | None) -> str:
    """`5 min`: how long something lasts or how often it comes."""
    return NONE if span is None else moments.length(span)


@register.filter
def ago(span: timedelta | None) -> str:
    """`40 s ago`."""
    return NONE if span is None else moments.age(span)


@register.filter
def reason(said: str | None) -> str:
    """Why there is no number: the sentence of a lower room in the reader's language."""
    return reason_said(said) if said else ""


@register.filter
def verdict(key: str, kind: str = "kpi") -> SafeString:
    """A verdict with its sign and tone: `{{ effect.verdict|verdict }}`, `{{ row.verdict|verdict:"money" }}`."""
    found = {"kpi": verdicts.KPI, "money": verdicts.MONEY, "benchmark": verdicts.BENCHMARK}[kind][key]
    if kind == "benchmark":
        sign = format_html('<span class="benchmark-word">{}</span> ', found.sign) if found.sign else ""
        return format_html("{}{}", sign, found.word)
    return format_html('<b class="verdict {}">{}</b>', found.tone, str(found))


@register.filter
def signed_money(value: Number | None, currency: str) -> str:
    """`+€454,175.06`: a difference in a sentence."""
    return NONE if value is None else amounts.money_exact(value, currency, plus=True)


@register.filter
def as_money(text: str | None) -> Decimal | None:
    """An amount that was kept as text."""
    return None if text is None else Decimal(text)


@register.filter
def why(causes: str) -> str:
    """Why a figure is another one than when it was presented: `late data, changed assumption`."""
    return ", ".join(str(verdicts.SINCE.get(cause, cause)) for cause in causes.split(", "))


@register.filter
def settlement(shares: Mapping[str, float] | None) -> str:
    """`82% reconciled, 12% invoiced, 6% estimated`."""
    return settlement_said(shares)


@register.filter
def word(key: str, kind: str) -> str:
    """The word for a stored key: `{{ kpi.category|word:"category" }}`; an unknown key is shown as it is."""
    tables = {
        "entry_status": verdicts.ENTRY_STATUSES,
        "driver_kind": verdicts.DRIVER_KINDS,
        "driver_trap": verdicts.DRIVER_TRAPS,
        "cause": verdicts.CAUSES,
        "assumption_kind": assumptions.KINDS,
        "untraced": verdicts.UNTRACED,
        "period_status": verdicts.PERIOD_STATUSES,
        "category": verdicts.CATEGORIES,
        "phase": verdicts.PHASES,
        "rhythm": verdicts.RHYTHMS,
        "direction": verdicts.DIRECTIONS,
        "evidence": verdicts.EVIDENCE,
        "method": verdicts.METHODS,
        "cost_category": verdicts.COST_CATEGORIES,
        "settlement": verdicts.SETTLEMENTS,
        "recurrence": verdicts.RECURRENCES,
        "source_kind": sources.KINDS,
        "source_state": sources.STATES,
        "run_state": sources.RUNS,
        "reason": sources.REASONS,
        "mail_state": digests.FATES,
        "mail_error": digests.MAIL_ERRORS,
        "rejection": sources.REJECTIONS,
        "rule_kind": sources.RULE_KINDS,
    }
    return str(tables[kind].get(key, key))
