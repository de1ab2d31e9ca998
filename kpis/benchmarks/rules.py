"""What an entry must hold before anyone is compared with it: the rules of the catalogue, and of figures of the house.

A statistic decides what may be said about a position (`method_of`); an entry that claims more is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final

from kpis.calculations import units

Entry = Mapping[str, Any]

WORDS: Final[dict[str, frozenset[str]]] = {
    "kpi_category": frozenset({"efficiency", "quality", "cost", "innovation", "adoption"}),
    "kind": frozenset({"effect", "level"}),
    "direction": frozenset({"increase", "decrease"}),
    "evidence_grade": frozenset({"A", "B", "C"}),
    "verification": frozenset({"primary", "abstract", "secondary", "partly", "recalled"}),
}
STATISTICS: Final = frozenset(
    {"mean", "median", "quantiles", "mean_sd", "groups", "range", "tiers", "population_share"}
)
TEXTS: Final = ("id", "metric", "definition", "data_year", "method")
SOURCE: Final = ("title", "authors", "publisher")
NUMBERS: Final = ("value", "low", "high", "sd", "se")
YEARS: Final = (1950, 2100)
LONGEST_DEFINITION, LONGEST_CAVEATS = 300, 600
ENTRY_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
METRIC: Final = re.compile(r"[A-Za-z0-9_]{1,120}")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an entry; `attr` is the path of the member to blame, `code` is stable."""

    entry: str
    attr: str
    code: str
    detail: str


