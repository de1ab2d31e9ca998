"""Making a proof file: everything of one instant, on disk before the first byte leaves, its digest in the trail."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from kpis.access import audit
from kpis.access.models import Token, User
from kpis.baselines.models import Baseline
from kpis.calculations.intervals import Interval
from kpis.definitions import organisation
from kpis.definitions.models import Initiative, Kpi
from kpis.exports.cells import table
from kpis.exports.proof import booked, measured, notes
from kpis.exports.proof.archive import Archive
from kpis.ledger import account, reading
from kpis.ledger.models import LedgerEntry, Period, ValueDriver
from kpis.ledger.traced import traces_until
from kpis.plumbing import snapshot
from kpis.roi.statement import Statement, roi_statement
from kpis.roi.told import figures_of, range_of
from kpis.rollups import states
from kpis.wording import marks

MADE = "proof.made"
IN_MEMORY = 4 * 1024 * 1024  # larger ones lie on disk until they are sent
SCRIPT = Path(__file__).with_name("recompute.py")


class ProofRefused(Exception):
    """Why there is no such file, in words for the one who asked."""

    def __init__(self, code: str, detail: str, attr: str | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.attr = code, detail, attr


@dataclass(frozen=True, slots=True)
class ProofFile:
    """`content` at its beginning, to be read once and closed; `digest` is the SHA-256 of its manifest, in hex."""

    name: str
    content: IO[bytes]
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Ground:
    """What the figures rest on, as of one instant. `span`: from the first entry's interval to the last one's end."""

    statement: Statement
    drivers: list[ValueDriver]
    baselines: list[Baseline]
    span: Interval | None
    methods: frozenset[str]
    waiting: list[str]


def make_proof(initiative: Initiative, period: Period | None, *, by: User | Token, at: datetime) -> ProofFile:
    """All that is booked until now, or until the end of a period; who made it, and its digest, go into the trail."""
    organisation.current()  # its row is written when it is asked for the first time
    _refuse_running(period, at)
    until = period.ends_at if period else at
    zone = ZoneInfo(organisation.current().zone)
    name = f"proof-{initiative.slug}-{period.key if period else until.astimezone(zone).date().isoformat()}"
    content: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed when it is sent
    with snapshot.read_only_unless_within():
        archive = Archive(content, name, at=at.astimezone(zone))
        _fill(archive, initiative, period, until, by, at)
        digest = archive.finish()
    size = content.tell()
    content.seek(0)
    details = {"manifest": digest, "period": period.key if period else "", "as_of": until, "bytes": size}
    audit.record(MADE, by=by, subject=f"initiative:{initiative.slug}", details=details, at=at)
    return ProofFile(f"{name}.zip", content, size, digest)


def _refuse_running(period: Period | None, at: datetime) -> None:
    if period is not None and at < period.ends_at:
        sentence = _("The period is not over yet. A proof file of all until now can be had at any time.")
        raise ProofRefused("period_not_over", sentence, "period")


def _fill(
    archive: Archive, initiative: Initiative, period: Period | None, until: datetime, by: User | Token, at: datetime
) -> None:
    ground = _ground(initiative, until, at)
    told = _told(ground, period, by, at)
    calendar = ground.statement.calendar
    archive.add("README.txt", notes.readme(initiative.name, period=told["period_key"], sample=initiative.is_sample))
    archive.add("statement.json", [json.dumps(told, indent=1, ensure_ascii=False).encode()])
    archive.add("entries.csv", table(booked.ENTRIES, booked.entry_rows(_entries(initiative, until), calendar)))
    traces = traces_until(initiative, until)
    archive.add("traces.csv", table(booked.TRACES, booked.trace_rows(traces)))
    intervals = measured.interval_rows(ground.baselines, ground.drivers, ground.span, now=at)
    followed = measured.follow_up_rows(traces, now=at)
    archive.add("intervals.csv", table(measured.INTERVALS, chain(intervals, followed)))
    archive.add("baselines.csv", table(measured.BASELINES, measured.baseline_rows(ground.baselines)))
    archive.add("baseline_values.csv", table(measured.VALUES, measured.window_rows(ground.baselines, now=at)))
    archive.add("assumptions.csv", table(booked.ASSUMPTIONS, booked.assumption_rows(ground.drivers)))
    archive.add("costs.csv", table(booked.COSTS, booked.cost_rows(ground.statement.flows[0])))
    archive.add("methods.txt", notes.methods(ground.methods))
    archive.add("recompute.py", [SCRIPT.read_bytes()])


def _entries(initiative: Initiative, until: datetime) -> Iterator[LedgerEntry]:
    rows = reading.booked_until(initiative, until).select_related("driver__volume_kpi", "kpi", "baseline")
    return rows.prefetch_related("kpi__versions").iterator(chunk_size=2000)


def _ground(initiative: Initiative, until: datetime, at: datetime) -> Ground:
    rows = reading.booked_until(initiative, until).order_by()
    ends = reading.span_of(rows)
    waiting = states.waiting_for_evaluation(now=at).keys()
    used = Baseline.objects.filter(pk__in=rows.values("baseline_id").distinct())
    drivers = ValueDriver.objects.filter(initiative=initiative)
    return Ground(
        statement=roi_statement(initiative, as_of=until),
        drivers=list(drivers.select_related("kpi", "volume_kpi", "unit_value", "realisation", "attribution")),
        baselines=list(used.select_related("kpi", "author", "approved_by").order_by("kpi__key", "version")),
        span=Interval(*ends) if ends else None,
        methods=frozenset(rows.values_list("method", flat=True).distinct()),
        waiting=sorted(Kpi.objects.filter(pk__in=waiting, initiative=initiative).values_list("key", flat=True)),
    )


def _told(ground: Ground, period: Period | None, by: User | Token, at: datetime) -> dict[str, Any]:
    """`statement.json`; `figures` and the period's `account` are what the script recomputes."""
    statement, initiative = ground.statement, ground.statement.flows[0].initiative
    fields = ("slug", "name", "business_unit", "owner", "phase", "currency")
    days = {name: getattr(initiative, name) for name in ("started_on", "go_live_on")}
    return {
        "initiative": {name: getattr(initiative, name) for name in fields}
        | {name: day.isoformat() if day else None for name, day in days.items()}
        | {"discount_rate": str(initiative.discount_rate)},
        "as_of": statement.as_of.isoformat(),
        "zone": statement.calendar.zone,
        "made_at": at.isoformat(),
        "made_for": str(by),
        "sample": initiative.is_sample,
        "sample_note": str(marks.SAMPLE.meaning) if initiative.is_sample else "",
        "period": _period(initiative, period),
        "period_key": period.key if period else "",
        "figures": figures_of(statement),
        "verdict": statement.verdict,
        "range": range_of(statement.range),
        "reasons": statement.reasons,
        "waiting": ground.waiting,
    }


def _period(initiative: Initiative, period: Period | None) -> dict[str, Any] | None:
    if period is None:
        return None
    return {
        "key": period.key,
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "starts_at": period.starts_at.isoformat(timespec="microseconds"),
        "ends_at": period.ends_at.isoformat(timespec="microseconds"),
        "closed_at": period.closed_at.isoformat() if period.is_closed else None,
        "closed_by": str(period.closed_by) if period.closed_by else None,
        "reason": period.reason,
        "account": account.account_of(period, initiative).as_json(),
    }
