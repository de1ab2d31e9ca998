"""The rules of a pushing source: made, changed, moved, removed; and which rule each received series falls to since.

A change waits for the requests that are under way and holds up new ones, so no sample is mapped by half of it. What
the memory holds of the series that fall to another rule, or to one that changed, is mapped anew (`map_anew`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from kpis.access.models import Token, User
from kpis.calculations import sampling
from kpis.definitions import changing
from kpis.definitions.models import Kpi
from kpis.ingest.accepting import accept_columns
from kpis.ingest.named import NAME, Labels
from kpis.plumbing import prepared, wakeup
from kpis.sources import memory, rules
from kpis.sources.configuring import SourceWrong
from kpis.sources.models import DataSource, MappingRule, ReceivedSeries
from kpis.sources.targeting import NO_KIND, Aims

MOST_RULES = 200
MOST_KEPT = 16
SERIES_AT_ONCE = 20  # two days of samples every 15 seconds of each are 230,000
LOCKED = "select id from kpis_datasource where id = %s::int8 for update"
LOCKED_FOR_SENDERS = "select id from kpis_datasource where id = %s::int8 for key share"

Actor = User | Token | None


@dataclass(frozen=True, slots=True)
class RulePlan:
    """A rule as it is wished for. `position` counts from 1; None: the last, or where it is."""

    kpi: Kpi
    matchers: Sequence[Mapping[str, str]]
    kind: str
    keep_labels: Sequence[str] = ()
    drop_labels: Sequence[str] = ()
    rename_labels: Mapping[str, str] = field(default_factory=dict)
    factor: float = 1.0
    position: int | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The members of the row."""
        return {
            "kpi": self.kpi,
            "matchers": [dict(matcher) for matcher in self.matchers],
            "kind": self.kind,
            "keep_labels": list(self.keep_labels),
            "drop_labels": list(self.drop_labels),
            "rename_labels": dict(self.rename_labels),
            "factor": self.factor,
        }


@transaction.atomic
def create_rule(source: DataSource, plan: RulePlan, *, by: Actor, at: datetime) -> MappingRule:
    """A new rule of the source. Refuses (SourceWrong) what can never work."""
    refuse_unworkable(source, plan)
    prepared.execute(LOCKED, [source.pk])
    standing = list(source.rules.all())
    if len(standing) >= MOST_RULES:
        raise SourceWrong("too_many_rules", f"A source has at most {MOST_RULES} rules.")
    rule = changing.create(MappingRule(source=source, position=len(standing) + 1, **plan.fields), by=by, at=at)
    _arrange([*standing, rule], rule, plan.position)
    _assign(source, changed={rule.pk})
    return rule


@transaction.atomic
def change_rule(rule: MappingRule, plan: RulePlan, *, by: Actor, at: datetime) -> None:
    """Let the rule be as planned. Refuses (SourceWrong) what can never work."""
    refuse_unworkable(rule.source, plan)
    prepared.execute(LOCKED, [rule.source_id])
    changed = changing.change(rule, plan.fields, by=by, at=at)
    _arrange(list(rule.source.rules.all()), rule, plan.position)
    _assign(rule.source, changed={rule.pk} if changed else set())


@transaction.atomic
def delete_rule(rule: MappingRule, *, by: Actor, at: datetime) -> None:
    """Remove the rule; what it has mapped stays, its series fall to the next rule that takes them."""
    source = rule.source
    prepared.execute(LOCKED, [source.pk])
    changing.delete(rule, by=by, at=at)
    _arrange(list(source.rules.all()), None, None)
    _assign(source, changed=set())


def plan_of(rule: MappingRule, **changes: Any) -> RulePlan:
    """A standing rule as a plan, with some of its members changed."""
    names = ("kpi", "matchers", "kind", "keep_labels", "drop_labels", "rename_labels", "factor", "position")
    return RulePlan(**{name: getattr(rule, name) for name in names} | changes)


def map_name(source: DataSource, name: str, kpi: Kpi, *, by: Actor, at: datetime) -> MappingRule:
    """All series of one name to a KPI, as their sender or their name says what kind they are."""
    kind = source.received_series.filter(name=name).values_list("kind", flat=True).first() or "unknown"
    plan = RulePlan(
        kpi=kpi,
        matchers=[{"label": NAME, "op": "=", "value": name}],
        kind=rules.probable_kind(name, kind),
    )
    return create_rule(source, plan, by=by, at=at)


