"""Does every stored figure follow from the measurements? Recompute all of them, compare, list what differs.

    measurements  ──►  interval values  ──►  effects  ──►  ledger entries  ──►  traces  ──►  ROI

Nothing is written. Each step is recomputed from the step before *as recomputed*, never from a table, so that a row
that somebody changed is named together with all that it should have led to. Figures are compared as of the instant
for which they were stored. KPIs whose data are still on their way through the pipeline are counted and left out.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from kpis.calculations.intervals import Calendar
from kpis.definitions import organisation
from kpis.definitions.models import Initiative, Kpi
from kpis.evaluation import effects
from kpis.evaluation.models import Effect
from kpis.ingest import quarters
from kpis.ledger import account, adjusting, posting, proving, trace_deviations, tracing
from kpis.ledger.columns import columns_from
from kpis.ledger.models import LedgerEntry, Period, Trace, ValueDriver
from kpis.ledger.pools import counting
from kpis.ledger.pools.counting import Draft
from kpis.ledger.traced import traces_from_rows
from kpis.measurements.models import Arrival
from kpis.roi.flows import Booked, Flows, flows_from, flows_of
from kpis.roi.statement import Statement, statement_of
from kpis.rollups.deviations import NOTHING, deviations_of
from kpis.rollups.models import KpiState
from kpis.rollups.series import past_the_table

CLOSE = 1e-6  # a fit ends within its own tolerance; money is compared to the cent
EFFECT_FIGURES = (
    "baseline_id", "method", "evidence_grade", "verdict", "n_before", "n_after", "baseline_value", "actual",
    "control_baseline", "control_actual", "effect", "standard_error", "df", "phi", "low", "high", "improvement",
    "improvement_low", "improvement_high", "monitoring_low", "monitoring_high", "counterfactual",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that does not follow from the measurements."""

    what: str
    stored: object
    recomputed: object

    def __str__(self) -> str:
        return f"{self.what}: stored {self.stored}, recomputed {self.recomputed}"


@dataclass(slots=True)
class Verification:
    """What was compared, by kind, what differs, and how many KPIs are still being worked on."""

    compared: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    differences: list[Difference] = field(default_factory=list)
    left_out: int = 0
    rows_gone: int = 0  # interval values whose measurements are not kept any more


def verify(*, now: datetime) -> Verification:
    """Recompute and compare everything. ROI is compared as of now, the rest as of when it was stored."""
    result, calendar = Verification(), organisation.calendar()
    states = {state.kpi_id: state for state in KpiState.objects.all()}
    stored = {effect.kpi_id: effect for effect in Effect.objects.select_related("baseline")}
    settled = _settled(states, stored)
    kpis = list(Kpi.objects.select_related("initiative").order_by("key"))
    result.left_out = sum(kpi.pk in states and kpi.pk not in settled for kpi in kpis)
    for kpi in kpis:
        _verify_interval_values(kpi, calendar, result)
    with past_the_table():
        recomputed = {
            kpi.pk: effects.effect_as_of(kpi, as_of=stored[kpi.pk].as_of) for kpi in kpis if kpi.pk in settled
        }
        entries = _verify_effects_and_entries(kpis, stored, recomputed, settled, result)
        traces = _verify_traces(entries, recomputed, settled, result)
    _verify_periods(result)
    _verify_sendings(result, calendar)
    _verify_statements(entries, traces, recomputed, result, now=now)
    return result


def _settled(states: Mapping[int, KpiState], stored: Mapping[int, Effect]) -> dict[int, datetime]:
    """KPI id to the instant as of which its effect and entries stand, for those that nothing waits for."""
    arriving = set(Arrival.objects.values_list("series__kpi_id", flat=True))
    return {
        pk: state.evaluated_at
        for pk, state in states.items()
        if state.evaluated_at is not None
        and state.version == state.evaluated_version
        and pk not in arriving
        # An evaluation stores effects first and says that it is done last: in between they are of different instants.
        and pk in stored
        and stored[pk].as_of == state.evaluated_at
    }


