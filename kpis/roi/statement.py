"""What went in, what came out, how sure we are: one initiative, or several added up by the very same rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from kpis.calculations.answer import Answer
from kpis.calculations.intervals import Calendar
from kpis.calculations.streams import Draws
from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.ledger.columns import amount
from kpis.ledger.models import CostEntry, ValueDriver
from kpis.roi import ranges, returns, verdicts
from kpis.roi.curve import NetAt, net_curve
from kpis.roi.flows import Flows, flows_of
from kpis.roi.forecast import Forecast, ForecastPoint, forecast, forecast_path
from kpis.roi.ranges import Ranges
from kpis.roi.returns import Returns
from kpis.roi.sensitivity import Swing, swings

GRADES = ("A", "B", "C", "D")
# One seed for the portfolio and each initiative: a draw of a shared assumption is the same wherever it is used. And for
# every day, so that a range moves only where a figure has.
DRAWS = Draws("roi")


@dataclass(frozen=True, slots=True)
class Benefits:
    """Booked benefits in one currency.

    Freed: time saved that no follow-up KPI has traced yet. Captured: the rest of direct.
    """

    direct: Decimal
    indirect: Decimal
    freed: Decimal
    captured: Decimal

    @property
    def total(self) -> Decimal:
        return self.direct + self.indirect


@dataclass(frozen=True)
class Statement:
    """The figures of one initiative (`initiative` None: of several together), money in `currency`, as of an instant.

    A number that does not exist is None (or an Answer without value) and `reasons` names it with a sentence; those of
    what is computed when asked for stand there once it was asked for.
    """

    initiative: Initiative | None
    currency: str
    as_of: datetime
    invested: Decimal
    estimated_costs: Decimal
    benefits: Benefits
    roi: Answer
    range: Ranges | None
    provisional: bool
    provisional_amount: Decimal
    evidence: dict[str, Decimal]
    verdict: str
    flows: tuple[Flows, ...]
    calendar: Calendar
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The local date of `as_of`."""
        return self.calendar.local_date(self.as_of)

    @cached_property
    def returns(self) -> Returns:
        """Computed when asked for: an internal rate of return takes milliseconds."""
        return returns.of(self.flows, reasons=self.reasons)

    @cached_property
    def sensitivity(self) -> tuple[Swing, ...]:
        """Computed when asked for, the largest swing first."""
        return tuple(swings(self.flows, invested=self.invested))

    @cached_property
    def forecast(self) -> Forecast | None:
        """Computed when asked for; None with a reason where it cannot be said."""
        return forecast(self.flows, as_of=self.as_of, calendar=self.calendar, draws=DRAWS, reasons=self.reasons)

    @cached_property
    def forecast_path(self) -> tuple[ForecastPoint, ...]:
        """By week to the forecast's end, for a chart; empty where there is no forecast."""
        return forecast_path(self.flows, as_of=self.as_of, calendar=self.calendar, draws=DRAWS) if self.forecast else ()

    @cached_property
    def curve(self) -> list[NetAt]:
        """Cumulative net by week, computed when asked for."""
        return net_curve(self.flows, as_of=self.as_of, calendar=self.calendar, draws=DRAWS)

    @property
    def net(self) -> Decimal:
        return self.benefits.total - self.invested

    @property
    def net_without_declared(self) -> Decimal:
        """What is left when benefits of grade D do not count."""
        return self.net - self.evidence["D"]

    @property
    def proved(self) -> Decimal:
        """Benefit with evidence of grade A or B: a control group or a time series."""
        return self.evidence["A"] + self.evidence["B"]

    @property
    def by_settlement(self) -> dict[str, Decimal]:
        """Actual costs by how far they are settled: estimated, invoiced, reconciled with what was paid."""
        found = dict.fromkeys(CostEntry.Settlement.values, Decimal(0))
        for line in (line for f in self.flows for line in f.costs):
            found[line.settlement] += line.amount
        return found

    @property
    def settlement_shares(self) -> dict[str, float] | None:
        """The same as shares of what was invested; None while nothing was."""
        if self.invested <= 0:
            return None
        return {name: float(amount / self.invested) for name, amount in self.by_settlement.items()}

    @property
    def by_driver(self) -> list[tuple[ValueDriver, Decimal]]:
        return [(f.driver, f.amount) for flows in self.flows for f in flows.drivers]

    @property
    def by_cost_category(self) -> dict[str, Decimal]:
        """Actual costs, largest first; categories without a cost are absent."""
        found: dict[str, Decimal] = {}
        for flows in self.flows:
            for line in flows.costs:
                found[line.cost_category] = found.get(line.cost_category, Decimal(0)) + line.amount
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def roi_statement(initiative: Initiative, *, as_of: datetime) -> Statement:
    """The statement of one initiative in its own currency."""
    flows = flows_of([initiative], as_of=as_of)
    calendar = organisation.calendar()
    return statement_of(flows, initiative=initiative, currency=initiative.currency, as_of=as_of, calendar=calendar)


