"""A position as the numbers that `wording.positions` makes sentences of: for pages, the API and mails alike."""

from __future__ import annotations

from kpis.benchmarks.published import Published
from kpis.evaluation.positions import Position
from kpis.wording.amounts import share
from kpis.wording.positions import PositionFacts, mismatch, sentence


def facts_of(found: Position) -> PositionFacts:
    """The numbers of one position."""
    bare = published_facts(found.benchmark)
    said = found.benchmark.statistic
    point = dict(said.groups).get(found.group, said.value) if found.position else said.value
    return PositionFacts(
        position=found.position,
        method=bare.method,
        unit=bare.unit,
        is_effect=bare.is_effect,
        value=found.value,
        low=found.low,
        high=found.high,
        point=point,
        ends=bare.ends,
        quantile=bare.quantile,
        groups=bare.groups,
        group=found.group,
        percentile=found.percentile,
        bounds=found.bounds,
        exactness=found.exactness,
        difference=found.difference,
        reason=found.reason,
        more_is_better=bare.more_is_better,
    )


def published_facts(figure: Published) -> PositionFacts:
    """The figure alone, with nobody beside it."""
    said = figure.statistic
    return PositionFacts(
        position="",
        method=figure.position_method,
        unit=figure.shown_unit,
        is_effect=figure.kind == "effect",
        value=None,
        point=said.value,
        ends=None if said.low is None or said.high is None else (said.low, said.high),
        quantile=said.quantiles[0] if len(said.quantiles) == 1 else None,
        groups=said.groups or tuple((f"{share(p, digits=0)}:", value) for p, value in said.quantiles),
        more_is_better=figure.direction == "increase",
    )


def sentence_of(found: Position) -> str:
    """Where one stands, in the reader's language."""
    return sentence(facts_of(found))


def differences_of(found: Position) -> tuple[str, ...]:
    """Each difference between their world and ours, in the reader's language."""
    return tuple(mismatch(one.code, one.ours, one.theirs) for one in found.mismatches)