def _verify_interval_values(kpi: Kpi, calendar: Calendar, result: Verification) -> None:
    found = deviations_of(kpi, calendar)
    result.compared["interval values"] += found.rows
    result.rows_gone += found.rows_gone
    for d in found.deviations:
        labels = json.dumps(d.series.labels, sort_keys=True, ensure_ascii=False) if d.series.labels else ""
        name = " ".join(filter(None, [kpi.key, labels, d.granularity, _local(d.start, calendar), d.column]))
        result.differences.append(Difference(f"Interval value {name}", d.stored, d.recomputed))


def _verify_effects_and_entries(
    kpis: Iterable[Kpi],
    stored: Mapping[int, Effect],
    recomputed: Mapping[int, Effect],
    settled: Mapping[int, datetime],
    result: Verification,
) -> dict[int, list[LedgerEntry]]:
    """Answers by initiative the entries as they should be, in order of driver and interval; only those that settled."""
    for kpi in kpis:
        if kpi.pk in recomputed:
            result.compared["effects"] += 1
            names = _unlike(stored[kpi.pk], recomputed[kpi.pk], EFFECT_FIGURES)
            result.differences += [Difference(f"Effect {kpi.key} {name}", a, b) for name, a, b in names]
    unsettled: set[int] = set()
    found: dict[ValueDriver, list[LedgerEntry]] = {}
    for together in posting.by_pool(posting.drivers_reading([kpi.pk for kpi in kpis])):
        instants = {driver.pk: at for driver in together if (at := _settled_at(driver, settled)) is not None}
        if len(instants) < len(together):  # of a pool that somebody is still at work on nothing is sure
            unsettled |= {driver.initiative_id for driver in together}
            continue
        drafts = [_draft(driver, recomputed[driver.kpi_id], instants[driver.pk]) for driver in together]
        if together[0].pool is not None:
            counting.count(drafts, together[0].pool)
        for draft in drafts:
            found[draft.driver] = _verify_draft(draft, instants[draft.driver.pk], result)
    entries: dict[int, list[LedgerEntry]] = defaultdict(list)
    for driver in sorted(found, key=lambda driver: driver.pk):
        entries[driver.initiative_id] += found[driver]
    return {pk: rows for pk, rows in entries.items() if pk not in unsettled}


def _settled_at(driver: ValueDriver, settled: Mapping[int, datetime]) -> datetime | None:
    """As of when the driver's entries stand; None while one of its KPIs is still being worked on."""
    instants = [settled.get(pk) for pk in (driver.kpi_id, driver.volume_kpi_id) if pk is not None]
    known = [instant for instant in instants if instant is not None]
    return max(known) if len(known) == len(instants) else None


def _draft(driver: ValueDriver, effect: Effect, now: datetime) -> Draft:
    books = adjusting.books_of(driver)
    return Draft(driver, effect, books, list(posting.entries_from(driver, effect, books, now=now)))


def _verify_draft(draft: Draft, now: datetime, result: Verification) -> list[LedgerEntry]:
    """The driver's entries as they should be, counted with those of its pool."""
    missing = adjusting.adjustments_of(draft.driver, draft.effect, draft.wanted, draft.books, now=now)
    return _verify_entries(draft.driver, posting.open_among(draft.wanted, draft.books), missing, result)


