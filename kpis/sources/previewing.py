"""What a rule would do, without saving it: which received series it takes, and what it would store of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from kpis.ingest.columns import EPOCH
from kpis.ingest.named import as_text
from kpis.sources import arranging, rules
from kpis.sources.models import DataSource, MappingRule, ReceivedSeries
from kpis.sources.targeting import Aims

SHOWN_SERIES, SHOWN_POINTS = 20, 5


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement as it would be stored, in the KPI's unit."""

    at: datetime
    value: float
    weight: float


@dataclass(frozen=True, slots=True)
class Preview:
    """One series that the rule takes; `decided_by` is the earlier rule that gets it instead, None where none does."""

    series: str
    kpi: str
    labels: dict[str, str]
    id: str
    decided_by: int | None
    points: list[Point]


@dataclass(frozen=True, slots=True)
class Trial:
    """All series that the rule takes, how many of them earlier rules get, and the first of them in full."""

    matched: int
    decided_earlier: int
    results: list[Preview]


def try_rule(source: DataSource, plan: arranging.RulePlan, *, instead_of: MappingRule | None = None) -> Trial:
    """Refuses (SourceWrong) a rule that can never work. instead_of : the standing rule that this one would be."""
    arranging.refuse_unworkable(source, plan)
    rule = MappingRule(source=source, **plan.fields)
    earlier = [one for one in source.rules.select_related("kpi") if instead_of is None or one.pk != instead_of.pk]
    if plan.position is not None:
        earlier = earlier[: plan.position - 1]
    taken = [one for one in source.received_series.all() if rules.takes(rule.matchers, one.labels)]
    decided = {one.pk: rules.first_match(earlier, arranging.labels_of(one)) for one in taken}
    taken.sort(key=lambda one: decided[one.pk] is not None)
    shown = taken[:SHOWN_SERIES]
    return Trial(
        matched=len(taken),
        decided_earlier=sum(other is not None for other in decided.values()),
        results=_previews(rule, shown, decided),
    )


def _previews(rule: MappingRule, series: list[ReceivedSeries], decided: dict[int, MappingRule | None]) -> list[Preview]:
    targets = [rules.target_of(rule, arranging.labels_of(one), one.kind) for one in series]
    timeline, rows = arranging.rows_of(series, Aims(targets))
    of_series = timeline.series[rows.sample]
    previews = []
    for place, (one, target) in enumerate(zip(series, targets, strict=True)):
        last = np.flatnonzero(of_series == place)[-SHOWN_POINTS:].tolist()
        at_us = timeline.at_us[rows.sample]
        other = decided[one.pk]
        previews.append(
            Preview(
                series=as_text(arranging.labels_of(one)),
                kpi=target.kpi,
                labels=dict(target.labels),
                id=target.event_id,
                decided_by=other.pk if other is not None else None,
                points=[
                    Point(
                        EPOCH + timedelta(microseconds=int(at_us[n])),
                        float(rows.value[n]) * target.factor,
                        float(rows.weight[n]),
                    )
                    for n in last
                ],
            )
        )
    return previews
