"""Does a model treat groups of people alike? From counts for each group, so that no protected attribute is sent.

    selection rate = selected/n        TPR = TP/P        FPR = FP/(n − P)        precision = TP/selected
    demographic parity: largest − smallest selection rate, and smallest/largest (four-fifths rule, 29 CFR 1607.4 D)
    equal opportunity: the same of TPR          equalised odds: the larger difference, the smaller ratio, of TPR and FPR

A rate whose denominator is zero does not exist; it is not zero. Parity and equalised odds exclude each other where base
rates differ (Kleinberg 2016; Chouldechova 2017), so base rates belong beside. Source: docs/methods.md "Fairness".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Final

from kpis.calculations.answer import Answer, Bounded, absent
from kpis.calculations.defaults import FAIRNESS_FEWEST, FAIRNESS_RATIO
from kpis.calculations.proportions import Share, newcombe, wilson

FEWEST_CASES: Final = 5  # positives of a TPR, negatives of an FPR, selected of a precision
ONE_GROUP: Final = "Fewer than two groups have enough cases for this rate."
NONE_AT_ALL: Final = "The rate is zero in every group, so there is no ratio."
FOUR_FIFTHS: Final = Fraction(str(FAIRNESS_RATIO.value))


@dataclass(frozen=True, slots=True)
class Group:
    """Counts of one group. Refuses (ValueError) counts that cannot be: more selected than there are, and so on."""

    n: int
    selected: int
    positives: int
    true_positives: int
    false_positives: int

    def __post_init__(self) -> None:
        tp, fp = self.true_positives, self.false_positives
        fits = 0 <= tp <= self.positives <= self.n and 0 <= fp <= self.n - self.positives
        if not fits or self.selected != tp + fp:
            raise ValueError("these counts of a group contradict each other")

    @property
    def selection(self) -> Share:
        return Share(self.selected, self.n)

    @property
    def base(self) -> Share:
        """How many were truly positive: differs between groups for reasons that no model makes."""
        return Share(self.positives, self.n)

    @property
    def true_positive(self) -> Share:
        return Share(self.true_positives, self.positives)

    @property
    def false_positive(self) -> Share:
        return Share(self.false_positives, self.n - self.positives)

    @property
    def precision(self) -> Share:
        return Share(self.true_positives, self.selected)


@dataclass(frozen=True, slots=True)
class Parity:
    """One measure over groups. difference : largest − smallest, 0 is alike; ratio : smallest/largest, 1 is alike.

    The difference's interval is that of the two groups, at a level that holds for all pairs (Bonferroni).
    rates : of every group, with Wilson's interval. left_out : groups with too few cases to be compared.
    """

    difference: Bounded
    ratio: Answer
    rates: dict[str, Bounded]
    left_out: tuple[str, ...]


def demographic_parity(groups: Mapping[str, Group], *, confidence: float) -> Parity:
    """Of selection rates. Groups below 30 cases are left out."""
    return _parity(groups, {name: group.selection for name, group in groups.items()}, 1, confidence)


def equal_opportunity(groups: Mapping[str, Group], *, confidence: float) -> Parity:
    """Of true positive rates. Groups below 30 cases or 5 positives are left out."""
    return _parity(groups, {name: group.true_positive for name, group in groups.items()}, FEWEST_CASES, confidence)


def false_positive_parity(groups: Mapping[str, Group], *, confidence: float) -> Parity:
    """Of false positive rates. Groups below 30 cases or 5 negatives are left out."""
    return _parity(groups, {name: group.false_positive for name, group in groups.items()}, FEWEST_CASES, confidence)


def precision_parity(groups: Mapping[str, Group], *, confidence: float) -> Parity:
    """Of precisions. Groups below 30 cases or 5 selected are left out."""
    return _parity(groups, {name: group.precision for name, group in groups.items()}, FEWEST_CASES, confidence)


def equalised_odds(groups: Mapping[str, Group], *, confidence: float) -> tuple[Bounded, Answer]:
    """The larger difference and the smaller ratio of TPR and FPR; without either rate there is none."""
    level = 1 - (1 - confidence) / 2
    parts = [part(groups, confidence=level) for part in (equal_opportunity, false_positive_parity)]
    for part in parts:
        if part.difference.value is None:
            return part.difference, part.ratio
    first, second = parts
    larger = first if _number(first.difference) >= _number(second.difference) else second
    without = [part.ratio for part in parts if not part.ratio.exists]
    if without:
        return larger.difference, without[0]
    return larger.difference, first.ratio if _number(first.ratio) <= _number(second.ratio) else second.ratio


def passes_four_fifths(groups: Mapping[str, Group]) -> bool | None:
    """Whether the smallest selection rate is at least four fifths of the largest; None where there is no ratio.

    Compared as fractions, so that exactly 0.80 passes. Groups below 30 cases are left out.
    """
    shares = [group.selection for group in groups.values() if group.n >= FAIRNESS_FEWEST.value]
    if len(shares) < 2 or not any(share.hits for share in shares):
        return None
    least, most = _outermost(shares)
    return Fraction(least.hits * most.n, most.hits * least.n) >= FOUR_FIFTHS


def _parity(groups: Mapping[str, Group], shares: Mapping[str, Share], fewest: int, confidence: float) -> Parity:
    rates = {name: wilson(share, confidence=confidence) for name, share in shares.items()}
    compared = [s for name, s in shares.items() if groups[name].n >= FAIRNESS_FEWEST.value and s.n >= fewest]
    left_out = tuple(name for name, s in shares.items() if groups[name].n < FAIRNESS_FEWEST.value or s.n < fewest)
    if len(compared) < 2:
        return Parity(absent("not_enough_data", ONE_GROUP), Answer(None, "not_enough_data", ONE_GROUP), rates, left_out)
    least, most = _outermost(compared)
    pairs = len(list(combinations(compared, 2)))
    difference = newcombe(least, most, confidence=1 - (1 - confidence) / pairs)
    ratio = Answer(least.value / most.value) if most.hits else Answer(None, "undefined", NONE_AT_ALL)
    return Parity(difference, ratio, rates, left_out)


def _number(found: Bounded | Answer) -> float:
    if found.value is None:
        raise ValueError("there is no figure to compare")
    return found.value


def _outermost(shares: Sequence[Share]) -> tuple[Share, Share]:
    return min(shares, key=lambda share: share.value), max(shares, key=lambda share: share.value)
