"""What needs a decision, in words: the same on the portfolio page and in a mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from kpis.wording.amounts import money, money_exact, money_rounded, share
from kpis.wording.moments import weekday


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """`rule` is a key of `alerts.decisions.Rule`; `names` are what it is about, `rate` what an assumption says."""

    rule: str
    names: tuple[str, ...]
    who: str = ""
    money: Decimal | None = None
    currency: str = ""
    since: datetime | None = None
    rate: Decimal | None = None
    rate_is_share: bool = False
    destroys: bool = False  # the benefit itself is negative


@dataclass(frozen=True, slots=True)
class DecisionWords:
    """Whole sentences and short cells: what it is, why, what is at stake, who decides, and the verb of its link."""

    what: str
    why: str
    stake: str
    who: str
    verb: str


def decision_words(facts: DecisionFacts) -> DecisionWords:
    return _WORDS[facts.rule](facts)


def _named(sentence: str, **said: str) -> str:
    return sentence % said


def _loses(f: DecisionFacts) -> DecisionWords:
    why = _("What it changes costs more than it saves.") if f.destroys else _("It returns less than it costs.")
    return DecisionWords(
        _named(_("%(name)s loses money every month."), name=f.names[0]),
        why,
        _named(_("%(amount)s a month"), amount=money(f.money or 0, f.currency)),
        _named(_("%(who)s decides"), who=f.who) if f.who else "",
        _("Stop or fix"),
    )


def _claimed(f: DecisionFacts) -> DecisionWords:
    return DecisionWords(
        _("Two initiatives claim the same hours."),
        f"{f.names[0]}, {f.names[1]}.",
        _named(_("%(amount)s not counted"), amount=money_exact(f.money or 0, f.currency)),
        _named(_("%(who)s confirms"), who=f.who) if f.who else "",
        _("See overlap"),
    )


def _over_capacity(f: DecisionFacts) -> DecisionWords:
    return DecisionWords(
        _named(_("More is claimed than there is: %(pool)s."), pool=f.names[0]),
        f.names[1],
        _named(_("%(amount)s not counted"), amount=money_exact(f.money, f.currency)) if f.money else "",
        _named(_("%(who)s confirms"), who=f.who) if f.who else "",
        _("See overlap"),
    )


def _expires(f: DecisionFacts) -> DecisionWords:
    rate = f.rate or Decimal(0)
    return DecisionWords(
        _named(_("The assumption “%(name)s” expires."), name=f.names[0]),
        _named(_("%(amount)s of the benefit rest on it."), amount=money_rounded(f.money or 0, f.currency)),
        share(rate, digits=0) if f.rate_is_share else money_exact(rate, f.currency),
        _named(_("%(who)s renews"), who=f.who) if f.who else "",
        _("See its use"),
    )


def _declared(f: DecisionFacts) -> DecisionWords:
    return DecisionWords(
        _named(_("%(name)s cannot be proved."), name=f.names[0]),
        _("Its baseline is only declared: measure a part without AI."),
        _named(_("%(amount)s declared"), amount=money(f.money or 0, f.currency)),
        _named(_("%(who)s decides"), who=f.who) if f.who else "",
        _("See evidence"),
    )


def _silent(f: DecisionFacts) -> DecisionWords:
    why = ""
    if f.since:
        day: date = timezone.localtime(f.since).date()
        why = _named(_("Since %(at)s; its intervals stay provisional."), at=weekday(day))
    return DecisionWords(_named(_("The source “%(name)s” is silent."), name=f.names[0]), why, "", "", _("Look"))


def _waits(f: DecisionFacts) -> DecisionWords:
    what = _named(_("A baseline of “%(name)s” waits for approval."), name=f.names[0])
    return DecisionWords(what, "", "", "", _("Read it"))


_WORDS = {
    "loses_money": _loses,
    "claimed_twice": _claimed,
    "over_capacity": _over_capacity,
    "assumption_expires": _expires,
    "only_declared": _declared,
    "source_silent": _silent,
    "baseline_waits": _waits,
}
