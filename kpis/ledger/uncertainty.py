"""The stream of a value driver: its intervals with everything whose value is not certain."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from kpis.calculations.assumptions import Range
from kpis.calculations.money import cents
from kpis.calculations.streams import (
    HIGH,
    LOW,
    Assumed,
    CounterfactualError,
    Draws,
    Floats,
    Stream,
    joint_draws,
    quantiles,
)
from kpis.evaluation.models import Effect
from kpis.ledger.models import Assumption, ValueDriver
from kpis.ledger.valuation import IntervalFacts, terms_of

ENTRY_DRAWS = 2_000  # an entry's own range is for orientation; headline ranges use calculations.streams.DRAWS


def stream_of(driver: ValueDriver, effect: Effect, difference: Floats, volume: Floats) -> Stream:
    """difference : counterfactual − actual in the KPI's unit, shape (intervals,) in their order; volume of each."""
    terms = terms_of(driver)
    exposure = volume * float(terms.unit_factor)
    return Stream(
        quantity=terms.sign * difference * exposure,
        exposure=exposure,
        sign=terms.sign,
        error=_error_of(effect),
        unit_value=_assumed(driver.unit_value),
        realisation=_assumed(driver.realisation),
        attribution=_assumed(driver.attribution),
    )


def entry_ranges(driver: ValueDriver, effect: Effect, facts: Sequence[IntervalFacts]) -> list[tuple[Decimal, Decimal]]:
    """The 80 % range of each interval's amount."""
    if not facts:
        return []
    difference = np.array([fact.counterfactual - fact.actual for fact in facts], float)
    stream = stream_of(driver, effect, difference, np.array([fact.volume for fact in facts], float))
    # Seeded by the driver alone, so that an entry's range does not move when other entries come.
    draws = Draws(f"driver {driver.pk}", ENTRY_DRAWS)
    low, high = quantiles(joint_draws([stream], [(stream.quantity, stream.exposure)], draws), [LOW, HIGH])
    return [(cents(a), cents(b)) for a, b in zip(low.tolist(), high.tolist(), strict=True)]


def _assumed(assumption: Assumption) -> Assumed:
    low, likely, high = float(assumption.low), float(assumption.likely), float(assumption.high)
    return Assumed(str(assumption.pk), Range(low, likely, high, is_share=assumption.is_share))


def _error_of(effect: Effect) -> CounterfactualError:
    key = str(effect.kpi_id)
    if effect.standard_error is not None:
        return CounterfactualError(key, standard_error=effect.standard_error, df=effect.df)
    baseline = effect.baseline
    if baseline is not None and baseline.low is not None and baseline.high is not None:
        declared = Range(float(baseline.low), float(baseline.value), float(baseline.high))
        return CounterfactualError(key, declared=declared)
    return CounterfactualError(key)