def _verify_entries(
    driver: ValueDriver, wanted: list[LedgerEntry], missing: Iterable[LedgerEntry], result: Verification
) -> list[LedgerEntry]:
    """The driver's entries as they should be, in order of their intervals.

    wanted : its open ones. missing : the adjustments without which closed entries do not come to what the data say.
    """
    calendar = organisation.calendar()
    standing = list(driver.entries.select_related("kpi").order_by("interval_start", "pk"))
    booked = [entry for entry in standing if entry.status != LedgerEntry.Status.OPEN]
    was = {e.interval_start: e for e in standing if e.status == LedgerEntry.Status.OPEN}
    due = {e.interval_start: e for e in wanted}
    result.compared["ledger entries"] += len(standing)
    for start in sorted(was.keys() | due.keys()):
        name = f"Ledger entry {driver.kpi.key} “{driver.name}” {_local(start, calendar)}"
        if start not in was or start not in due:
            amounts = (pair[start].amount if start in pair else NOTHING for pair in (was, due))
            result.differences.append(Difference(f"{name} amount", *amounts))
            continue
        unlike = _unlike(was[start], due[start], posting.COMPARED)
        result.differences += [Difference(f"{name} {column}", a, b) for column, a, b in unlike]
    name = f"{driver.kpi.key} “{driver.name}”"
    result.differences += _unlike_their_rows(booked, name, calendar)
    sums = adjusting.booked_by_interval(booked)
    for entry in missing:
        span = (entry.interval_start, entry.interval_end)
        stands = sums[span].amount if span in sums else Decimal(0)
        what = f"Closed ledger entry {name} {_local(entry.interval_start, calendar)} with its adjustments"
        result.differences.append(Difference(what, stands, stands + entry.amount))
    return sorted([*booked, *missing, *due.values()], key=lambda entry: entry.interval_start)


def _unlike_their_rows(booked: Iterable[LedgerEntry], name: str, calendar: Calendar) -> Iterator[Difference]:
    """Closed entries and adjustments do not change: each has to follow from its own row and those before it."""
    sums: dict[tuple[datetime, datetime], Decimal] = defaultdict(Decimal)
    for entry in booked:
        before = sums[entry.interval_start, entry.interval_end]
        sums[entry.interval_start, entry.interval_end] += entry.amount
        word = "Adjustment" if entry.status == LedgerEntry.Status.ADJUSTMENT else "Closed ledger entry"
        named = f"{word} {name} {_local(entry.interval_start, calendar)}"
        if (claimed := proving.claim_from_row(entry)) != entry.claimed:
            yield Difference(f"{named} claimed", entry.claimed, claimed)
        if (amount := entry.counted - before) != entry.amount:
            yield Difference(f"{named} amount", entry.amount, amount)


def _verify_traces(
    entries: Mapping[int, list[LedgerEntry]],
    recomputed: Mapping[int, Effect],
    settled: Mapping[int, datetime],
    result: Verification,
) -> dict[int, list[Trace]]:
    """Answers by driver the traces as they should be; only of initiatives whose entries settled."""
    calendar = organisation.calendar()
    found: dict[int, list[Trace]] = defaultdict(list)
    of_driver: dict[int, list[LedgerEntry]] = defaultdict(list)
    for entry in (entry for some in entries.values() for entry in some):
        of_driver[entry.driver_id].append(entry)
    for follow_up in tracing.follow_ups_behind(list(settled)):
        if follow_up.initiative_id not in entries:
            continue
        deviations = trace_deviations.deviations_of(
            follow_up, of_driver, recomputed.get(follow_up.pk), now=max(settled.values())
        )
        result.compared["traces"] += deviations.rows
        result.differences += [
            Difference(f"{d.what} {_local(d.start, calendar)} {d.figure}", d.stored, d.recomputed)
            for d in deviations.unlike
        ]
        for driver_id, rows in deviations.due.items():
            found[driver_id] += rows
    return found


def _verify_periods(result: Verification) -> None:
    """What a closed period froze, against its entries and costs as they stand."""
    initiatives = list(Initiative.objects.order_by("slug"))
    for period in Period.objects.order_by("ends_at"):
        result.compared["closed periods"] += 1
        stands = {each.initiative.slug: each.as_json() for each in account.accounts_now(period, initiatives)}
        for slug in sorted(period.account.keys() | stands.keys()):
            frozen, now = period.account.get(slug, {}), stands.get(slug, {})
            result.differences += [
                Difference(f"Closed period {period.key} {slug} {name}", frozen.get(name), now.get(name))
                for name in sorted(frozen.keys() or now.keys())
                if frozen.get(name) != now.get(name)
            ]


