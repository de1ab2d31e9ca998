"""The rows behind an entry, added up again: does the figure follow from what was measured?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from kpis.calculations.aggregation import aggregate, value_of
from kpis.calculations.answer import Answer
from kpis.calculations.intervals import epoch_us
from kpis.ledger.models import LedgerEntry
from kpis.ledger.valuation import IntervalFacts, Terms, amount_of, sign_of
from kpis.measurements import retention
from kpis.measurements.reading import Row, rows_between

ROWS_AT_MOST = 1_000  # more are added up by `manage.py verify`, not on a page


@dataclass(frozen=True, slots=True)
class EntryProof:
    """`rows`: the measurements behind `actual`, of the treated group where there is a control group.

    `added_up`: the aggregate of exactly these rows, None where there are too many for a page or some are gone after
    their time (`rows_gone`). `agrees` says whether it
    is the entry's actual value, `amount` is what the entry's own row comes to, computed once more. `adjustments`: what
    was booked later for its interval.
    """

    entry: LedgerEntry
    rows: tuple[Row, ...]
    weight: float
    added_up: Answer | None
    claimed: Decimal
    rows_gone: bool = False
    adjustments: tuple[LedgerEntry, ...] = ()

    @property
    def booked_before(self) -> Decimal:
        """Of an adjustment: what was booked for its interval before."""
        return self.entry.counted - self.entry.amount

    @property
    def agrees(self) -> bool | None:
        if self.added_up is None or self.added_up.value is None:
            return None
        return math.isclose(self.added_up.value, self.entry.actual, rel_tol=1e-9, abs_tol=1e-9)


def proof_of(entry: LedgerEntry) -> EntryProof:
    """The entry needs its KPI, driver and baseline loaded."""
    rows = rows_between(
        entry.kpi_id,
        entry.interval_start,
        entry.interval_end,
        limit=ROWS_AT_MOST + 1,
        labels=entry.baseline.treated or None,
    )
    kept_from = retention.rows_from([entry.kpi_id]).get(entry.kpi_id)
    gone = kept_from is not None and entry.interval_start < kept_from
    whole = len(rows) <= ROWS_AT_MOST and not gone
    return EntryProof(
        entry=entry,
        rows=tuple(rows[:ROWS_AT_MOST]),
        weight=math.fsum(row.weight for row in rows),
        added_up=_added_up(rows, entry.kpi.aggregation) if rows and whole else None,
        claimed=claim_from_row(entry),
        rows_gone=gone,
        adjustments=tuple(entry.adjustments.order_by("pk")),
    )


def claim_from_row(entry: LedgerEntry) -> Decimal:
    """What the entry's own row comes to, computed once more; its KPI must be loaded.

    What of it counts is its pool's to say. Of an adjustment this is what its interval claims from then on.
    """
    return amount_of(IntervalFacts(entry.counterfactual, entry.actual, entry.volume), terms_of_entry(entry))


def _added_up(rows: list[Row], aggregation: str) -> Answer:
    state = aggregate(
        np.array([row.value for row in rows], float),
        np.array([row.weight for row in rows], float),
        np.array([epoch_us(row.at) for row in rows], np.int64),
    )
    return value_of(state, aggregation)


def terms_of_entry(entry: LedgerEntry) -> Terms:
    """The terms by which the entry was booked, from its own row; its KPI must be loaded."""
    sign = sign_of(_direction(entry))
    return Terms(sign, entry.unit_factor, entry.unit_value, entry.realisation, entry.attribution)


def _direction(entry: LedgerEntry) -> str:
    """Which way was better when the entry was booked: a closed one keeps the measure of its time."""
    if entry.status == LedgerEntry.Status.OPEN or entry.kpi.version == 1:
        return entry.kpi.direction
    later = [v for v in entry.kpi.versions.all() if v.valid_from is not None and v.valid_from > entry.computed_at]
    if not later:
        return entry.kpi.direction
    before = [v for v in entry.kpi.versions.all() if v.version < later[-1].version]
    return before[0].direction if before else entry.kpi.direction