class BenchmarkUnsound(Exception):
    """A figure that breaks a rule of the catalogue, told by its first problem: `code`, `detail`, `attr`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.code, self.detail, self.attr = problem.code, problem.detail, problem.attr


def problems_of(entry: Entry) -> list[Problem]:
    """Everything that is wrong with one entry, in the order of the rules; empty where it is sound."""
    name = str(entry.get("id", "?"))
    found: list[Problem] = []
    for rule in RULES:
        try:
            found += [Problem(name, attr, code, detail) for attr, code, detail in rule(entry)]
        except (KeyError, TypeError, AttributeError, IndexError):
            found.append(
                Problem(name, rule.__name__.strip("_"), "malformed", "A member is missing or of another kind.")
            )
    return found


def method_of(statistic: Mapping[str, Any], kind: str) -> str:
    """What the portal may say about a position beside this statistic."""
    match statistic["type"]:
        case "quantiles":
            return "percentile" if len(statistic["quantiles"]) > 1 else "bound"
        case "mean_sd":
            return "percentile_approx"
        case "range":
            return "range"
        case "tiers":
            return "tier"
        case "population_share":
            return "context"
    return "effect_comparison" if kind == "effect" else "ahead_behind"


Found = Iterator[tuple[str, str, str]]


def _names(entry: Entry) -> Found:
    if not ENTRY_ID.fullmatch(entry["id"]) or len(entry["id"]) > 120:
        yield "id", "invalid_slug", "Small letters, digits and single hyphens only."
    if not METRIC.fullmatch(entry["metric"]):
        yield "metric", "invalid_metric", "A metric is letters, digits and underscores, at most 120."
    for member in TEXTS:
        if not (isinstance(entry[member], str) and entry[member].strip()):
            yield member, "blank", "This text is missing."
    if len(entry["definition"]) > LONGEST_DEFINITION:
        yield "definition", "too_long", f"A definition has at most {LONGEST_DEFINITION} characters."
    if len(entry["caveats"]) > LONGEST_CAVEATS:
        yield "caveats", "too_long", f"Caveats have at most {LONGEST_CAVEATS} characters."


def _words(entry: Entry) -> Found:
    for member, allowed in WORDS.items():
        if entry[member] not in allowed:
            yield member, "unknown_word", f"One of: {', '.join(sorted(allowed))}."
    try:
        units.parse(entry["unit"])
    except units.UnknownUnit as error:
        yield "unit", "unknown_unit", str(error)


def _numbers(entry: Entry) -> Found:
    statistic = entry["statistic"]
    if statistic["type"] not in STATISTICS:
        yield "statistic.type", "unknown_word", f"One of: {', '.join(sorted(STATISTICS))}."
    for member in NUMBERS:
        if statistic[member] is not None and not _is_number(statistic[member]):
            yield f"statistic.{member}", "not_a_number", "This must be a finite number."
    if all(statistic[member] is None for member in ("value", "low", "quantiles", "groups")):
        yield "statistic", "no_value", "An entry needs a value, a range, quantiles or groups."
    for group in statistic["groups"] or ():
        if not (_is_number(group["value"]) and group["name"].strip()):
            yield "statistic.groups", "not_a_number", "A group has a name and a finite number."
    needed = {
        "mean": "value",
        "median": "value",
        "mean_sd": "value",
        "range": "low",
        "groups": "groups",
        "tiers": "groups",
    }
    number = needed.get(statistic["type"])
    if number and not (statistic[number] or statistic[number] == 0):
        yield f"statistic.{number}", "no_value", "This statistic needs this number."


def _ranges(entry: Entry) -> Found:
    statistic = entry["statistic"]
    low, high, ci = statistic["low"], statistic["high"], statistic["ci"]
    if (low is None) != (high is None) or (low is not None and not low <= high):
        yield "statistic.low", "not_in_order", "A range has two ends, the lower one first."
    if ci is not None:
        if not 0 < ci["level"] < 1:
            yield "statistic.ci.level", "out_of_range", "A level of confidence lies between 0 and 1."
        if not ci["low"] <= statistic["value"] <= ci["high"]:
            yield "statistic.ci", "not_in_order", "A confidence interval holds the value."
    if statistic["type"] == "mean_sd" and not (_is_number(statistic["sd"]) and statistic["sd"] > 0):
        yield "statistic.sd", "out_of_range", "A standard deviation is above zero."


def _quantiles(entry: Entry) -> Found:
    statistic = entry["statistic"]
    if statistic["type"] != "quantiles":
        return
    steps = [(step["p"], step["value"]) for step in statistic["quantiles"]]
    if not steps or not all(_is_number(p) and _is_number(value) and 0 < p < 1 for p, value in steps):
        yield "statistic.quantiles", "out_of_range", "A quantile has a share between 0 and 1 and a finite value."
    elif any(p >= q or after < value for (p, value), (q, after) in pairwise(steps)):
        yield "statistic.quantiles", "not_in_order", "Quantiles stand in order: shares rise, values do not fall."


def _shares(entry: Entry) -> Found:
    statistic = entry["statistic"]
    if statistic["type"] != "population_share":
        return
    whole = 100 if entry["unit"] == "%" else 1
    said = [statistic["value"], statistic["low"], statistic["high"], *(g["value"] for g in statistic["groups"] or ())]
    if any(value is not None and not 0 <= value <= whole for value in said):
        yield "statistic", "not_a_share", f"A share of a population lies between 0 and {whole}."


def _claims(entry: Entry) -> Found:
    allowed = method_of(entry["statistic"], entry["kind"])
    if entry["position_method"] != allowed:
        yield "position_method", "claims_more", f"Beside this statistic only {allowed} may be said."
    if entry["evidence_grade"] == "A" and not entry["peer_reviewed"]:
        yield "evidence_grade", "needs_review", "Grade A needs a review by peers."
    n = entry["population"]["n"]
    if n is not None and not (isinstance(n, int) and not isinstance(n, bool) and n > 0):
        yield "population.n", "out_of_range", "How many were measured is a whole number above zero, or not known."
    if (horizon := entry.get("horizon_months")) is not None and not (isinstance(horizon, int) and horizon > 0):
        yield "horizon_months", "out_of_range", "A horizon is a whole number of months."


def _source(entry: Entry) -> Found:
    source = entry["source"]
    for member in SOURCE:
        if not (isinstance(source[member], str) and source[member].strip()):
            yield f"source.{member}", "blank", "This text is missing."
    if source["url"] and not re.match(r"https?://[^\s/]", source["url"]):
        yield "source.url", "invalid_url", "An address begins with https:// or http://."
    year = source["year"]
    if not (isinstance(year, int) and YEARS[0] <= year <= YEARS[1]):
        yield "source.year", "out_of_range", "This is no year of publication."
    try:
        date.fromisoformat(entry["review_after"])
    except ValueError:
        yield "review_after", "invalid_date", "A date as YYYY-MM-DD."


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


RULES: Final[tuple[Callable[[Entry], Found], ...]] = (
    _names, _words, _numbers, _ranges, _quantiles, _shares, _claims, _source,
)  # fmt: skip
