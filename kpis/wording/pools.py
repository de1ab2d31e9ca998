"""The words about pools: their rules, quantities and what is not in order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kpis.wording import moments
from kpis.wording.amounts import money_exact, number


class Pooled(Protocol):
    """A pool, pointed at without knowing the room above that owns it."""

    unit: str
    currency: str


RULES: dict[str, str | Promise] = {
    "best_evidence": gettext_lazy("The same hours: the better evidence counts"),
    "in_order": gettext_lazy("Different hours: added up to the capacity, better evidence first"),
    "pro_rata": gettext_lazy("Different hours: beyond the capacity all give up the same share"),
    "one_process": gettext_lazy("Hours of one process: each takes its share of what the others leave"),
}
RULES_OF_MONEY: dict[str, str | Promise] = {
    "best_evidence": gettext_lazy("The same money: the better evidence counts"),
    "in_order": gettext_lazy("Different money: added up to the capacity, better evidence first"),
    "pro_rata": gettext_lazy("Different money: beyond the capacity all give up the same share"),
    "one_process": gettext_lazy("Money of one process: each takes its share of what the others leave"),
}


def rules_of(unit: str) -> dict[str, str | Promise]:
    """By the rule's key, for a pool of this unit."""
    return RULES_OF_MONEY if unit == "money" else RULES


def quantity(value: Decimal, unit: str, currency: str) -> str:
    """`1,234 h`, or money."""
    return money_exact(value, currency) if unit == "money" else _("%(hours)s h") % {"hours": number(value)}


def same_hours(first: str, second: str, amount: Decimal, currency: str) -> str:
    """Two initiatives by name; what of the second's claim counts nothing."""
    sentence = _("%(amount)s that “%(second)s” claims do not count: “%(first)s” claims the same and comes first.")
    return sentence % {"first": first, "second": second, "amount": money_exact(amount, currency)}


def over_capacity(names: list[str], month: date, months: int, claimed: str, there: str) -> str:
    """The worst of the months in which more is claimed than there is."""
    sentence = ngettext(
        "%(names)s claim more than there is: in %(month)s %(claimed)s of %(there)s.",
        "%(names)s claim more than there is in %(n)d months: in %(month)s %(claimed)s of %(there)s.",
        months,
    )
    named = {"names": ", ".join(names), "month": moments.month(month), "n": months}
    return sentence % {**named, "claimed": claimed, "there": there}


def attributed_twice(drivers: list[str], whole: Decimal) -> str:
    """Drivers on one KPI whose attributions come to more than 1."""
    sentence = _("%(drivers)s rest on the same KPI, and their attributions come to %(whole)s: more than all of it.")
    named = ", ".join(f"“{driver}”" for driver in drivers)
    return sentence % {"drivers": named, "whole": number(whole, digits=2)}


def headline(claimed: int, twice: str, over: int) -> str:
    """`claimed`: pools on which more than one initiative draws; `twice`: what is claimed again, as money."""
    if not claimed:
        return _("No pool is claimed by more than one initiative.")
    sentence = ngettext(
        "%(n)d pool is claimed by more than one initiative.",
        "%(n)d pools are claimed by more than one initiative.",
        claimed,
    )
    found = [sentence % {"n": claimed}]
    if twice:
        found.append(_("%(amount)s are claimed twice and counted once.") % {"amount": twice})
    if over:
        found.append(_("More is claimed than there is of: %(n)d.") % {"n": over})
    return " ".join(found)