def statement_of(
    flows: Sequence[Flows], *, initiative: Initiative | None, currency: str, as_of: datetime, calendar: Calendar
) -> Statement:
    """Add up; ranges are drawn jointly, so that an assumption is the same for all drivers that share it."""
    benefits, invested = _benefits(flows), sum((f.invested for f in flows), Decimal(0))
    open_entries = [driver.entries[driver.entries["provisional"]] for f in flows for driver in f.drivers]
    reasons: dict[str, str] = {}
    roi = _roi(benefits.total, invested)
    found = ranges.of(flows, invested=invested, draws=DRAWS, reasons=reasons)
    result = Statement(
        initiative=initiative,
        currency=currency,
        as_of=as_of,
        invested=invested,
        estimated_costs=_estimated(flows),
        benefits=benefits,
        roi=roi,
        range=found,
        provisional=any(entries.size for entries in open_entries),
        provisional_amount=sum(map(amount, open_entries), Decimal(0)),
        evidence=_evidence(flows),
        verdict=verdicts.of(flows, benefit=benefits.total, invested=invested, found=found),
        flows=tuple(flows),
        calendar=calendar,
        reasons=reasons,
    )
    if not roi.exists:
        reasons["roi"] = roi.reason
    for line in (line for f in flows for line in reversed(f.left_out)):  # of a recurring cost the first day is said
        reasons[f"invested.{line.entry_id}"] = (
            f"The cost “{line.name}” in {line.currency} is not in the sum: no exchange rate holds on {line.on}."
        )
    return result


def _roi(benefit: Decimal, invested: Decimal) -> Answer:
    if invested <= 0:
        return Answer(None, "undefined", "There are no costs yet, so there is no return on them.")
    return Answer(float((benefit - invested) / invested))


def _benefits(flows: Sequence[Flows]) -> Benefits:
    sums = dict.fromkeys(("direct", "indirect", "freed"), Decimal(0))
    for flow in (flow for f in flows for flow in f.drivers):
        sums["freed"] += flow.freed
        for kind, booked in flow.by_kind.items():
            # By what the entry was booked as: a driver that changes its kind does not change closed months.
            sums[kind.benefit_type] += booked
    return Benefits(**sums, captured=sums["direct"] - sums["freed"])


def _evidence(flows: Sequence[Flows]) -> dict[str, Decimal]:
    sums = dict.fromkeys(GRADES, Decimal(0))
    for f in flows:
        for flow in f.drivers:
            for kind, booked in flow.by_kind.items():
                sums[kind.evidence_grade] += booked
    return sums


def _estimated(flows: Sequence[Flows]) -> Decimal:
    lines = (line for f in flows for line in f.costs if line.settlement == CostEntry.Settlement.ESTIMATED)
    return sum((line.amount for line in lines), Decimal(0))
