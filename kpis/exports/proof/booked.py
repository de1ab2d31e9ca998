"""What is booked, as tables: entries with all that their amounts follow from, drivers' assumptions, payments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from kpis.calculations.intervals import Calendar
from kpis.exports.cells import Cell
from kpis.ledger.costs import CostLine
from kpis.ledger.models import LedgerEntry, Trace, ValueDriver
from kpis.ledger.proving import terms_of_entry
from kpis.ledger.valuation import sign_of
from kpis.roi.flows import Flows

ENTRIES = (
    "entry", "driver", "driver_name", "kpi", "unit", "baseline", "volume_kpi", "interval_start", "interval_end",
    "booked_at", "flows_on", "sign", "counterfactual", "actual", "volume", "unit_factor", "unit_value",
    "realisation", "attribution", "claimed", "counted", "amount", "low", "high", "currency", "benefit_type",
    "is_freed_time", "evidence_grade", "method", "status", "provisional", "measurements", "corrects", "causes",
    "computed_at",
)  # fmt: skip
TRACES = (
    "trace", "driver", "driver_name", "kpi", "unit", "basis", "baseline", "intervals_before", "interval_start",
    "interval_end", "booked_at", "sign", "counterfactual", "actual", "taken", "unit_factor", "unit_value", "booked",
    "amount", "currency", "status", "provisional", "measurements", "corrects", "causes", "computed_at",
)  # fmt: skip
ASSUMPTIONS = (
    "driver", "driver_name", "driver_version", "driver_owner", "driver_source", "valid_from", "valid_to", "term",
    "name", "low", "likely", "high", "owner", "source", "assumption_valid_from", "assumption_valid_to",
)  # fmt: skip
COSTS = (
    "cost", "on", "name", "cost_category", "settlement", "recurring", "paid", "paid_currency", "rate", "rate_currency",
    "rate_into", "rate_on", "rate_source", "amount", "currency", "counted",
)  # fmt: skip
TERMS = ("unit_value", "realisation", "attribution")


def entry_rows(entries: Iterable[LedgerEntry], calendar: Calendar) -> Iterator[tuple[Cell, ...]]:
    """Rows of ENTRIES. Each entry with its driver, its volume, its KPI with versions, and its baseline."""
    for entry in entries:
        terms, driver = terms_of_entry(entry), entry.driver
        yield (
            entry.pk,
            driver.pk,
            driver.name,
            entry.kpi.key,
            entry.kpi.unit,
            entry.baseline.version,
            driver.volume_kpi.key if driver.volume_kpi else None,
            entry.interval_start,
            entry.interval_end,
            entry.booked_at,
            calendar.local_date(entry.booked_at),
            terms.sign,
            entry.counterfactual,
            entry.actual,
            entry.volume,
            terms.unit_factor,
            terms.unit_value,
            terms.realisation,
            terms.attribution,
            entry.claimed,
            entry.counted,
            entry.amount,
            entry.low,
            entry.high,
            entry.currency,
            entry.benefit_type,
            entry.is_freed_time,
            entry.evidence_grade,
            entry.method,
            entry.status,
            entry.provisional,
            entry.measurements,
            entry.corrects_id,
            " ".join(entry.causes),
            entry.computed_at,
        )


def trace_rows(traces: Iterable[Trace]) -> Iterator[tuple[Cell, ...]]:
    """Rows of TRACES: what follow-up KPIs show of freed time. Each with its driver, KPI and baseline."""
    for trace in traces:
        yield (
            trace.pk,
            trace.driver_id,
            trace.driver.name,
            trace.kpi.key,
            trace.kpi.unit,
            trace.basis,
            trace.baseline.version if trace.baseline else None,
            trace.intervals_before,
            trace.interval_start,
            trace.interval_end,
            trace.booked_at,
            sign_of(trace.direction),
            trace.counterfactual,
            trace.actual,
            trace.taken,
            trace.unit_factor,
            trace.unit_value,
            trace.booked,
            trace.amount,
            trace.currency,
            trace.status,
            trace.provisional,
            trace.measurements,
            trace.corrects_id,
            " ".join(trace.causes),
            trace.computed_at,
        )


def assumption_rows(drivers: Iterable[ValueDriver]) -> Iterator[tuple[Cell, ...]]:
    """Rows of ASSUMPTIONS: each driver's three terms, every version of them that counts."""
    for driver in drivers:
        about = driver.pk, driver.name, driver.version, driver.owner, driver.source, driver.valid_from, driver.valid_to
        for term in TERMS:
            assumed = getattr(driver, term)
            for version in assumed.validities:
                said = version.low, version.likely, version.high, version.owner, version.source
                yield (*about, term, assumed.name, *said, version.valid_from, version.valid_to)


def cost_rows(flows: Flows) -> Iterator[tuple[Cell, ...]]:
    """Rows of COSTS: every actual payment, then those that no exchange rate holds for and that are not counted."""
    for line in flows.costs:
        yield _payment(line, flows.currency, counted=True)
    for line in flows.left_out:
        yield _payment(line, flows.currency, counted=False)


def _payment(line: CostLine, currency: str, *, counted: bool) -> tuple[Cell, ...]:
    about = line.entry_id, line.on, line.name, line.cost_category, line.settlement, line.recurring
    paid = (line.paid.amount, line.paid.currency) if line.paid else (line.amount, line.currency)
    rate: tuple[str | date | Cell, ...] = (None,) * 5
    if line.paid:
        by = line.paid.rate
        rate = by.rate, by.currency, by.into, by.on, by.source
    return (*about, *paid, *rate, line.amount if counted else None, currency, counted)
