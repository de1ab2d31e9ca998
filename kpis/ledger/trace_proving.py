"""A trace with the follow-up's measurements behind it: does the figure follow from what was measured?"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kpis.calculations import tracing as arithmetic
from kpis.calculations.choice import enough_for
from kpis.calculations.intervals import Granularity
from kpis.calculations.money import EXACT, cents
from kpis.calculations.tracing import Claim
from kpis.definitions.models import Kpi
from kpis.ledger.models import LedgerEntry, Trace
from kpis.ledger.valuation import sign_of
from kpis.measurements import retention
from kpis.measurements.reading import Row, rows_between

ROWS_AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class TraceProof:
    """`rows`: the follow-up's measurements. improved : ±(without − actual) in its unit, below zero where it got worse.

    worth : what is left of the improvement comes to. amount : what the row comes to, computed once more; of an
    adjustment the sum of its interval's rows up to it. adjustments : what was booked later for its interval.
    """

    trace: Trace
    rows: tuple[Row, ...]
    improved: Decimal
    worth: Decimal
    amount: Decimal
    needed: int
    rows_gone: bool
    adjustments: tuple[Trace, ...]

    @property
    def booked_before(self) -> Decimal:
        return self.amount - self.trace.amount

    @property
    def is_bounded_by_saving(self) -> bool:
        """Whether more could have been traced than was saved."""
        return self.worth > max(self.trace.booked, Decimal(0))


def proof_of(trace: Trace) -> TraceProof:
    """The trace needs its KPI and baseline loaded."""
    labels = trace.baseline.treated if trace.baseline else None
    limit = ROWS_AT_MOST + 1
    rows = rows_between(trace.kpi_id, trace.interval_start, trace.interval_end, limit=limit, labels=labels or None)
    kept_from = retention.rows_from([trace.kpi_id]).get(trace.kpi_id)
    improved = arithmetic.improvement(trace.counterfactual, trace.actual, sign=sign_of(trace.direction))
    left = max(EXACT.subtract(improved, trace.taken), Decimal(0))
    return TraceProof(
        trace=trace,
        rows=tuple(rows[:ROWS_AT_MOST]),
        improved=improved,
        worth=cents(EXACT.multiply(left, price_of(trace))),
        amount=amount_from_row(trace),
        needed=needed_before(trace.kpi),
        rows_gone=kept_from is not None and trace.interval_start < kept_from,
        adjustments=tuple(trace.adjustments.order_by("pk")) if trace.status == LedgerEntry.Status.CLOSED else (),
    )


def needed_before(follow_up: Kpi) -> int:
    """How many intervals before go-live a range would need."""
    return enough_for("ar1", Granularity(follow_up.interval)).before


def amount_from_row(trace: Trace) -> Decimal:
    """What the row comes to; of an adjustment what its interval shows from then on: the sum of its rows up to it."""
    improved = arithmetic.improvement(trace.counterfactual, trace.actual, sign=sign_of(trace.direction))
    return arithmetic.captured(Claim(trace.booked, price_of(trace)), improved, trace.taken)


def price_of(trace: Trace) -> Decimal:
    """Money for one unit of the follow-up KPI."""
    return EXACT.multiply(trace.unit_factor, trace.unit_value)
