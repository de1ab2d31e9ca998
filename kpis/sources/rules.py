"""What a rule takes and what becomes of a series' labels. Matchers are PromQL's: `=`, `!=`, `=~`, `!~`, anchored.

Regular expressions are RE2's, as in Prometheus: they take linear time, whatever somebody writes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from kpis.ingest.named import NAME, Labels
from kpis.measurements import labelling
from kpis.sources.models import MappingRule

OPERATORS = ("=", "!=", "=~", "!~")
ALL_LABELS = "*"
MOST_MATCHERS, LONGEST_PATTERN = 20, 500
COUNTER_ENDINGS = ("_total", "_count", "_sum", "_bucket")


class PatternWrong(ValueError):
    """A regular expression that is none; the sentence says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the samples of one received series go. `event_id` keeps series apart that share labels of the KPI."""

    kpi: str
    labels: Mapping[str, str]
    event_id: str
    kind: str  # of MappingRule.Kind
    factor: float


def first_match(rules: Sequence[MappingRule], labels: Labels) -> MappingRule | None:
    """The first of the rules that takes the series."""
    given = dict(labels)
    return next((rule for rule in rules if takes(rule.matchers, given)), None)


def takes(matchers: Iterable[Mapping[str, str]], labels: Mapping[str, str]) -> bool:
    """Whether all matchers hold; a label that is absent counts as empty text."""
    return all(_holds(m["op"], m["value"], labels.get(m["label"], "")) for m in matchers)


def target_of(rule: MappingRule, labels: Labels, kind: str) -> Target:
    """Where a series that the rule takes goes. Increases that are sent as such stay as they are."""
    return Target(
        kpi=rule.kpi.key,
        labels=_kept(rule, labels),
        event_id=short_hash(labels),
        kind=MappingRule.Kind.AS_IS if kind == "delta" and rule.kind == MappingRule.Kind.COUNTER else rule.kind,
        factor=rule.factor,
    )


def probable_kind(name: str, kind: str) -> str:
    """The kind of rule for a metric: as its sender says, else as its name suggests."""
    if kind in ("counter", "gauge"):
        return kind
    if kind == "delta":
        return MappingRule.Kind.AS_IS
    return MappingRule.Kind.COUNTER if name.endswith(COUNTER_ENDINGS) else MappingRule.Kind.GAUGE


@lru_cache(maxsize=4_000)
def hash_of(labels: Labels) -> bytes:
    return hashlib.sha256(labelling.canonical(dict(labels)).encode()).digest()


def short_hash(labels: Labels) -> str:
    """Twelve letters that stand for the whole label set."""
    return hash_of(labels).hex()[:12]


def refuse_bad_pattern(text: str) -> None:
    """Refuses (PatternWrong) what RE2 cannot read."""
    try:
        _pattern(text)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise PatternWrong(said.decode(errors="replace") if isinstance(said, bytes) else str(said)) from error


def _holds(operator: str, wanted: str, value: str) -> bool:
    if operator == "=":
        return value == wanted
    if operator == "!=":
        return value != wanted
    found = _pattern(wanted).fullmatch(value) is not None
    return found if operator == "=~" else not found


@lru_cache(maxsize=1_000)
def _pattern(text: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(text, options)


def _kept(rule: MappingRule, labels: Labels) -> dict[str, str]:
    keep_all = ALL_LABELS in rule.keep_labels
    return {
        rule.rename_labels.get(name, name): value
        for name, value in labels
        if (name in rule.keep_labels or (keep_all and name != NAME)) and name not in rule.drop_labels
    }