def _verify_sendings(result: Verification, calendar: Calendar) -> None:
    """What senders' pages add up, against the batches."""
    if rows := quarters.count():
        result.compared["quarters of senders"] += rows
    for unlike in quarters.deviations():
        name = f"Sent by {unlike.sender} {_local(unlike.start, calendar)}"
        result.differences.append(Difference(name, unlike.stored or NOTHING, unlike.recomputed or NOTHING))


def _verify_statements(
    entries: Mapping[int, list[LedgerEntry]],
    traces: Mapping[int, list[Trace]],
    recomputed: Mapping[int, Effect],
    result: Verification,
    *,
    now: datetime,
) -> None:
    """ROI is not stored: what pages say from the stored rows, against what they would say from the recomputed ones."""
    calendar = organisation.calendar()
    for initiative in Initiative.objects.filter(pk__in=entries).order_by("slug"):
        told, due = (
            _figures(
                statement_of(flows, initiative=initiative, currency=initiative.currency, as_of=now, calendar=calendar)
            )
            for flows in (
                flows_of([initiative], as_of=now),
                _flows_of_entries(initiative, entries[initiative.pk], traces, recomputed, now),
            )
        )
        result.compared["ROI statements"] += 1
        result.differences += [
            Difference(f"ROI {initiative.slug} {name}", told[name], due[name])
            for name in told
            if not _alike(told[name], due[name])
        ]


def _flows_of_entries(
    initiative: Initiative,
    entries: Iterable[LedgerEntry],
    traces: Mapping[int, list[Trace]],
    effects: Mapping[int, Effect],
    now: datetime,
) -> list[Flows]:
    booked: dict[ValueDriver, list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
        if entry.booked_at <= now:
            booked[entry.driver].append(entry)
    columns = {driver.pk: columns_from(found) for driver, found in booked.items()}
    traced = {
        driver.pk: traces_from_rows(sorted((t for t in traces[driver.pk] if t.booked_at <= now), key=_interval))
        for driver in booked
        if driver.pk in traces
    }
    return flows_from([initiative], Booked(list(booked), columns, effects, traced), as_of=now)


def _interval(trace: Trace) -> datetime:
    return trace.interval_start


def _figures(statement: Statement) -> dict[str, Any]:
    benefits, returns, found = statement.benefits, statement.returns, statement.range
    return {
        "invested": statement.invested,
        "benefits.direct": benefits.direct,
        "benefits.indirect": benefits.indirect,
        "benefits.freed": benefits.freed,
        "benefits.captured": benefits.captured,
        "net": statement.net,
        "roi": statement.roi.value,
        "npv": returns.npv.value,
        "irr": returns.irr.value,
        "payback_on": returns.payback_on,
        "range.net_low": found.net_low if found else None,
        "range.net_high": found.net_high if found else None,
        **{f"evidence.{grade}": amount for grade, amount in statement.evidence.items()},
    }


def _unlike(stored: Any, recomputed: Any, names: Iterable[str]) -> Iterator[tuple[str, Any, Any]]:
    for name in names:
        was, due = getattr(stored, name), getattr(recomputed, name)
        if not _alike(was, due):
            yield name, was, due


def _alike(a: Any, b: Any) -> bool:
    """Floats within a fit's own tolerance, inside lists and objects too; everything else, above all money, exactly."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(_alike, a, b))
    if isinstance(a, float) and isinstance(b, int | float) and not isinstance(b, Decimal | bool):
        return math.isclose(a, b, rel_tol=CLOSE, abs_tol=CLOSE)
    return bool(a == b)


def _local(start: datetime, calendar: Calendar) -> str:
    return start.astimezone(ZoneInfo(calendar.zone)).isoformat(timespec="minutes")
