"""Why there is no number, in the reader's language.

The rooms that reckon know no language: they say a reason as an English sentence, which is stored and which the API
answers. Pages and mails show it through `reason`. What varies in a sentence (a count, a name, a date) stands in braces.
"""

from __future__ import annotations

import re
from datetime import date

from django.utils.translation import gettext, gettext_noop

from kpis.wording import moments

WHOLE = frozenset(
    {
        gettext_noop("There is no approved baseline yet."),
        gettext_noop("The initiative is not live yet, so there is nothing to compare."),
        gettext_noop("The initiative has no go-live date, so before and after cannot be told apart."),
        gettext_noop(
            "The interval leaves out zero, but the one that is valid under daily looks does not: not clear yet."
        ),
        gettext_noop("The control group of the baseline has no data in common with it any more."),
        gettext_noop("There is no complete interval since go-live."),
        gettext_noop("There is no complete interval after go-live yet."),
        gettext_noop("There is no complete interval in the baseline."),
        gettext_noop("The baseline was declared, not measured, so there is no interval and no verdict."),
        gettext_noop("The baseline is zero, so there is no share of it."),
        gettext_noop("The baseline is too uncertain, or too near zero, to bound a share of it."),
        gettext_noop("No control group is compared."),
        gettext_noop("The control group has no interval in common."),
        gettext_noop("The values are too large to be compared."),
        gettext_noop("The values were taken as independent of each other."),
        gettext_noop("The values do not vary, so nothing can be said about their uncertainty."),
        gettext_noop("These intervals do not tell the effect from the season or the trend."),
        gettext_noop("There are few intervals, so the interval is wide and rests on assumptions."),
        gettext_noop("There are too few intervals to estimate how they depend on each other; 0.3 is assumed."),
        gettext_noop("The values vary otherwise than the model assumes; the wider of two intervals is shown."),
        gettext_noop("The baseline was already moving, but it is too short to continue its trend."),
        gettext_noop("The trend of the baseline is carried on no further than the baseline is long."),
        gettext_noop("Both groups already moved apart before go-live, so the control group may mislead."),
        gettext_noop("The control group moved the same way at go-live: perhaps it uses the tool too."),
        gettext_noop("Data of the baseline's window changed after it was approved; its approved value holds."),
        gettext_noop("The baseline rests on data that arrived only after go-live."),
        gettext_noop("Days and longer intervals are cut otherwise since; the values before are computed anew so."),
        gettext_noop("Days and longer intervals are cut otherwise since this draft was measured. Measure it anew."),
        gettext_noop("Intervals in which only one of both groups was measured are left out."),
        gettext_noop("Other changes near go-live or another mix of cases could explain the effect as well."),
        gettext_noop("No value of it alone brings the net to zero."),
        gettext_noop("No share between 0 and 1 brings the net to zero."),
        gettext_noop("Nothing that rests on it has been booked yet."),
        gettext_noop("There are no costs yet."),
        gettext_noop("There are no costs yet, so there is no return on them."),
        gettext_noop("The refunds are larger than the costs."),
        gettext_noop("The costs are too small beside the benefits for a share to be stated."),
        gettext_noop("There was no outlay to pay back."),
        gettext_noop("The costs have not been earned back yet."),
        gettext_noop("There are no flows."),
        gettext_noop("At this discount rate the present value is too large to be stated."),
        gettext_noop("At this discount rate the flows are too large to be stated."),
        gettext_noop("Neither costs nor benefits have been booked yet."),
        gettext_noop("Nothing has been booked yet, so there is no range."),
        gettext_noop("A forecast needs at least four weeks of booked benefits."),
        gettext_noop("More than everything was lost, and no yearly rate leads there."),
        gettext_noop("The yearly rate would be too large to mean anything."),
        gettext_noop("No cost recurs, so there is nothing that a running year would cost."),
        gettext_noop("There are no costs in the three years."),
        gettext_noop("Money flows one way only, so there is no rate of return."),
        gettext_noop("The flows lie too close together for a yearly rate."),
        gettext_noop("It is offered where several internal rates of return fit."),
        gettext_noop("Money comes in first: read the rate like the price of a loan."),
        gettext_noop("All flows lie within 30 days; a yearly rate says nothing about them."),
        gettext_noop("There are no costs, so there is no rate of return."),
        gettext_noop("There are only costs so far, so there is no rate of return."),
        gettext_noop("At no rate are the flows worth nothing."),
        gettext_noop("Several rates fit, because the flows change their sign more than once."),
        gettext_noop("Neither a start nor a go-live is set, so there is no horizon to look ahead to."),
        gettext_noop("A projection needs three full months of booked benefits."),
        gettext_noop("No business case was approved, so there is no plan to compare with."),
        gettext_noop("No full month has passed since the business case begins."),
        gettext_noop("Plans are compared initiative by initiative."),
        gettext_noop("The horizon is over: what was booked is what came of it."),
        gettext_noop("It is not live yet, and the three years count from go-live."),
    }
)
WITH_PARTS = (
    gettext_noop("Not enough data: the baseline holds {before} of the {needed} intervals that a range needs."),
    gettext_noop(
        "Not enough data yet: {after} of {needed} intervals since go-live. {more} more are needed, about until {on}."
    ),
    gettext_noop(
        "There is not enough data: {before} of {needed_before} intervals before go-live"
        " and {after} of {needed_after} after it."
    ),
    gettext_noop(
        "The baseline was measured as {was} (version {old}), the KPI is now measured as {now} (version {new}), so they"
        " are not compared. A new baseline can be."
    ),
    gettext_noop("Daily monitoring begins with {count} intervals after go-live."),
    gettext_noop("The cost “{name}” in {currency} is not in the sum: no exchange rate holds on {on}."),
    gettext_noop("“{name}” in {currency} is not in the sum: no exchange rate holds on {on}."),
    gettext_noop("No error of the measured difference is known for: {names}."),
    gettext_noop("The business case is in {currency} and the initiative in {other}."),
    gettext_noop("A yearly rate needs {needed} days; there are {days}."),
    gettext_noop("The run-rate needs {needed} full months; there are {months}."),
    gettext_noop("As it stands today, because it cannot be carried on: {names}."),
    gettext_noop("Not in the three years, because it cannot be carried on: {names}."),
)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(text)), re.DOTALL)


PATTERNS = tuple((text, _pattern(text)) for text in WITH_PARTS)


def reason(said: str) -> str:
    """The sentence in the reader's language; one that nobody has listed here stays as it was said."""
    if said in WHOLE:
        return gettext(said)
    for text, pattern in PATTERNS:
        found = pattern.fullmatch(said)
        if found:
            return gettext(text).format(**{name: _part(name, part) for name, part in found.groupdict().items()})
    return said


def _part(name: str, part: str) -> str:
    """A date as a reader writes it; anything else as it is."""
    return moments.day(date.fromisoformat(part)) if name == "on" else part
