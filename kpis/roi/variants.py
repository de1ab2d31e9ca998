"""All ways to say the ROI: one account under the names by which returns are quoted, and why they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from kpis.calculations import investment, named_returns
from kpis.calculations.answer import Answer
from kpis.calculations.defaults import RUN_RATE_MONTHS
from kpis.calculations.intervals import EPOCH, Calendar
from kpis.ledger.columns import amount
from kpis.ledger.costs import months_later
from kpis.planning.approving import approved_cases
from kpis.planning.models import BusinessCase
from kpis.roi.against_plan import AgainstPlan, against_plan
from kpis.roi.flows import A_MOMENT, DriverFlow, Flows, dated, local_days
from kpis.roi.horizon import AS_MEASURED, Scenario, as_planned, scenarios
from kpis.roi.returns import day_0
from kpis.roi.statement import DRAWS, Statement
from kpis.roi.three_years import ThreeYears, three_years


@dataclass(frozen=True, slots=True)
class Narrower:
    """The same account with a part of the benefits only, in the statement's currency."""

    benefit: Decimal
    net: Decimal
    roi: Answer


@dataclass(frozen=True, slots=True)
class RunRate:
    """`roi` of a year like the mean of `months`; one-time costs of these months, `left_out`, do not count.

    benefit, recurring : the sums of the months.
    """

    roi: Answer
    months: tuple[date, ...]
    left_out: Decimal
    benefit: Decimal
    recurring: Decimal


@dataclass(frozen=True, slots=True)
class Variants:
    """`days` since day 0, over which `annualised` counts. What does not exist is named in `reasons`."""

    to_date: Answer
    return_multiple: Answer
    annualised: Answer
    days: int
    run_rate: RunRate
    direct: Narrower
    traced: Narrower
    against_plan: AgainstPlan | None
    scenarios: tuple[Scenario, ...]
    three_years: ThreeYears | None
    irrs: tuple[float, ...]
    mirr: Answer
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def forecast(self) -> Scenario | None:
        """As measured, to the end of the horizon."""
        return next((scenario for scenario in self.scenarios if scenario.name == AS_MEASURED), None)


def variants_of(statement: Statement) -> Variants:
    """Of one initiative or of a portfolio, as of the statement's instant."""
    flows, reasons = statement.flows, dict[str, str]()
    today = statement.calendar.local_date(statement.as_of - A_MOMENT)  # the last day on which costs were paid
    found = dated(flows)
    days = (today - day_0(flows, found)).days if found.on.size else 0
    benefits, invested = statement.benefits, statement.invested
    case, against = _plan(statement, reasons)
    ahead = scenarios(flows, today=today, draws=DRAWS, reasons=reasons)
    result = Variants(
        to_date=statement.roi,
        return_multiple=named_returns.return_multiple(benefits.total, invested),
        annualised=_annualised(statement.roi, days),
        days=days,
        run_rate=run_rate(flows, today=statement.today, calendar=statement.calendar),
        direct=_narrower(benefits.direct, invested),
        traced=_narrower(benefits.captured, invested),
        against_plan=against,
        scenarios=(*ahead, as_planned(case)) if case else ahead,
        three_years=three_years(flows, today=today, reasons=reasons),
        irrs=statement.returns.rates,
        mirr=statement.returns.modified,
        reasons=reasons,
    )
    answers = {
        "return_multiple": result.return_multiple,
        "annualised": result.annualised,
        "run_rate": result.run_rate.roi,
        "direct.roi": result.direct.roi,
        "traced.roi": result.traced.roi,
        "mirr": result.mirr,
    }
    if against is not None:
        answers |= {"planned_roi": against.planned_roi, "against_plan": against.points}
    reasons.update({name: answer.reason for name, answer in answers.items() if not answer.exists})
    return result


def _plan(statement: Statement, reasons: dict[str, str]) -> tuple[BusinessCase | None, AgainstPlan | None]:
    """The approved case and the comparison with it; of several initiatives neither."""
    if statement.initiative is None:
        reasons["plan"] = "Plans are compared initiative by initiative."
        return None, None
    case = approved_cases([statement.initiative], as_of=statement.as_of).get(statement.initiative.pk)
    found = against_plan(statement.flows[0], case, as_of=statement.as_of, calendar=statement.calendar, reasons=reasons)
    return case, found


def run_rate(flows: Sequence[Flows], *, today: date, calendar: Calendar) -> RunRate:
    """Of the last full months, at most three, that began with benefits already flowing."""
    this, first = today.replace(day=1), _first_benefit(flows, calendar)
    months = [months_later(this, -k) for k in range(RUN_RATE_MONTHS.value, 0, -1)]
    months = [month for month in months if first is not None and month >= first]
    benefits = [_earned(flows, month, calendar) for month in months]
    lines = [line for f in flows for line in f.costs if months and months[0] <= line.on < this]
    recurring = [sum((x.amount for x in lines if x.recurring and x.on.replace(day=1) == m), Decimal(0)) for m in months]
    once = sum((line.amount for line in lines if not line.recurring), Decimal(0))
    found = named_returns.run_rate(benefits, recurring)
    return RunRate(found, tuple(months), once, sum(benefits, Decimal(0)), sum(recurring, Decimal(0)))


def _annualised(roi: Answer, days: int) -> Answer:
    return roi if roi.value is None else named_returns.annualised(roi.value, days)


def _narrower(benefit: Decimal, invested: Decimal) -> Narrower:
    return Narrower(benefit, benefit - invested, investment.roi(benefit, invested))


def _first_benefit(flows: Sequence[Flows], calendar: Calendar) -> date | None:
    """The first day of which anything is booked: of an interval the day on which it began."""
    starts = [int(flow.entries["start_us"][0]) for f in flows for flow in f.drivers]
    return calendar.local_date(EPOCH + timedelta(microseconds=min(starts))) if starts else None


def _earned(flows: Sequence[Flows], month: date, calendar: Calendar) -> Decimal:
    """Benefits of the intervals that ended in the month, whenever they were booked."""
    end = months_later(month, 1)
    return sum((_earned_by(flow, month, end, calendar) for f in flows for flow in f.drivers), Decimal(0))


def _earned_by(flow: DriverFlow, first: date, end: date, calendar: Calendar) -> Decimal:
    last_day = local_days([flow.entries["end_us"] - 1], calendar)[0]
    return amount(flow.entries[(last_day >= first.toordinal()) & (last_day < end.toordinal())])
