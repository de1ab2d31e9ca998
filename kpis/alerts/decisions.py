"""What needs a decision: rules over the portfolio, each with its date, its money and the address where one decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db.models import Exists, OuterRef

from kpis.baselines.models import Baseline
from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.ledger.models import Assumption
from kpis.ledger.pools import findings
from kpis.roi import verdicts
from kpis.roi.portfolio import Portfolio
from kpis.roi.statement import Statement
from kpis.sources import health

EXPIRY_HORIZON = timedelta(days=60)
DAY = timedelta(days=1)
LATELY = timedelta(weeks=13)
DAYS_A_MONTH = Decimal("30.4375")  # 365.25 / 12


class Rule(StrEnum):
    """The rule that found it; its words are in the template of the same name."""

    LOSES_MONEY = "loses_money"
    CLAIMED_TWICE = "claimed_twice"
    OVER_CAPACITY = "over_capacity"
    ASSUMPTION_EXPIRES = "assumption_expires"
    ONLY_DECLARED = "only_declared"
    SOURCE_SILENT = "source_silent"
    BASELINE_WAITS = "baseline_waits"


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing for a person to decide. `due` None: now. `money`: what is at stake, in `currency`."""

    rule: Rule
    initiative: Initiative | None
    who: str
    due: date | None = None
    money: Decimal | None = None
    currency: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def decisions_needed(portfolio: Portfolio, *, now: datetime) -> list[Decision]:
    """All of them: overdue and due now first, by what is at stake; then by date."""
    found = [
        *_losing(portfolio.rows, now),
        *_claimed_twice(portfolio),
        *_over_capacity(portfolio.rows),
        *_expiring(portfolio, now),
        *_only_declared(portfolio.rows),
        *_silent(portfolio.rows, now),
        *_waiting(portfolio.rows),
    ]
    return sorted(found, key=lambda d: (d.due or date.min, -abs(d.money or Decimal(0))))


def _losing(rows: Sequence[Statement], now: datetime) -> Iterator[Decision]:
    for row in rows:
        if row.verdict in {verdicts.LOSES, verdicts.COSTS_MORE} and row.initiative:
            monthly = _net_a_month(row, now)
            if monthly < 0:
                facts = {"verdict": row.verdict}
                yield Decision(
                    Rule.LOSES_MONEY, row.initiative, row.initiative.owner, None, monthly, row.currency, facts
                )


def _net_a_month(row: Statement, now: datetime) -> Decimal:
    """Net of the last thirteen weeks as a monthly figure; one-time costs do not recur and are left out."""
    today = organisation.calendar().local_date(now)
    since = today - LATELY
    net = Decimal(0)
    for flows in row.flows:
        net -= sum((c.amount for c in flows.costs if c.recurring and since < c.on <= today), Decimal(0))
        for flow in flows.drivers:
            # By what was earned: a correction of long ago does not recur.
            net += flow.earned_between(since + DAY, today + DAY)
    return (net / LATELY.days * DAYS_A_MONTH).quantize(Decimal(1))


def _claimed_twice(portfolio: Portfolio) -> Iterator[Decision]:
    for overlap in portfolio.overlaps:
        for claim in (other for other in overlap.others if other.not_counted):
            initiative = claim.driver.initiative
            facts = {"pool": overlap.pool, "first": overlap.first.driver.initiative, "second": initiative}
            yield Decision(
                Rule.CLAIMED_TWICE, initiative, claim.driver.owner, None, claim.not_counted, initiative.currency, facts
            )


def _over_capacity(rows: Sequence[Statement]) -> Iterator[Decision]:
    for finding in findings.over_capacity_among([row.initiative for row in rows if row.initiative]):
        facts = {"pool": finding.pool, "finding": finding}
        owner = finding.pool.capacities.all()[0].owner
        yield Decision(Rule.OVER_CAPACITY, None, owner, None, finding.amount, finding.currency, facts)


def _expiring(portfolio: Portfolio, now: datetime) -> Iterator[Decision]:
    today = organisation.calendar().local_date(now)
    resting: dict[int, tuple[Assumption, Decimal]] = {}
    for flows in portfolio.totals.flows:
        for flow in flows.drivers:
            for assumption in (flow.driver.unit_value, flow.driver.realisation, flow.driver.attribution):
                if assumption.valid_to and assumption.valid_to <= today + EXPIRY_HORIZON:
                    _, amount = resting.get(assumption.pk, (assumption, Decimal(0)))
                    resting[assumption.pk] = (assumption, amount + flow.amount)
    for assumption, amount in resting.values():
        facts = {"assumption": assumption, "is_over": assumption.valid_to is not None and assumption.valid_to < today}
        yield Decision(
            Rule.ASSUMPTION_EXPIRES,
            None,
            assumption.owner,
            assumption.valid_to,
            amount,
            portfolio.totals.currency,
            facts,
        )


def _only_declared(rows: Sequence[Statement]) -> Iterator[Decision]:
    for row in rows:
        if row.verdict == verdicts.CANNOT_BE_PROVED and row.initiative:
            owner = row.initiative.owner
            yield Decision(Rule.ONLY_DECLARED, row.initiative, owner, None, row.benefits.total, row.currency)


def _silent(rows: Sequence[Statement], now: datetime) -> Iterator[Decision]:
    initiatives = {row.initiative.pk: row.initiative for row in rows if row.initiative}
    sources = health.sources_of(initiatives.values())
    for source_id, found in health.health_of_all(sources, now=now).items():
        if found.state in {"silent", "failing"}:
            source = next(s for s in sources if s.pk == source_id)
            facts = {"source": source, "since": found.since, "state": found.state}
            yield Decision(Rule.SOURCE_SILENT, source.initiative, "", None, None, "", facts)


def _waiting(rows: Sequence[Statement]) -> Iterator[Decision]:
    initiatives = [row.initiative for row in rows if row.initiative]
    drafts = Baseline.objects.filter(kpi__initiative__in=initiatives, approved_at__isnull=True)
    # A draft behind an approved version is only history.
    newer = Baseline.objects.filter(kpi=OuterRef("kpi"), version__gt=OuterRef("version"), approved_at__isnull=False)
    for draft in drafts.filter(~Exists(newer)).select_related("kpi__initiative"):
        facts = {"kpi": draft.kpi, "version": draft.version}
        yield Decision(Rule.BASELINE_WAITS, draft.kpi.initiative, "", None, None, "", facts)
