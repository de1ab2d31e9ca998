"""Do stored traces follow from entries and the follow-up's interval values? Recomputed and compared, never written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from kpis.definitions.models import Kpi
from kpis.evaluation.models import Effect
from kpis.ledger import retracing, tracing
from kpis.ledger.models import LedgerEntry, Trace
from kpis.ledger.trace_proving import amount_from_row

NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Unlike:
    """One figure of one interval that does not follow."""

    what: str
    start: datetime
    figure: str
    stored: object
    recomputed: object


@dataclass(slots=True)
class TraceDeviations:
    """`due`: the traces as they should be, by driver id in order of their intervals, adjustments that lack included."""

    rows: int = 0
    unlike: list[Unlike] = field(default_factory=list)
    due: dict[int, list[Trace]] = field(default_factory=lambda: defaultdict(list))


def deviations_of(
    follow_up: Kpi, entries: Mapping[int, Sequence[LedgerEntry]], effect: Effect | None, *, now: datetime
) -> TraceDeviations:
    """`entries` by driver id and `effect` as recomputed, so that one wrong row is named with all that it led to."""
    drivers = tracing.drivers_of(follow_up)
    books = retracing.books_of(follow_up, drivers)
    wanted = tracing.traces_from(follow_up, entries, effect, books, now=now)
    missing = retracing.adjustments_of(wanted, books, now=now)
    due = tracing.open_among(wanted, books)
    standing = list(Trace.objects.filter(kpi=follow_up).select_related("driver").order_by("interval_start", "pk"))
    booked = [row for row in standing if row.status != LedgerEntry.Status.OPEN]
    found = TraceDeviations(rows=len(standing))
    found.unlike += _of_open([row for row in standing if row.status == LedgerEntry.Status.OPEN], due)
    found.unlike += _of_their_rows(booked)
    sums = retracing.traced_by_interval(booked)
    for row in missing:
        place = (row.driver_id, (row.interval_start, row.interval_end))
        stands = sums[place].amount if place in sums else NOTHING
        what, figure = f"Closed trace {_name(row)}", "with its adjustments"
        found.unlike.append(Unlike(what, row.interval_start, figure, stands, stands + row.amount))
    for row in sorted([*booked, *missing, *due], key=lambda row: row.interval_start):
        found.due[row.driver_id].append(row)
    return found


def _of_open(standing: Iterable[Trace], due: Iterable[Trace]) -> Iterator[Unlike]:
    was, becomes = ({(row.driver_id, row.interval_start): row for row in rows} for rows in (standing, due))
    for place in sorted(was.keys() | becomes.keys()):
        either = was.get(place) or becomes[place]
        name = f"Trace {_name(either)}"
        if place not in was or place not in becomes:
            amounts = (rows[place].amount if place in rows else NOTHING for rows in (was, becomes))
            yield Unlike(name, place[1], "amount", *amounts)
            continue
        for column in tracing.COMPARED:
            a, b = getattr(was[place], column), getattr(becomes[place], column)
            if a != b:
                yield Unlike(name, place[1], column, a, b)


def _of_their_rows(booked: Iterable[Trace]) -> Iterator[Unlike]:
    """Closed traces and adjustments do not change: each has to follow from its own row and those before it."""
    sums: dict[retracing.Place, Decimal] = defaultdict(Decimal)
    for row in sorted(booked, key=lambda row: row.pk):
        place = (row.driver_id, (row.interval_start, row.interval_end))
        amount = amount_from_row(row) - sums[place]
        sums[place] += row.amount
        if amount != row.amount:
            word = "Adjustment of the trace" if row.status == LedgerEntry.Status.ADJUSTMENT else "Closed trace"
            yield Unlike(f"{word} {_name(row)}", row.interval_start, "amount", row.amount, amount)


def _name(row: Trace) -> str:
    return f"of “{row.driver.name}” in {row.kpi.key}"
