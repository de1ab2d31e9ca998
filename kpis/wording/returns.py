"""The names by which one return is quoted: each with its formula in words, and why it differs from the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kpis.wording import moments


@dataclass(frozen=True, slots=True)
class Named:
    """`formula` in words; `why` it is another figure than the ROI to date."""

    name: Promise
    formula: Promise
    why: Promise


NAMED = {
    "to_date": Named(
        gettext_lazy("ROI to date"),
        gettext_lazy("(came back − invested) ÷ invested"),
        gettext_lazy("The headline: booked benefits and actual costs up to now, nothing ahead."),
    ),
    "return_multiple": Named(
        gettext_lazy("Return multiple"),
        gettext_lazy("came back ÷ invested"),
        gettext_lazy("The same figure plus one: 3.50 for 1 spent is an ROI of 250%. Vendors like to mix the two."),
    ),
    "annualised": Named(
        gettext_lazy("ROI a year"),
        gettext_lazy("(1 + ROI) to the power of 365 ÷ days, minus 1"),
        gettext_lazy("Makes initiatives of different age comparable; not said under 90 days."),
    ),
    "run_rate": Named(
        gettext_lazy("Run-rate"),
        gettext_lazy("mean month of benefits ÷ mean month of recurring costs, minus 1"),
        gettext_lazy("How it runs now. Leaves out what was spent once, so it is never the headline."),
    ),
    "against_plan": Named(
        gettext_lazy("Against the plan"),
        gettext_lazy("ROI − ROI of the approved business case, in points"),
        gettext_lazy("Both over the same full months since the start."),
    ),
    "direct": Named(
        gettext_lazy("Cash view"),
        gettext_lazy("(direct benefits − invested) ÷ invested"),
        gettext_lazy("Without indirect benefits: satisfaction, retention, risk."),
    ),
    "traced": Named(
        gettext_lazy("Traced in the books"),
        gettext_lazy("(direct benefits without freed time − invested) ÷ invested"),
        gettext_lazy("Counts only what a ledger account shows; freed time that nothing has traced yet is left out."),
    ),
    "forecast": Named(
        gettext_lazy("To the end of the horizon"),
        gettext_lazy("(booked + carried on − all costs by then) ÷ all costs by then"),
        gettext_lazy(
            "A forecast: the last thirteen weeks go on, recurring costs are paid. Never added to what has happened."
        ),
    ),
    "three_years": Named(
        gettext_lazy("Three years, as published studies count"),
        gettext_lazy("(present value of benefits − of costs) ÷ of costs"),
        gettext_lazy(
            "The start undiscounted, each year discounted at its end. No risk factor on top: the assumptions carry low "
            "and high already."
        ),
    ),
    "npv_year_end": Named(
        gettext_lazy("NPV of the three years"),
        gettext_lazy("sum of the yearly net ÷ (1 + rate) to the power of the year"),
        gettext_lazy("By year ends, with what is carried on."),
    ),
    "npv": Named(
        gettext_lazy("NPV to date"),
        gettext_lazy("sum of each day's net ÷ (1 + rate) to the power of days ÷ 365"),
        gettext_lazy("By day, and only what has flowed: not comparable with the NPV of three years."),
    ),
    "irr": Named(
        gettext_lazy("Internal rate of return"),
        gettext_lazy("the yearly rate at which the NPV to date is zero"),
        gettext_lazy("Has no size: a small initiative can have a large one."),
    ),
    "mirr": Named(
        gettext_lazy("Modified rate of return"),
        gettext_lazy("inflows carried to the end ÷ outlays discounted to the start, as a rate a year"),
        gettext_lazy("Offered because several internal rates fit; it is the only one of its kind."),
    ),
}  # fmt: skip


def months_meant(months: tuple[date, ...]) -> str:
    """“Aug to Oct 2026”, for a run-rate."""
    first, last = moments.month(months[0]), moments.month(months[-1])
    return first if first == last else _("%(first)s to %(last)s") % {"first": first, "last": last}
