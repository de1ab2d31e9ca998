"""The table of measurements lies in months (UTC): one table for each, and one for all that is older than 2015.

A month's table is made ahead of time by a tick, and otherwise when the first batch needs it: the batch fails for want
of a place, the place is made, and the batch comes again. So no batch asks whether there is room. There is no table
for what fits nowhere: rows in it would have to be moved later, under everybody's feet.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from kpis.plumbing import locks

Month = np.datetime64  # of unit M
FIRST = np.datetime64("2015-01", "M")
AHEAD = 12

# Made apart and attached, which disturbs no reader and no writer; `partition of` would wait for all of them.
MAKE = """
create table {name} (like kpis_measurement including all);
alter table kpis_measurement attach partition {name} for values from ('{start}-01 00:00+00') to ('{end}-01 00:00+00');
"""
NAME = re.compile(r"kpis_measurement_(\d{4})_(\d\d)")
ALL = """
select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'kpis_measurement'::regclass
"""
# Asked of the catalogue's rows: a name that was looked for once and not found is remembered as missing.
THERE = ALL + " and c.relname = any(%s)"


def make_for(at_us: NDArray[np.int64]) -> int:
    """See that there is a place for points of these instants (microseconds since 1970); answers how many were made.

    In a running transaction it takes part in it, else it commits by itself.
    """
    return _make(np.unique(at_us.astype("datetime64[us]").astype("datetime64[M]")))


def make_ahead(*, at: datetime) -> int:
    """The places of this month and of the twelve to come."""
    this = np.datetime64(at.strftime("%Y-%m"), "M")
    return _make(np.arange(this, this + AHEAD + 1))


def months() -> list[tuple[str, datetime]]:
    """The tables of single months with the end of each, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(ALL)
        names = sorted(name for (name,) in cursor.fetchall())
    found = ((name, NAME.fullmatch(name)) for name in names)
    return [(name, _end(int(match[1]), int(match[2]))) for name, match in found if match]


def _end(year: int, month: int) -> datetime:
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def name_of(month: Month) -> str:
    return f"kpis_measurement_{str(month).replace('-', '_')}"


def _make(months: Iterable[Month]) -> int:
    wanted = {name_of(month): month for month in months if month >= FIRST}
    if not _missing(wanted):
        return 0
    with transaction.atomic():
        locks.in_transaction("partitions")
        missing = _missing(wanted)  # again: somebody may have made them while we waited
        with connection.cursor() as cursor:
            for name in missing:
                cursor.execute(MAKE.format(name=name, start=wanted[name], end=wanted[name] + 1))
    return len(missing)


def _missing(names: Collection[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(THERE, [list(names)])
        there = {name for (name,) in cursor.fetchall()}
    return sorted(set(names) - there)