def refuse_unworkable(source: DataSource, plan: RulePlan) -> None:
    """Refuses (SourceWrong) a rule that could never map a series."""
    if source.kind != DataSource.Kind.PUSH:
        raise SourceWrong("not_pushing", "Only a source that pushes has rules; others have feeds.")
    if source.initiative_id is not None and plan.kpi.initiative_id != source.initiative_id:
        raise SourceWrong("kpi_of_another", "The KPI belongs to another initiative.", "kpi")
    if not 0 < len(plan.matchers) <= rules.MOST_MATCHERS:
        raise SourceWrong("matchers_needed", f"A rule has 1 to {rules.MOST_MATCHERS} matchers.", "matchers")
    for index, matcher in enumerate(plan.matchers):
        _refuse_bad_matcher(matcher, f"matchers.{index}")
    if not math.isfinite(plan.factor):
        raise SourceWrong("factor_wrong", "The factor is a finite number.", "factor")
    if len(plan.keep_labels) > MOST_KEPT:
        raise SourceWrong("too_many_labels", f"A point has at most {MOST_KEPT} labels.", "keep_labels")
    given = list(plan.rename_labels.values())
    if len(set(given)) < len(given) or set(given) & (set(plan.keep_labels) - set(plan.rename_labels)):
        raise SourceWrong("labels_collide", "Two labels would have the same name.", "rename_labels")


def _refuse_bad_matcher(matcher: Mapping[str, str], attr: str) -> None:
    if matcher["op"] not in rules.OPERATORS:
        raise SourceWrong("operator_wrong", f"A matcher is one of {' '.join(rules.OPERATORS)}.", f"{attr}.op")
    if matcher["op"] in ("=~", "!~"):
        try:
            rules.refuse_bad_pattern(matcher["value"])
        except rules.PatternWrong as error:
            raise SourceWrong("pattern_wrong", f"This is no regular expression: {error}.", f"{attr}.value") from error


def map_anew(*, at: datetime) -> bool:
    """Store what the memory holds of some series whose rule changed; answers whether there was anything to do."""
    source_id = ReceivedSeries.objects.filter(to_map_anew=True).values_list("source_id", flat=True).first()
    if source_id is None:
        return False
    with transaction.atomic():
        prepared.execute(LOCKED_FOR_SENDERS, [source_id])
        waiting = ReceivedSeries.objects.filter(source_id=source_id, to_map_anew=True).select_related("rule__kpi")
        some = list(waiting.order_by("id").select_for_update(of=("self",), no_key=True)[:SERIES_AT_ONCE])
        if some:
            _store(some, at=at)
            ReceivedSeries.objects.filter(pk__in=[series.pk for series in some]).update(to_map_anew=False)
    return True


def rows_of(series: Sequence[ReceivedSeries], aims: Aims) -> tuple[sampling.Timeline, sampling.Rows]:
    """What all that the memory holds of these series comes to, each aimed at its target."""
    held = memory.all_samples([one.pk for one in series])
    kind = aims.kind[held.series] if len(series) else held.series.astype("int8")
    fresh = kind != NO_KIND
    timeline = sampling.Timeline(held.series, held.at_us, held.value, kind, fresh)
    return timeline, sampling.rows_of(timeline)


def labels_of(series: ReceivedSeries) -> Labels:
    """The labels as the rules take them."""
    return tuple(sorted(series.labels.items()))


def _store(series: Sequence[ReceivedSeries], *, at: datetime) -> None:
    aims = Aims([rules.target_of(one.rule, labels_of(one), one.kind) if one.rule else None for one in series])
    timeline, rows = rows_of(series, aims)
    columns = aims.columns(timeline.series, timeline.at_us, rows)
    accept_columns(columns, actor=None, source=series[0].source, at=at)


def _arrange(standing: list[MappingRule], rule: MappingRule | None, position: int | None) -> None:
    """Number the rules from 1, `rule` at `position` where one is given."""
    if rule is not None and position is not None:
        standing = [one for one in standing if one.pk != rule.pk]
        standing.insert(position - 1, rule)
    for number, one in enumerate(standing, start=1):
        if one.position != number:
            one.position = number
            MappingRule.objects.filter(pk=one.pk).update(position=number)


def _assign(source: DataSource, *, changed: set[int]) -> None:
    """Let each received series fall to the first rule that takes it now."""
    in_order = list(source.rules.all())
    moved: dict[int | None, list[int]] = {}
    for series in source.received_series.only("id", "labels", "rule_id"):
        rule = rules.first_match(in_order, labels_of(series))
        rule_id = rule.pk if rule is not None else None
        if rule_id != series.rule_id or rule_id in changed:
            moved.setdefault(rule_id, []).append(series.pk)
    for rule_id, ids in moved.items():
        ReceivedSeries.objects.filter(pk__in=ids).update(rule_id=rule_id, to_map_anew=rule_id is not None)
    if any(rule_id is not None for rule_id in moved):
        wakeup.after_commit("kpis.map_received")
