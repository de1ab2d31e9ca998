"""The small language in which a feed says what it wants of a page of metrics; a subset of PromQL's words.

    temperature_celsius{room="4"}                         the gauge as it stands
    sum(queue_length)                                     several series added up
    increase(points_total{outcome="rejected"})            what a counter grew by since the last pull, added up
    histogram_quantile(0.95, http_request_seconds)        the quantile of what a histogram counted since the last pull
    increase(points_total{outcome="rejected"}) / increase(points_total)
                                                          a ratio, weighted with its denominator

Label matchers are `=` and `!=`. Ranges are not written: the range is always the time since the last pull.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kpis.sources.fetching import FetchFailed

TOKEN = re.compile(
    r"\s*(?:(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)|(?P<number>[0-9]*\.?[0-9]+)"
    r'|(?P<text>"(?:[^"\\]|\\["\\n])*")|(?P<sign>!=|[{}(),=/]))'
)
LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Selector:
    """Series of one name. `labels` are `(name, value, equal)`; an absent label counts as empty text."""

    name: str
    labels: tuple[tuple[str, str, bool], ...] = ()

    def takes(self, labels: dict[str, str]) -> bool:
        return all((labels.get(name, "") == value) == equal for name, value, equal in self.labels)


@dataclass(frozen=True, slots=True)
class Gauge:
    selector: Selector
    added_up: bool = False


@dataclass(frozen=True, slots=True)
class Increase:
    selector: Selector


@dataclass(frozen=True, slots=True)
class Ratio:
    numerator: Increase
    denominator: Increase


@dataclass(frozen=True, slots=True)
class Quantile:
    share: float
    selector: Selector  # of the histogram, without `_bucket`


Expression = Gauge | Increase | Ratio | Quantile


def parsed(text: str) -> Expression:
    """`text` as an expression. Refuses (FetchFailed) what is none, naming the place."""
    if len(text) > LONGEST:
        raise _wrong(f"it is longer than {LONGEST} characters")
    words = _Words(text)
    expression = _term(words)
    if words.take_if("/"):
        other = _term(words)
        if not isinstance(expression, Increase) or not isinstance(other, Increase):
            raise _wrong("only two increases can be divided")
        expression = Ratio(expression, other)
    words.end()
    return expression


class _Words:
    """The tokens of an expression, taken from the left."""

    def __init__(self, text: str) -> None:
        self.left: list[tuple[str, str]] = []
        place = 0
        while text[place:].strip():
            found = TOKEN.match(text, place)
            if found is None:
                raise _wrong(f"“{text[place:].strip()[:20]}” is not understood")
            self.left.append((str(found.lastgroup), found[str(found.lastgroup)]))
            place = found.end()

    def take(self, kind: str, what: str) -> str:
        if not self.left or self.left[0][0] != kind:
            raise _wrong(f"{what} is missing " + (f"before “{self.left[0][1]}”" if self.left else "at its end"))
        return self.left.pop(0)[1]

    def take_if(self, sign: str) -> bool:
        if self.left and self.left[0] == ("sign", sign):
            self.left.pop(0)
            return True
        return False

    def need(self, sign: str) -> None:
        if not self.take_if(sign):
            raise _wrong(f"“{sign}” is missing " + (f"before “{self.left[0][1]}”" if self.left else "at its end"))

    def end(self) -> None:
        if self.left:
            raise _wrong(f"nothing may follow “{self.left[0][1]}”")


def _term(words: _Words) -> Expression:
    name = words.take("name", "a metric")
    if not words.take_if("("):
        return Gauge(_selector(words, name))
    if name == "histogram_quantile":
        share = float(words.take("number", "a share"))
        if not 0 < share < 1:
            raise _wrong("the share of a quantile lies between 0 and 1")
        words.need(",")
        term: Expression = Quantile(share, _selector(words, words.take("name", "a histogram")))
    elif name == "increase":
        term = Increase(_selector(words, words.take("name", "a counter")))
    elif name == "sum":
        term = Gauge(_selector(words, words.take("name", "a metric")), added_up=True)
    else:
        raise _wrong(f"“{name}” is none of sum, increase and histogram_quantile")
    words.need(")")
    return term


def _selector(words: _Words, name: str) -> Selector:
    labels: list[tuple[str, str, bool]] = []
    if words.take_if("{"):
        while not words.take_if("}"):
            label = words.take("name", "a label")
            equal = words.take_if("=")
            if not equal:
                words.need("!=")
            text = words.take("text", "a label's value in quotes")[1:-1]
            labels.append((label, re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text), equal))
            if not words.take_if(","):
                words.need("}")
                break
    return Selector(name, tuple(labels))


def _wrong(why: str) -> FetchFailed:
    return FetchFailed("query_wrong", f"The expression cannot be read: {why}.")
