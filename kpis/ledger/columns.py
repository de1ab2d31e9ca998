"""Entries as columns: a portfolio adds up tens of thousands of them, so none becomes an object."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.intervals import epoch_us
from kpis.ledger.models import LedgerEntry, ValueDriver
from kpis.measurements import binary

# Instants in microseconds since 1970; difference: counterfactual − actual, in the KPI's unit; worth: what one unit of
# it times one of volume came to, by the entry's own terms and the share of its claim that counts; kind: a `Kind` as
# one number. Adjustments stand among the entries of their interval, after them.
ENTRY = np.dtype(
    [
        ("start_us", "<i8"),
        ("end_us", "<i8"),
        ("booked_us", "<i8"),
        ("cents", "<i8"),
        ("difference", "<f8"),
        ("volume", "<f8"),
        ("worth", "<f8"),
        ("kpi", "<i8"),
        ("kind", "<u2"),
        ("provisional", "?"),
    ]
)
Entries = NDArray[np.void]  # of ENTRY, in order of their intervals

READ = """
select array_agg(driver_id::int8), array_agg(interval_start), array_agg(interval_end), array_agg(booked_at),
       array_agg((amount * 100)::int8), array_agg(counterfactual - actual), array_agg(volume),
       array_agg((unit_factor * unit_value * realisation * attribution)::float8
                 * case when counted = claimed then 1 else counted::float8 / claimed::float8 end),
       array_agg(kpi_id::int8),
       array_agg(ascii(evidence_grade) * 4 + (benefit_type = 'indirect')::int4 * 2 + is_freed_time::int4),
       array_agg(provisional::int4)
  from (select *, case when status = 'adjustment' then computed_at else interval_end end as booked_at
          from kpis_ledgerentry where driver_id = any($1)
         order by driver_id, interval_start, id) as entry
 where booked_at <= $2
"""


class Kind(NamedTuple):
    """As what an entry was booked: a driver or baseline that changes leaves closed entries as they are."""

    evidence_grade: str
    benefit_type: str
    is_freed_time: bool

    @property
    def is_freed(self) -> bool:
        """Whether it is direct benefit that is freed time: in the books as far as a follow-up KPI has traced it."""
        return self.is_freed_time and self.benefit_type == ValueDriver.BenefitType.DIRECT


def columns_of(driver_ids: Collection[int], *, until: datetime) -> dict[int, Entries]:
    """By driver id, the entries that were booked by then; drivers without any are absent. One query."""
    parameters = [binary.int8s(np.array(list(driver_ids), np.int64)), binary.instant(epoch_us(until))]
    result = binary.planned_for(READ, parameters)
    driver = binary.elements(result, 0, 0, binary.INT8)
    entries = np.empty(driver.size, ENTRY)
    for column, name in enumerate(("start_us", "end_us", "booked_us"), start=1):
        entries[name] = binary.elements(result, 0, column, binary.TIMESTAMPTZ).astype(np.int64) + binary.SINCE_2000_US
    entries["cents"] = binary.elements(result, 0, 4, binary.INT8)
    entries["difference"] = binary.elements(result, 0, 5, binary.FLOAT8)
    entries["volume"] = binary.elements(result, 0, 6, binary.FLOAT8)
    entries["worth"] = binary.elements(result, 0, 7, binary.FLOAT8)
    entries["kpi"] = binary.elements(result, 0, 8, binary.INT8)
    entries["kind"] = binary.elements(result, 0, 9, binary.INT4)
    entries["provisional"] = binary.elements(result, 0, 10, binary.INT4)
    edges = np.flatnonzero(np.diff(driver, prepend=-1, append=-1)).tolist()
    return {int(driver[a]): entries[a:b] for a, b in pairwise(edges)}


def columns_from(entries: Iterable[LedgerEntry]) -> Entries:
    """The same of rows at hand, in the order given."""
    return np.array(
        [
            (
                *map(epoch_us, (entry.interval_start, entry.interval_end, entry.booked_at)),
                int(entry.amount * 100),
                entry.counterfactual - entry.actual,
                entry.volume,
                float(entry.unit_factor * entry.unit_value * entry.realisation * entry.attribution) * _counting(entry),
                entry.kpi_id,
                _code(entry),
                entry.provisional,
            )
            for entry in entries
        ],
        ENTRY,
    )


def amount(entries: Entries) -> Decimal:
    """Their sum, exact: whole cents are added as Python's integers, which have no largest one."""
    return Decimal(sum(entries["cents"].tolist())).scaleb(-2)


def freed(entries: Entries) -> Decimal:
    """What of them was booked as freed time."""
    return sum((amount(some) for kind, some in by_kind(entries).items() if kind.is_freed), Decimal(0))


def by_kind(entries: Entries) -> dict[Kind, Entries]:
    """The entries of each kind, in the order in which the kinds came up."""
    codes = entries["kind"]
    different = dict.fromkeys(codes.tolist())
    return {_kind(code): entries if len(different) == 1 else entries[codes == code] for code in different}


def are_adjustments(entries: Entries) -> NDArray[np.bool_]:
    """Those that were booked after the end of their interval, for a closed period."""
    return np.asarray(entries["booked_us"] != entries["end_us"])


def what_each_added(entries: Entries, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """An adjustment holds its interval as it is known since then: what it added is that less the row before it."""
    if not are_adjustments(entries).any():
        return values
    added = values.copy()
    newest: dict[tuple[int, int], int] = {}
    for k, span in enumerate(zip(entries["start_us"].tolist(), entries["end_us"].tolist(), strict=True)):
        if span in newest:
            added[k] -= values[newest[span]]
        newest[span] = k
    return added


def _counting(entry: LedgerEntry) -> float:
    return 1.0 if entry.counted == entry.claimed else float(entry.counted) / float(entry.claimed)


def _code(entry: LedgerEntry) -> int:
    indirect = entry.benefit_type == ValueDriver.BenefitType.INDIRECT
    return ord(entry.evidence_grade) * 4 + indirect * 2 + entry.is_freed_time


def _kind(code: int) -> Kind:
    types = ValueDriver.BenefitType
    return Kind(chr(code >> 2), (types.INDIRECT if code & 2 else types.DIRECT).value, bool(code & 1))
