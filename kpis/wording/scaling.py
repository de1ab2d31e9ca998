"""Pilot to scale in words: the kinds of cost that a roll-out usually has, and the sentence of the page."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kpis.calculations.scaling import Projection
from kpis.wording import amounts

PARTS: dict[str, Promise] = {
    "licence": gettext_lazy("licences"),
    "infrastructure": gettext_lazy("infrastructure and usage"),
    "integration": gettext_lazy("integration"),
    "training": gettext_lazy("training"),
    "support": gettext_lazy("support"),
    "governance": gettext_lazy("governance and review"),
}


def scale_headline(found: Projection, *, currency: str) -> str:
    """“With 400 users after 24 months it would come to €…: if those who were not measured bring what is stated.”"""
    low, likely, high = found.cumulative_net()[-1]
    said = {
        "users": amounts.number(found.months[-1].users),
        "months": amounts.number(len(found.months)),
        "net": amounts.money_rounded(likely, currency),
        "low": amounts.money_rounded(low, currency),
        "high": amounts.money_rounded(high, currency),
    }
    sentence = _(
        "With %(users)s users, after %(months)s months, it would come to %(net)s net, between %(low)s and %(high)s."
    )
    if found.evidence_ends is None:
        return sentence % said
    return sentence % said + " " + _("From month %(month)s on this is an assumption.") % {"month": found.evidence_ends}


def missing_said(found: Projection) -> str:
    """“Not in it: support, governance and review.” Empty where every usual kind is there."""
    if not found.missing:
        return ""
    return _("Not in it: %(parts)s.") % {"parts": ", ".join(str(PARTS[part]) for part in found.missing)}
