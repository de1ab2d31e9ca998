"""The verdict words: of a KPI, of an initiative's money, of a benchmark; of evidence, categories, phases and methods.

Never “significant”. Better and worse carry a sign as well as a colour, and no word where nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

Tone = Literal["better", "worse", ""]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A word, its sign (▲ ▼ ◆ or none) and the tone in which it is set (a class of marks.css)."""

    key: str
    word: str | Promise
    sign: str = ""
    tone: str = ""

    def __str__(self) -> str:
        return f"{self.sign} {self.word}".strip()


KPI = {
    "improved": Verdict("improved", gettext_lazy("improved"), "▲", "better"),
    "worse": Verdict("worse", gettext_lazy("worse"), "▼", "worse"),
    "no_clear_change": Verdict("no_clear_change", gettext_lazy("no clear change")),
    "not_enough_data": Verdict("not_enough_data", gettext_lazy("not enough data yet")),
}
MONEY = {
    "pays": Verdict("pays", gettext_lazy("pays"), "▲", "better"),
    "loses": Verdict("loses", gettext_lazy("loses"), "▼", "worse"),
    "costs_more": Verdict("costs_more", gettext_lazy("costs more"), "▼", "worse"),
    "cannot_be_proved": Verdict("cannot_be_proved", gettext_lazy("cannot be proved")),
    "too_early": Verdict("too_early", gettext_lazy("too early to say")),
    "no_costs_yet": Verdict("no_costs_yet", gettext_lazy("no costs yet")),
}
BENCHMARK = {
    "ahead": Verdict("ahead", pgettext_lazy("of the industry", "ahead"), "◆", "benchmark-word"),
    "level": Verdict("level", pgettext_lazy("with the industry", "level"), "◆", "benchmark-word"),
    "behind": Verdict("behind", pgettext_lazy("the industry", "behind"), "◆", "benchmark-word"),
    "best": Verdict("best", pgettext_lazy("of all published", "best"), "◆", "benchmark-word"),
    "worst": Verdict("worst", pgettext_lazy("of all published", "last"), "◆", "benchmark-word"),
    "none": Verdict("none", gettext_lazy("no figure that matches")),
    "not_compared": Verdict("not_compared", gettext_lazy("not compared")),
}
EVIDENCE = {
    "A": gettext_lazy("control group"),
    "B": gettext_lazy("time series"),
    "C": gettext_lazy("before and after"),
    "D": gettext_lazy("declared"),
}
METHODS = {
    "did": gettext_lazy("difference-in-differences against a control group"),
    "difference_in_differences": gettext_lazy("difference-in-differences against a control group"),
    "its": gettext_lazy("interrupted time series"),
    "interrupted": gettext_lazy("interrupted time series"),
    "ar1": gettext_lazy("difference of means, neighbouring intervals allowed to be alike"),
    "welch": gettext_lazy("difference of means"),
    "difference": gettext_lazy("difference of means"),
    "declared": gettext_lazy("against a declared value"),
}
CATEGORIES = {
    "efficiency": gettext_lazy("efficiency"),
    "quality": gettext_lazy("quality"),
    "cost": gettext_lazy("cost"),
    "innovation": gettext_lazy("innovation"),
}
PHASES = {
    "proof_of_concept": gettext_lazy("proof of concept"),
    "stabilisation": gettext_lazy("stabilisation"),
    "integration": gettext_lazy("integration"),
    "optimisation": gettext_lazy("optimisation"),
    "retired": gettext_lazy("retired"),
}
RHYTHMS = {
    "hour": gettext_lazy("hourly"),
    "day": gettext_lazy("daily"),
    "week": gettext_lazy("weekly"),
    "month": gettext_lazy("monthly"),
    "quarter": gettext_lazy("quarterly"),
}
DIRECTIONS = {"increase": gettext_lazy("more is better"), "decrease": gettext_lazy("less is better")}
COST_CATEGORIES = {
    "infrastructure": gettext_lazy("Infrastructure"),
    "personnel": gettext_lazy("Personnel"),
    "licence": gettext_lazy("Licences"),
    "external": gettext_lazy("External services"),
    "training": gettext_lazy("Training"),
    "other": gettext_lazy("Other costs"),
}
RECURRENCES = {
    "none": gettext_lazy("once"),
    "monthly": gettext_lazy("monthly"),
    "quarterly": gettext_lazy("quarterly"),
    "yearly": gettext_lazy("yearly"),
}
SETTLEMENTS = {
    "estimated": gettext_lazy("estimated"),
    "invoiced": gettext_lazy("invoiced"),
    "reconciled": gettext_lazy("reconciled"),
}
DRIVER_KINDS = {
    "time": gettext_lazy("time saved"),
    "errors": gettext_lazy("errors avoided"),
    "cost_avoidance": gettext_lazy("cost avoided"),
    "conversion": gettext_lazy("conversion"),
    "deflection": gettext_lazy("deflection"),
    "throughput": gettext_lazy("throughput"),
    "ramp_up": gettext_lazy("ramp-up"),
    "free_form": gettext_lazy("free form"),
}
# What a driver of the kind usually overstates. Source: docs/methods.md "Value drivers".
DRIVER_TRAPS = {
    "time": gettext_lazy(
        "The time is for each unit of the volume, and the volume counts what was done with and without AI. Measured on "
        "users only, it says nothing of the others."
    ),
    "errors": gettext_lazy("The price is rework and compensation; rare large losses are a driver of their own."),
    "cost_avoidance": gettext_lazy("The plan that was not spent must have been approved before; else it is indirect."),
    "conversion": gettext_lazy(
        "The price is the contribution margin, not revenue; returns and sales that move come off."
    ),
    "deflection": gettext_lazy(
        "A published cost per contact is an average, what is saved is marginal: the realisation is below 1."
    ),
    "throughput": gettext_lazy(
        "More output is worth something where it is sold: the realisation is the share that is."
    ),
    "ramp_up": gettext_lazy(
        "The days are saved once for each person who starts, not each month for each who is there."
    ),
    "free_form": gettext_lazy("Nothing is checked against a kind: price and unit factor are as somebody stated them."),
}
CAUSES = {
    "late_data": gettext_lazy("late data"),
    "corrected_data": gettext_lazy("corrected data"),
    "assumption": gettext_lazy("changed assumption"),
    "baseline": gettext_lazy("changed baseline"),
    "driver": gettext_lazy("changed value driver or go-live"),
    "overlap": gettext_lazy("other claims on the same pool"),
    "saving": gettext_lazy("the saving itself was adjusted"),
    "shared": gettext_lazy("another value driver takes another part of it"),
}
UNTRACED = {
    "running": gettext_lazy("not over yet"),
    "gap": gettext_lazy("no value: nothing is traced"),
    "nothing_before": gettext_lazy("nothing is known from before go-live: nothing is traced"),
    "no_price": gettext_lazy("its unit has no price here: nothing is traced"),
}
# Why a figure is another one than when it was presented; adjustments bring their own causes.
SINCE = CAUSES | {
    "earned_since": gettext_lazy("earned since then"),
    "paid_since": gettext_lazy("paid since then"),
    "cost_added": gettext_lazy("cost entered later"),
    "cost_changed": gettext_lazy("cost changed"),
    "cost_gone": gettext_lazy("cost taken away"),
    "exchange_rate": gettext_lazy("another exchange rate"),
    "initiative_joined": gettext_lazy("initiative that joined"),
    "initiative_left": gettext_lazy("initiative that is gone"),
    "other_currency": gettext_lazy("initiatives in other currencies"),
}
PERIOD_STATUSES = {
    "closed": pgettext_lazy("of a period", "closed"),
    "open": pgettext_lazy("of a period", "to be closed"),
    "running": pgettext_lazy("of a period", "running"),
}
ENTRY_STATUSES = {
    "open": gettext_lazy("open period"),
    "closed": gettext_lazy("closed period"),
    "adjustment": gettext_lazy("adjustment"),
}
