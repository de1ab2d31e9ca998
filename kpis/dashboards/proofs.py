"""What the pages *How was this computed?* show, gathered from the rooms that know it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

import numpy as np

from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.evaluation.models import Effect
from kpis.evaluation.reading import effect_of
from kpis.ledger.columns import amount, by_kind
from kpis.ledger.costs import CostLine
from kpis.ledger.kinds import Conversion, conversion_of
from kpis.ledger.models import Assumption, AssumptionVersion, LedgerEntry, Trace, ValueDriver
from kpis.ledger.overlap import Overlap
from kpis.ledger.proving import EntryProof, proof_of
from kpis.ledger.reading import entries_of
from kpis.ledger.trace_proving import needed_before
from kpis.ledger.versions import ROLES, Span, assumptions_of, spans_of
from kpis.ledger.whereabouts import Whereabouts, whereabouts_of
from kpis.roi import ranges
from kpis.roi.flows import DriverFlow, flows_of
from kpis.roi.register import Marks, marks_of
from kpis.roi.statement import DRAWS, Statement
from kpis.wording.verdicts import COST_CATEGORIES

NEWEST_ENTRIES = 8
PARTED = {"captured", "freed"}  # the figures that part freed time by whether it was traced


@dataclass(frozen=True, slots=True)
class DriverLine:
    """What one driver adds to the figure; one line for each way in which its entries were booked.

    part : of freed time what follow-up KPIs have traced (`traced`) or have not (`freed`), where the figure parts them.
    """

    driver: ValueDriver
    grade: str
    benefit_type: str
    is_freed_time: bool
    entries: int
    amount: Decimal
    part: str = ""


@dataclass(frozen=True, slots=True)
class CostSum:
    category: object
    lines: tuple[CostLine, ...]
    amount: Decimal


@dataclass(frozen=True, slots=True)
class SumProof:
    """A figure that is a sum: `benefits` and `costs` are what it consists of; where both are empty, of nothing."""

    member: str
    statement: Statement
    benefits: tuple[DriverLine, ...]
    benefit: Decimal
    costs: tuple[CostSum, ...]
    overlaps: tuple[Overlap, ...]


def sum_proof(statement: Statement, member: str, *, overlaps: Sequence[Overlap]) -> SumProof:
    """The parts of one member of a statement, each of which opens in turn."""
    flows = [] if member == "invested" else [flow for f in statement.flows for flow in f.drivers]
    chosen = tuple(line for flow in flows for line in _lines(flow, member) if _belongs(line, member))
    with_costs = member in {"invested", "net", "roi", "without_declared"}
    return SumProof(
        member=member,
        statement=statement,
        benefits=chosen,
        benefit=sum((line.amount for line in chosen), Decimal(0)),
        costs=_costs(statement) if with_costs else (),
        overlaps=tuple(overlaps),
    )


def _lines(flow: DriverFlow, member: str) -> list[DriverLine]:
    """A driver or baseline that has changed leaves closed entries as they are: of another grade or kind than later."""
    parts = by_kind(flow.entries).items()
    lines = [DriverLine(flow.driver, *kind, entries=len(entries), amount=amount(entries)) for kind, entries in parts]
    if member not in PARTED or not flow.traces.size:
        return lines
    freed = [line for line in lines if _belongs(line, "freed")]
    both = (("traced", flow.traces.size, flow.traced), ("freed", sum(line.entries for line in freed), flow.freed))
    newest = replace(freed[-1], grade=flow.evidence_grade)
    return [
        *(line for line in lines if line not in freed),
        *(replace(newest, part=part, entries=int(rows), amount=money) for part, rows, money in both),
    ]


def _belongs(line: DriverLine, member: str) -> bool:
    direct = line.benefit_type == ValueDriver.BenefitType.DIRECT
    rules = {
        "captured": direct and (not line.is_freed_time or line.part == "traced"),
        "freed": direct and line.is_freed_time and line.part != "traced",
        "indirect": not direct,
        "without_declared": line.grade != "D",
    }
    return rules.get(member, True)


def _costs(statement: Statement) -> tuple[CostSum, ...]:
    by_category: dict[str, list[CostLine]] = {}
    for flows in statement.flows:
        for line in flows.costs:
            by_category.setdefault(line.cost_category, []).append(line)
    sums = [
        CostSum(COST_CATEGORIES[category], tuple(lines), sum((line.amount for line in lines), Decimal(0)))
        for category, lines in by_category.items()
    ]
    return tuple(sorted(sums, key=lambda cost: -cost.amount))


@dataclass(frozen=True, slots=True)
class AssumptionLine:
    """An assumption as it holds today, and what is to be done about it."""

    assumption: Assumption
    holds: AssumptionVersion
    marks: Marks


@dataclass(frozen=True, slots=True)
class Part:
    """What one set of values has priced: `since` their first day, None from the beginning."""

    since: date | None
    quantity: float
    unit_value: Decimal
    realisation: Decimal
    attribution: Decimal


@dataclass(frozen=True, slots=True)
class DriverProof:
    """One driver: what it brought, its effect, and its newest complete entry with the rows."""

    driver: ValueDriver
    flow: DriverFlow | None
    low: Decimal | None
    high: Decimal | None
    effect: Effect | None
    newest: tuple[LedgerEntry, ...]
    example: EntryProof | None
    whereabouts: tuple[Whereabouts, ...]
    assumptions: tuple[AssumptionLine, ...] = ()
    parts: tuple[Part, ...] = ()
    conversion: Conversion | None = None

    @property
    def newest_trace(self) -> Trace | None:
        return next((row.newest for row in self.whereabouts if row.newest), None)

    @property
    def whereabouts_kpi(self) -> Kpi | None:
        """The follow-up KPI, or the former one."""
        return self.driver.captured_by or (self.newest_trace.kpi if self.newest_trace else None)

    @property
    def needed_before(self) -> int:
        """How many intervals before go-live a range of the follow-up KPI would need."""
        kpi = self.whereabouts_kpi
        return needed_before(kpi) if kpi else 0

    @property
    def saved(self) -> Decimal:
        """The freed time of all intervals, traced or not."""
        return sum((row.saved for row in self.whereabouts), Decimal(0))

    @property
    def intervals(self) -> int:
        """In how many intervals, however often each was corrected."""
        return int(np.unique(self.flow.entries[["start_us", "end_us"]]).size) if self.flow else 0

    @property
    def quantity(self) -> float:
        """What was saved, in the units that `unit_value` prices, before realisation and attribution."""
        return sum(stream.sums[0] for stream in self.flow.streams) if self.flow else 0.0


def driver_proof(driver: ValueDriver, *, now: datetime) -> DriverProof:
    """As of now; without entries there is an effect at most."""
    flows = flows_of([driver.initiative], as_of=now)[0]
    flow = next((flow for flow in flows.drivers if flow.driver.pk == driver.pk), None)
    low, high = ranges.of_driver(flow, DRAWS) if flow else (None, None)
    newest = tuple(entries_of(driver)[:NEWEST_ENTRIES])
    whole = [entry for entry in newest if not entry.provisional and entry.status != LedgerEntry.Status.ADJUSTMENT]
    example = (whole or newest or (None,))[0]
    return DriverProof(
        driver=driver,
        flow=flow,
        low=low,
        high=high,
        effect=effect_of(driver.kpi),
        newest=newest,
        example=proof_of(example) if example else None,
        assumptions=tuple(_assumptions(driver, now)),
        parts=_parts(flow),
        whereabouts=tuple(whereabouts_of(driver, now=now)),
        conversion=conversion_of(driver),
    )


def _assumptions(driver: ValueDriver, now: datetime) -> Iterator[AssumptionLine]:
    today = organisation.calendar().local_date(now)
    for assumption in dict.fromkeys(assumptions_of(driver)):
        holds = assumption.on(today)
        yield AssumptionLine(assumption, holds, marks_of(assumption, holds, today))


def _parts(flow: DriverFlow | None) -> tuple[Part, ...]:
    """By the values that priced its entries; more than one where an assumption got another value from a day on."""
    if flow is None:
        return ()
    spans = {_likely(span): span for span in reversed(spans_of(flow.driver, organisation.calendar()))}
    found = []
    for stream in flow.streams:
        likely = tuple(assumed.range.likely for assumed in stream.assumptions)
        versions = [getattr(spans[likely], role) for role in ROLES]
        since = max((v.valid_from for v in versions if v.valid_from), default=None)
        found.append(Part(since, stream.sums[0], *(version.likely for version in versions)))
    return tuple(found)


def _likely(span: Span) -> tuple[float, ...]:
    return tuple(float(getattr(span, role).likely) for role in ROLES)
