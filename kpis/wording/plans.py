"""Plan against actual in words: the sentence of the page, and what each bar means."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kpis.wording import amounts, moments

CAUSES: dict[str, tuple[Promise, Promise]] = {
    "delay": (
        gettext_lazy("Go-live"),
        gettext_lazy("what the plan expected between its go-live and the actual one, adoption counted anew from there"),
    ),
    "not_booked": (
        gettext_lazy("Nothing booked"),
        gettext_lazy("months of a planned benefit in which no entry was booked: missing data, or no driver yet"),
    ),
    "volume": (gettext_lazy("Volume"), gettext_lazy("more or fewer cases than planned, at planned effect and price")),
    "effect": (
        gettext_lazy("Effect"),
        gettext_lazy("a larger or smaller improvement of each case, at planned price; slower adoption shows here"),
    ),
    "price": (
        gettext_lazy("Price"),
        gettext_lazy("another unit value, realisation or attribution, at what was in fact saved"),
    ),
    "not_planned": (gettext_lazy("Not planned"), gettext_lazy("booked by value drivers that the plan does not know")),
    "cost": (pgettext_lazy("variance", "Cost"), gettext_lazy("planned costs less actual ones, by category")),
    "rest": (pgettext_lazy("variance", "Rest"), gettext_lazy("rounding to the cent")),
}
SCENARIOS: dict[str, Promise] = {
    "plan": gettext_lazy("as approved"),
    "as_measured": gettext_lazy("as measured, if nothing changes"),
    "low": gettext_lazy("at the low end of its range"),
    "high": gettext_lazy("at the high end of its range"),
}


def plan_headline(
    *, until: date, planned: Decimal, actual: Decimal, largest: tuple[str, Decimal] | None, currency: str
) -> str:
    """“By 31 Oct 2026 the business case expected €257,000 net. €254,000 came of it: …”"""
    said = {
        "day": moments.day(until),
        "planned": amounts.money_rounded(planned, currency),
        "actual": amounts.money_rounded(actual, currency),
        "difference": amounts.money_rounded(abs(actual - planned), currency),
    }
    if actual >= planned:
        sentence = _(
            "By %(day)s the business case expected %(planned)s net. %(actual)s came of it: %(difference)s more."
        )
    else:
        sentence = _(
            "By %(day)s the business case expected %(planned)s net. %(actual)s came of it: %(difference)s less."
        )
    if largest is None:
        return sentence % said
    cause, amount = largest
    rounded = amounts.round_to(amount, amounts.sentence_step(amount))
    part = {"cause": CAUSES[cause][0], "amount": amounts.money(rounded, currency, plus=True)}
    return sentence % said + " " + _("The largest part: %(cause)s, %(amount)s.") % part
