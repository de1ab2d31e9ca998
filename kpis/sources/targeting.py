"""From samples of received series to the columns that ingest takes: each series to its KPI, labels and unit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpis.calculations import sampling
from kpis.ingest.columns import Columns, objects, text_of
from kpis.ingest.named import Labels, NamedSamples, as_text
from kpis.sources.models import MappingRule
from kpis.sources.rules import Target

NO_KIND = -1  # of a series that feeds nothing
KINDS = {
    MappingRule.Kind.COUNTER: sampling.COUNTER,
    MappingRule.Kind.GAUGE: sampling.GAUGE,
    MappingRule.Kind.AS_IS: sampling.AS_IS,
}


@dataclass(frozen=True, slots=True)
class Aims:
    """Of each series where it goes; None: nowhere. In arrays: `kind` int8, `factor` float64, one entry a series."""

    targets: Sequence[Target | None]

    @property
    def kind(self) -> NDArray[np.int8]:
        return np.array([NO_KIND if t is None else KINDS[MappingRule.Kind(t.kind)] for t in self.targets], np.int8)

    def columns(self, series: NDArray[np.int32], at_us: NDArray[np.int64], rows: sampling.Rows) -> Columns:
        """`rows` of a timeline whose samples are of `series` at `at_us`."""
        which, used = series[rows.sample], self._used(series[rows.sample])
        keys: dict[str, int] = {}
        label_sets: dict[tuple[tuple[str, str], ...], int] = {}
        kpi, labels = np.zeros(len(self.targets), np.int32), np.zeros(len(self.targets), np.int32)
        factor, event_id = np.ones(len(self.targets)), [""] * len(self.targets)
        for place, target in used.items():
            kpi[place] = keys.setdefault(target.kpi, len(keys))
            labels[place] = label_sets.setdefault(tuple(target.labels.items()), len(label_sets))
            factor[place], event_id[place] = target.factor, target.event_id
        with np.errstate(over="ignore"):
            value = rows.value * factor[which]
        return Columns(
            kpi_keys=list(keys),
            label_sets=[dict(items) for items in label_sets],
            kpi=kpi[which],
            labels=labels[which],
            at_us=at_us[rows.sample],
            value=value,
            weight=rows.weight,
            event_id=objects(event_id)[which],
        )

    def _used(self, which: NDArray[np.int32]) -> Mapping[int, Target]:
        found = {place: self.targets[place] for place in np.unique(which).tolist()}
        return {place: target for place, target in found.items() if target is not None}


def with_refused(columns: Columns, named: NamedSamples, refused: NDArray[np.intp]) -> Columns:
    """The columns, and after them the samples that were refused already: of no KPI, told as they were sent."""
    rows, n = len(columns), len(refused)
    nowhere = np.full(n, -1, np.int32)

    def sent(index: int) -> str:
        return columns.point_as_sent(index) if index < rows else sample_as_text(named, int(refused[index - rows]))

    return Columns(
        kpi_keys=columns.kpi_keys,
        label_sets=columns.label_sets,
        kpi=np.concatenate([columns.kpi, nowhere]),
        labels=np.concatenate([columns.labels, nowhere]),
        at_us=np.concatenate([columns.at_us, named.at_us[refused]]),
        value=np.concatenate([columns.value, named.value[refused]]),
        weight=np.concatenate([columns.weight, np.ones(n)]),
        event_id=np.concatenate([columns.event_id, objects([""] * n)]) if columns.event_id is not None else None,
        sent=sent,
    )


def sample_as_text(named: NamedSamples, index: int) -> str:
    """JSON of one sample as it was sent, for whoever has to find out what was wrong with it."""
    labels: Labels | None = named.labels[named.series[index]]
    value = float(named.value[index])
    said = {
        "series": as_text(labels) if labels is not None else None,
        "at": text_of(int(named.at_us[index])),
        "value": value if np.isfinite(value) else str(value),
    }
    return json.dumps(said, ensure_ascii=False)
