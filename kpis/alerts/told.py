"""A decision as plain facts for `wording.decisions`, and the page on which one decides."""

from __future__ import annotations

from kpis.alerts.decisions import Decision, Rule
from kpis.ledger.pools.told import told
from kpis.roi import verdicts
from kpis.wording.decisions import DecisionFacts, DecisionWords, decision_words


def words_of(decision: Decision) -> DecisionWords:
    return decision_words(_facts(decision))


def page_of(decision: Decision) -> tuple[str, str]:
    """The kind of the page and the slug or key in its address."""
    facts = decision.facts
    if decision.rule is Rule.SOURCE_SILENT:
        return "source", facts["source"].slug
    if decision.rule is Rule.BASELINE_WAITS:
        return "kpi", facts["kpi"].key
    if decision.rule in {Rule.CLAIMED_TWICE, Rule.OVER_CAPACITY}:
        return "pool", str(facts["pool"].pk)
    if decision.rule is Rule.ASSUMPTION_EXPIRES:
        return "assumption", str(facts["assumption"].pk)
    return ("initiative", decision.initiative.slug) if decision.initiative else ("portfolio", "")


def _facts(decision: Decision) -> DecisionFacts:
    facts, rule = decision.facts, decision.rule
    assumption = facts.get("assumption")
    return DecisionFacts(
        rule=rule.value,
        names=_names(decision),
        who=decision.who,
        money=decision.money,
        currency=decision.currency,
        since=facts.get("since"),
        rate=assumption.likely if assumption else None,
        rate_is_share=bool(assumption and assumption.is_share),
        destroys=facts.get("verdict") == verdicts.LOSES,
    )


def _names(decision: Decision) -> tuple[str, ...]:
    facts = decision.facts
    if decision.rule is Rule.CLAIMED_TWICE:
        return facts["first"].name, facts["second"].name
    if decision.rule is Rule.OVER_CAPACITY:
        return facts["pool"].name, told(facts["finding"]).sentence
    for member in ("assumption", "source", "kpi"):
        if member in facts:
            return (facts[member].name,)
    return (decision.initiative.name,) if decision.initiative else ("",)
