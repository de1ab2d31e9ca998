"""“Against industry”: the cell of an initiative, and all that a KPI's page shows of its metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kpis.benchmarks.published import Published, how_many
from kpis.calculations.defaults import PEERS_FEWEST
from kpis.calculations.investment import months_between
from kpis.definitions import organisation
from kpis.evaluation.peers import PeerStanding
from kpis.evaluation.positions import Position, best_of
from kpis.evaluation.returns import ROI, Return, returns_beside
from kpis.evaluation.standings import Standing, foremost
from kpis.evaluation.told import differences_of, facts_of, published_facts
from kpis.figures import position as strips
from kpis.roi.statement import Statement
from kpis.wording import positions as said
from kpis.wording.amounts import number, percent
from kpis.wording.benchmarks import metric_name
from kpis.wording.peers import among_text, quartiles_text, why_no_peers
from kpis.wording.positions import PositionFacts
from kpis.wording.units import axis_unit
from kpis.wording.verdicts import BENCHMARK

DESK, PHONE = 400, 328
LABEL = 30  # letters of a population beside its diamond


@dataclass(frozen=True, slots=True)
class Industry:
    """One cell: sign, word, and under it what it rests on; `slug` is the figure whose passport opens."""

    sign: str
    word: str
    detail: str
    slug: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One figure on the page of a KPI: where one stands, from whom, and what differs."""

    figure: Published
    word: str
    sentence: str
    published: str
    evidence: str
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One chosen metric; `why_not` where nobody is ranked."""

    name: str
    desk: SafeString
    phone: SafeString
    told: tuple[Told, ...]
    why_not: str


@dataclass(frozen=True, slots=True)
class Peers:
    """One chosen metric among the other business units; `quartiles` "" where too few of them measure it."""

    standing: PeerStanding
    name: str
    sentence: str
    quartiles: str


def peers_of(standings: Sequence[PeerStanding]) -> tuple[Peers, ...]:
    """Each chosen metric of one KPI among the units of the house."""
    return tuple(_peers(standing) for standing in standings)


def _peers(standing: PeerStanding) -> Peers:
    name, among = metric_name(standing.metric), standing.among
    if among is None:
        return Peers(standing, name, why_no_peers(standing.reason, int(PEERS_FEWEST.value)), "")
    place = among.position
    said = among_text(place.position, place.percentile, among.peers)
    return Peers(standing, name, said, quartiles_text(among.quartiles, standing.unit))


def industries_of(standings: Mapping[int, Sequence[Standing]]) -> dict[int, Industry]:
    """The cell of each initiative, by its id."""
    nothing = any(all(s.reason == "no_figure" for s in found) for found in standings.values())
    searched = how_many() if nothing else 0
    return {initiative: _cell(found, searched) for initiative, found in standings.items()}


def not_chosen() -> Industry:
    """The cell of an initiative for which no metric was chosen."""
    return Industry("", str(BENCHMARK["not_compared"].word), _("no metric is chosen"))


def blocks_of(standings: Sequence[Standing]) -> tuple[Block, ...]:
    """All chosen metrics of one KPI."""
    searched = how_many() if any(standing.reason == "no_figure" for standing in standings) else 0
    return tuple(_block(standing, searched) for standing in standings)


def return_beside(statement: Statement) -> Position | None:
    """The one published ROI that fits the statement best; None without costs, or where nothing is published."""
    if not statement.roi.exists or not statement.flows:
        return None
    began = [flow.initiative.started_on for flow in statement.flows if flow.initiative.started_on]
    today = organisation.calendar().local_date(statement.as_of)
    if not began or min(began) >= today:
        return None
    ends = (statement.range.roi_low, statement.range.roi_high) if statement.range else (None, None)
    low, high = (None if end is None else float(end) for end in ends)
    own = Return(statement.roi.value, low, high, months_between(min(began), today))
    single = [p for p in returns_beside(own, now=statement.as_of)[ROI] if p.benchmark.statistic.value is not None]
    return best_of(single)


def told_of(found: Position) -> Told:
    """One position in words."""
    facts, figure = facts_of(found), found.benchmark
    word = str(said.verdict_of(found.position).word) if found.position else ""
    evidence = said.evidence_text(figure.method, figure.grade)
    return Told(figure, word, said.sentence(facts), said.published_text(facts), evidence, differences_of(found))


def _cell(standings: Sequence[Standing], searched: int) -> Industry:
    best = foremost(standings)
    if best is not None:
        facts, figure = facts_of(best[1]), best[1].benchmark
        detail = f"{said.published_text(facts)} · {said.evidence_text(figure.method, figure.grade)}"
        return Industry(said.verdict_of(facts.position).sign, said.short(facts), detail, figure.slug)
    if all(standing.reason == "no_figure" for standing in standings):
        text = _("{count} figures searched").format(count=number(searched))
        return Industry("", str(BENCHMARK["none"].word), text)
    details = {"only_declared": _("the baseline is only declared"), "too_early": _("too early to compare")}
    reason = next((s.reason for s in standings if s.reason in details), "")
    return Industry("", str(BENCHMARK["not_compared"].word), details.get(reason, _("nothing published ranks it")))


def _block(standing: Standing, searched: int) -> Block:
    why = said.why_not(standing.reason, searched=searched, detail=standing.detail) if standing.reason else ""
    told = tuple(told_of(found) for found in standing.positions)
    return Block(metric_name(standing.metric), _strip(standing, DESK), _strip(standing, PHONE), told, why)


# -- drawing --------------------------------------------------------------------------------------------------------


def _strip(standing: Standing, width: int) -> SafeString:
    """The quantile strip of the best figure that has quantiles, else all single figures on one axis."""
    best = standing.best
    if best is None or best.value is None:
        return SafeString("")
    facts = facts_of(best)
    own = strips.Own(
        _drawn(best.value, facts),
        None if best.low is None else _drawn(best.low, facts),
        None if best.high is None else _drawn(best.high, facts),
        _("you {value}").format(value=said.value_text(best.value, facts)),
    )
    summary = said.sentence(facts)
    if len(best.benchmark.statistic.quantiles) > 1:
        return _safe(_quantiles(best.benchmark, facts, own, summary, width))
    marks = [_mark(found) for found in standing.positions if found.benchmark.shown_unit == facts.unit]
    shown = [mark for mark in marks if mark is not None]
    if not shown:
        return SafeString("")
    tick = _tick(facts)
    return _safe(strips.effect_strip(own, shown, tick=tick, summary=summary, width=width, from_zero=facts.is_effect))


def _quantiles(figure: Published, facts: PositionFacts, own: strips.Own, summary: str, width: int) -> str:
    steps = [
        strips.Quantile(_drawn(value, facts), said.value_text(value, facts), percent(p * 100, digits=0))
        for p, value in figure.statistic.quantiles
    ]
    better = _("more is better ▸") if facts.more_is_better else _("◂ less is better")
    return strips.quantile_strip(own, steps, better=better, summary=summary, width=width)


def _mark(found: Position) -> strips.Published | None:
    """A diamond where there is one number; figures that rank nobody are told in words only."""
    facts = published_facts(found.benchmark)
    value = facts.point if facts.point is not None else facts.quantile[1] if facts.quantile else None
    if value is None or not found.position:
        return None
    who = _end_of_field(facts.quantile, facts) if facts.quantile else found.benchmark.population
    who = who if len(who) <= LABEL else f"{who[: LABEL - 1].rstrip()}…"
    return strips.Published(_drawn(value, facts), f"{who} {said.value_text(value, facts)}")


def _end_of_field(quantile: tuple[float, float], facts: PositionFacts) -> str:
    """What the one published quantile marks: “best 5%”."""
    best = 1 - quantile[0] if facts.more_is_better else quantile[0]
    if best <= 0.5:
        return _("best {share}").format(share=percent(best * 100, digits=0))
    return _("last {share}").format(share=percent((1 - best) * 100, digits=0))


def _drawn(value: float, facts: PositionFacts) -> float:
    """Shares in percent, so that the axis has round numbers."""
    return value * 100 if facts.unit in ("1", "pp") else value


def _tick(facts: PositionFacts):  # type: ignore[no-untyped-def]
    in_percent = facts.unit in ("1", "pp")

    def tick(value: float) -> str:
        digits = 0 if float(value).is_integer() else 1
        if in_percent:
            return percent(value, digits=digits, plus=facts.is_effect)
        return f"{number(value, digits=digits)} {axis_unit(facts.unit)}"

    return tick


def _safe(svg: str) -> SafeString:
    return mark_safe(svg)  # noqa: S308 - the builders escape every text
