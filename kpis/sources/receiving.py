"""The one way in for samples that carry a metric's name and labels, whatever form they came in.

In one transaction: which series they are and where each goes, what came before and after them, the rows of the KPIs
(by `ingest.accepting`, as for every other point), and the samples themselves into the memory. Sending the same again,
in other portions or in another order is harmless.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from django.db import OperationalError, transaction
from numpy.typing import NDArray

from kpis.calculations import sampling
from kpis.ingest import addressing, checking
from kpis.ingest.accepting import ATTEMPTS, PASSING, KpiVanished, accept_columns
from kpis.ingest.columns import EPOCH, UNREADABLE_TIME
from kpis.ingest.named import Labels, NamedSamples
from kpis.ingest.parcels import NO_PARCEL, Parcel
from kpis.ingest.receipts import Receipt
from kpis.ingest.rejections import GOOD, VERDICTS
from kpis.plumbing import prepared
from kpis.sources import memory, rules
from kpis.sources.models import DataSource, MappingRule
from kpis.sources.targeting import NO_KIND, Aims, sample_as_text, with_refused

LOCKED = "select enabled from kpis_datasource where id = %s::int8 for key share"
FRESHER = """
update kpis_datasource set last_data_at = %(newest)s::timestamptz
where id = %(id)s::int8 and (last_data_at is null or last_data_at < %(newest)s::timestamptz - interval '1 minute')
"""
UNMAPPED, NO_ROOM = 100, 101  # beside the verdicts of `ingest.rejections`; no row each: a sender would write thousands
UNSAID = {
    UNMAPPED: ("unmapped_series", "No rule of the source maps this series to a KPI; see its list of series."),
    NO_ROOM: (
        "too_many_series",
        "The source has as many series as the limit INGEST_MAX_SERIES allows; send fewer (write_relabel_configs).",
    ),
}
SENDERS_FAULTS = {"invalid_labels", "invalid_time", "rows_gone", "time_in_future", "too_late"}


@dataclass(frozen=True, slots=True)
class Refused:
    """Samples that were not stored for one reason: how many, and the first of them."""

    code: str
    detail: str
    count: int
    first: str


@dataclass(frozen=True, slots=True)
class Received:
    """What became of n samples. accepted, replaced, unchanged : rows of KPIs, a late sample changes two of them.

    remembered : samples that make no row of their own: the first of a counter, the end of a series.
    """

    received: int
    accepted: int = 0
    replaced: int = 0
    unchanged: int = 0
    remembered: int = 0
    rejected: list[Refused] = field(default_factory=list)

    @property
    def has_senders_faults(self) -> bool:
        return any(one.code in SENDERS_FAULTS for one in self.rejected)


class SourceClosed(Exception):
    """The source is paused, or was removed meanwhile."""


def receive(
    named: NamedSamples,
    *,
    source: DataSource,
    actor: addressing.Actor,
    parcel: Parcel = NO_PARCEL,
    at: datetime,
) -> Received:
    """Take in samples of a pushing source; committed when this returns. Refuses (SourceClosed) a paused source.

    actor : the token or person who sends, whose sight counts. parcel : the request that brought them. at : the present
    instant.
    """
    failed = 0
    while True:
        try:
            with transaction.atomic():
                return _Reception(named, source, actor, at).carry_out(parcel)
        except KpiVanished:
            addressing.forget(actor)
            failed += 1
            if failed == ATTEMPTS:
                raise
        except OperationalError as error:
            failed += 1
            if failed == ATTEMPTS or not isinstance(error.__cause__, PASSING):
                raise


class _Reception:
    """One request's samples on their way. `place` says of each sample which of the distinct series it belongs to."""

    def __init__(self, named: NamedSamples, source: DataSource, actor: addressing.Actor, at: datetime) -> None:
        self.named, self.source, self.actor, self.at = named, source, actor, at
        places: dict[Labels, int] = {}
        of_series = [-1 if labels is None else places.setdefault(labels, len(places)) for labels in named.labels]
        self.labels: list[Labels] = list(places)
        kinds = {labels: kind for labels, kind in zip(named.labels, named.kinds, strict=True) if labels is not None}
        self.kinds = [kinds[labels] for labels in self.labels]
        self.place = np.array([*of_series, -1], np.int32)[named.series]
        self.verdicts = self._verdicts_on_themselves()

    def carry_out(self, parcel: Parcel) -> Received:
        row = prepared.execute(LOCKED, [self.source.pk]).fetchone()
        if row is None or not row[0]:
            raise SourceClosed
        by_id = {rule.pk: rule for rule in self.source.rules.select_related("kpi")}
        known, without_room = self._known(list(by_id.values()))
        aims = Aims([self._target(place, known, by_id) for place in range(len(self.labels))])
        kept = self._judge(known, aims, without_room)
        timeline = self._timeline(known, aims)
        rows = sampling.rows_of(timeline)
        receipt = self._store(aims, timeline, rows, parcel)
        self._remember(known, kept)
        silent = np.ones(len(timeline.fresh), np.bool_)
        silent[rows.sample] = False
        return self._said(receipt, remembered=int((silent & timeline.fresh & (timeline.kind != NO_KIND)).sum()))

    def _verdicts_on_themselves(self) -> NDArray[np.int8]:
        named = self.named
        verdicts = np.full(len(named), GOOD, np.int8)
        latest = (self.at + checking.AHEAD_AT_MOST - EPOCH) // checking.MICROSECOND
        verdicts[~np.isfinite(named.value) & ~named.ended] = VERDICTS["invalid_value"].number
        verdicts[named.at_us > latest] = VERDICTS["time_in_future"].number
        verdicts[(named.at_us < checking.EARLIEST_US) | (named.at_us == UNREADABLE_TIME)] = VERDICTS[
            "invalid_time"
        ].number
        verdicts[self.place < 0] = VERDICTS["invalid_labels"].number
        return verdicts

    def _known(self, in_order: Sequence[MappingRule]) -> tuple[Mapping[int, memory.Known], list[int]]:
        """The series by place, made where they are new; and those that a rule takes, but for which there is no room."""
        known = memory.known_series(self.source.pk, self.labels)
        new = {
            place: (labels, kind, rules.first_match(in_order, labels))
            for place, (labels, kind) in enumerate(zip(self.labels, self.kinds, strict=True))
            if place not in known
        }
        if new:
            memory.make_series(self.source.pk, list(new.values()), at=self.at)
            known = memory.known_series(self.source.pk, self.labels)
        said = {place: self.kinds[place] for place in known if self.kinds[place] != "unknown"}
        memory.correct_kinds({known[place].id: kind for place, kind in said.items() if kind != known[place].kind})
        return {place: one._replace(kind=said.get(place, one.kind)) for place, one in known.items()}, [
            place for place, (_, _, rule) in new.items() if rule is not None and place not in known
        ]

    def _target(
        self, place: int, known: Mapping[int, memory.Known], by_id: Mapping[int, MappingRule]
    ) -> rules.Target | None:
        found = known.get(place)
        rule = by_id.get(found.rule_id) if found is not None and found.rule_id is not None else None
        return rules.target_of(rule, self.labels[place], found.kind) if found is not None and rule is not None else None

    def _judge(self, known: Mapping[int, memory.Known], aims: Aims, without_room: Sequence[int]) -> NDArray[np.bool_]:
        """Complete the verdicts; answers which samples the memory keeps."""
        places = len(self.labels)
        listed, refused = np.zeros(places + 1, np.bool_), np.zeros(places + 1, np.bool_)
        listed[list(known)], refused[list(without_room)] = True, True
        kind = np.append(aims.kind, NO_KIND)[self.place]
        oldest = np.full(places + 1, np.iinfo(np.int64).min)
        mapped = [place for place in known if aims.targets[place] is not None]
        oldest[mapped] = memory.oldest_at_us([known[place].id for place in mapped])
        late = self.named.at_us < oldest[self.place]
        good = self.verdicts == GOOD
        by_predecessor = (kind == sampling.COUNTER) | (kind == sampling.GAUGE)
        self.verdicts[good & late & by_predecessor] = VERDICTS["too_late"].number
        self.verdicts[good & (kind == NO_KIND)] = UNMAPPED
        self.verdicts[good & refused[self.place]] = NO_ROOM
        return good & listed[self.place] & ~late

    def _timeline(self, known: Mapping[int, memory.Known], aims: Aims) -> sampling.Timeline:
        """The good samples between those of the memory that they lie between."""
        good = np.flatnonzero(self.verdicts == GOOD)
        place, at_us = self.place[good], self.named.at_us[good]
        used = np.unique(place)
        before = _around(used, place, at_us, known)
        series = np.concatenate([used[before.series] if len(used) else before.series, place]).astype(np.int32)
        at_us = np.concatenate([before.at_us, at_us])
        value = np.concatenate([before.value, np.where(self.named.ended[good], np.nan, self.named.value[good])])
        fresh = np.concatenate([np.zeros(len(before.at_us), np.bool_), np.ones(len(good), np.bool_)])
        order = sampling.last_given(series, at_us)
        kind = np.append(aims.kind, NO_KIND)[series[order]]
        return sampling.Timeline(series[order], at_us[order], value[order], kind.astype(np.int8), fresh[order])

    def _store(self, aims: Aims, timeline: sampling.Timeline, rows: sampling.Rows, parcel: Parcel) -> Receipt:
        columns = aims.columns(timeline.series, timeline.at_us, rows)
        refused = np.flatnonzero((self.verdicts != GOOD) & (self.verdicts < UNMAPPED))
        judged = np.concatenate([np.full(len(columns), GOOD, np.int8), self.verdicts[refused]])
        whole = with_refused(columns, self.named, refused)
        receipt = accept_columns(whole, actor=self.actor, source=self.source, parcel=parcel, judged=judged, at=self.at)
        self.whole = whole
        if len(columns):
            newest = EPOCH + timedelta(microseconds=int(columns.at_us.max()))
            prepared.execute(FRESHER, {"newest": newest, "id": self.source.pk})
        return receipt

    def _remember(self, known: Mapping[int, memory.Known], kept: NDArray[np.bool_]) -> None:
        chosen = np.flatnonzero(kept)
        ids = np.array([known[p].id if p in known else 0 for p in range(len(self.labels))], np.int32)
        ids = ids[self.place[chosen]] if len(ids) else np.zeros(0, np.int32)
        value = np.where(self.named.ended[chosen], np.nan, self.named.value[chosen])
        order = sampling.last_given(ids, self.named.at_us[chosen])
        memory.keep(ids[order], self.named.at_us[chosen][order], value[order])

    def _said(self, receipt: Receipt, *, remembered: int) -> Received:
        by_code: dict[str, Refused] = {}
        for one in receipt.rejected:
            first = by_code.get(one.code)
            text = self.whole.point_as_sent(one.index) if first is None else first.first
            by_code[one.code] = Refused(one.code, one.detail, 1 if first is None else first.count + 1, text)
        for number, (code, detail) in UNSAID.items():
            those = np.flatnonzero(self.verdicts == number)
            if len(those):
                by_code[code] = Refused(code, detail, len(those), sample_as_text(self.named, int(those[0])))
        return Received(
            received=len(self.named),
            accepted=receipt.accepted,
            replaced=receipt.replaced,
            unchanged=receipt.unchanged,
            remembered=remembered,
            rejected=list(by_code.values()),
        )


def _around(
    used: NDArray[np.int32], place: NDArray[np.int32], at_us: NDArray[np.int64], known: Mapping[int, memory.Known]
) -> memory.Samples:
    if not len(used):
        return memory.Samples(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0))
    which = np.searchsorted(used, place)
    first, last = np.full(len(used), at_us.max()), np.full(len(used), at_us.min())
    np.minimum.at(first, which, at_us)
    np.maximum.at(last, which, at_us)
    return memory.samples_around([known[p].id for p in used.tolist()], first, last)
