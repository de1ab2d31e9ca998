"""The sentence with which the pages on money start, made by rules from plain facts, in English and German.

Each clause is a whole sentence that a translator sees whole. Bad news is named; the hardest question comes last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext

from kpis.wording.amounts import money_rounded, share
from kpis.wording.counting import in_words
from kpis.wording.headline import Clause, Headline
from kpis.wording.uncertainty import between_money

ABOUT_THE_SAME = Decimal("0.02")  # without-declared differs by less than this share: not worth a sentence


@dataclass(frozen=True, slots=True)
class PortfolioFacts:
    """Sums in the reporting currency; the counts say how many initiatives have which verdict on their money."""

    organisation: str
    currency: str
    invested: Decimal
    benefit: Decimal
    net: Decimal
    net_low: Decimal | None
    net_high: Decimal | None
    net_without_declared: Decimal
    pays: int
    costs_more: int  # with those that lose
    cannot_be_proved: int
    too_early: int = 0


@dataclass(frozen=True, slots=True)
class InitiativeFacts:
    """Sums in the initiative's currency. `verdict` is a key of `verdicts.MONEY`."""

    currency: str
    verdict: str
    invested: Decimal
    benefit: Decimal
    net: Decimal
    net_low: Decimal | None
    net_high: Decimal | None
    proved: Decimal  # the part of the benefit with evidence grade A or B
    freed: Decimal  # time that was gained and that nobody has traced in the books


def portfolio_headline(facts: PortfolioFacts) -> Headline:
    """What went in, what came out, how sure, how many pay, and what is left without what is only declared."""
    money = _money(facts.currency)
    if not facts.invested and not facts.benefit:
        nothing = gettext(
            "Nothing has been put in and nothing has come back yet: there are no costs and no measured effects."
        )
        return Headline((Clause(nothing),))
    put_in = gettext("{organisation} has put in {invested}.")
    clauses = [Clause(put_in, {"organisation": facts.organisation, "invested": money(facts.invested)})]
    clauses.append(_came_back(facts.benefit, facts.net, facts.net_low, facts.net_high, facts.currency))
    clauses += _verdict_counts(facts)
    if abs(facts.net - facts.net_without_declared) > abs(facts.net) * ABOUT_THE_SAME:
        without = gettext("Without what is only declared, the net is {without_declared}.")
        clauses.append(Clause(without, {"without_declared": money(facts.net_without_declared)}))
    return Headline(tuple(clauses))


def initiative_headline(facts: InitiativeFacts) -> Headline:
    """Does it pay, what went in and came back, how much of it is proved, and what nobody has seen in the books."""
    money = _money(facts.currency)
    clauses = [Clause(_opening(facts.verdict))]
    if facts.verdict in {"too_early", "no_costs_yet"} and not facts.benefit:
        if facts.invested:
            clauses.append(Clause(gettext("{invested} went in so far."), {"invested": money(facts.invested)}))
        return Headline(tuple(clauses))
    clauses.append(Clause(gettext("{invested} went in."), {"invested": money(facts.invested)}))
    clauses.append(_came_back(facts.benefit, facts.net, facts.net_low, facts.net_high, facts.currency))
    if facts.benefit > 0:
        clauses.append(_proved(facts.proved, facts.benefit))
    if facts.freed > 0:
        freed = gettext(
            "Of what came back, {freed} is time that people have gained and that nobody has yet seen in the books."
        )
        clauses.append(Clause(freed, {"freed": money(facts.freed)}))
    return Headline(tuple(clauses))


def _money(currency: str) -> Callable[[Decimal], str]:
    return lambda amount: money_rounded(amount, currency)


def _opening(verdict: str) -> str:
    return {
        "pays": gettext("This one pays."),
        "loses": gettext("This one loses money, even before its costs."),
        "costs_more": gettext("This one costs more than it returns."),
        "cannot_be_proved": gettext("Whether this one pays cannot be proved."),
        "too_early": gettext("It is too early to say whether this one pays."),
        "no_costs_yet": gettext("There are no costs yet, so there is no return on them."),
    }[verdict]


def _came_back(benefit: Decimal, net: Decimal, low: Decimal | None, high: Decimal | None, currency: str) -> Clause:
    money = _money(currency)
    said = {"benefit": money(abs(benefit) if benefit < 0 else benefit), "net": money(net)}
    if low is None or high is None:
        came = gettext("So far {benefit} came back: {net} net.")
        lost = gettext("So far it has destroyed {benefit}: {net} net.")
        return Clause(lost if benefit < 0 else came, said)
    came = gettext("So far {benefit} came back: {net} net, {range}.")
    lost = gettext("So far it has destroyed {benefit}: {net} net, {range}.")
    return Clause(lost if benefit < 0 else came, {**said, "range": between_money(low, high, currency)})


def _verdict_counts(facts: PortfolioFacts) -> list[Clause]:
    """One sentence for each verdict that occurs; the first one says of how many."""
    total = facts.pays + facts.costs_more + facts.cannot_be_proved + facts.too_early
    if total == 0:
        return []
    said = {"count": in_words(facts.pays), "total": in_words(total)}
    if total == 1:
        return [Clause(_only_one(facts))]
    if facts.pays == total:
        return [Clause(gettext("All {total} initiatives pay."), said)]
    if facts.pays == 0:
        first = Clause(gettext("None of {total} initiatives is known to pay."), said)
    else:
        first = _sentence(
            ngettext("{count} of {total} initiatives pays.", "{count} of {total} initiatives pay.", facts.pays), said
        )
    counted = (
        (
            facts.costs_more,
            ngettext("{count} costs more than it returns.", "{count} cost more than they return.", facts.costs_more),
        ),
        (
            facts.cannot_be_proved,
            ngettext("{count} cannot be proved.", "{count} cannot be proved.", facts.cannot_be_proved),
        ),
        (
            facts.too_early,
            ngettext("{count} is too young to judge.", "{count} are too young to judge.", facts.too_early),
        ),
    )
    return [first, *(_sentence(text, {"count": in_words(count)}) for count, text in counted if count)]


def _only_one(facts: PortfolioFacts) -> str:
    if facts.pays:
        return gettext("The only initiative pays.")
    if facts.costs_more:
        return gettext("The only initiative costs more than it returns.")
    if facts.cannot_be_proved:
        return gettext("Whether the only initiative pays cannot be proved.")
    return gettext("The only initiative is too young to judge.")


def _sentence(text: str, said: dict[str, str]) -> Clause:
    """A sentence that may begin with a count in words: it begins with a capital all the same."""
    opening = text.startswith("{count}")
    return Clause(text, {**said, "count": capfirst(said["count"])} if opening else said)


def _proved(proved: Decimal, benefit: Decimal) -> Clause:
    part = max(Decimal(0), proved / benefit)
    if part == 0:
        return Clause(gettext("None of it is proved by a control group or a time series."))
    if part >= Decimal("0.995"):
        return Clause(gettext("All of it is proved by a control group or a time series."))
    text = gettext("A control group or a time series proves {proved} of it.")
    return Clause(text, {"proved": share(part, digits=0)})
