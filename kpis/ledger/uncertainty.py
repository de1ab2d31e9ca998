"""The streams of a value driver: its intervals with everything whose value is not certain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from kpis.calculations.assumptions import Range
from kpis.calculations.intervals import epoch_us
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
from kpis.ledger.models import Assumption, AssumptionVersion, ValueDriver
from kpis.ledger.valuation import IntervalFacts, terms_of
from kpis.ledger.versions import Span

ENTRY_DRAWS = 2_000  # an entry's own range is for orientation; headline ranges use calculations.streams.DRAWS


@dataclass(frozen=True, slots=True)
class Quantities:
    """What one driver saved, one element an interval in their order.

    start_us : when the interval began. difference : counterfactual − actual in the KPI's unit. worth : what one unit
    of difference times one of volume was booked at; None: by the terms that hold.
    """

    start_us: NDArray[np.int64]
    difference: Floats
    volume: Floats
    worth: Floats | None = None


def streams_of(driver: ValueDriver, effect: Effect, spans: Sequence[Span], found: Quantities) -> tuple[Stream, ...]:
    """One for each span in which an interval lies, the newest last; each as long as all intervals, nothing elsewhere.

    An entry that keeps older terms counts in units of those that hold, so that the range lies around what is booked.
    """
    place = np.searchsorted([span.since_us for span in spans], found.start_us, side="right") - 1
    return tuple(_stream(driver, effect, span, found, place == k) for k, span in enumerate(spans) if (place == k).any())


def _stream(driver: ValueDriver, effect: Effect, span: Span, found: Quantities, counted: NDArray[np.bool_]) -> Stream:
    terms = terms_of(driver, span)
    share = counted.astype(float)
    likely = float(terms.unit_value) * float(terms.realisation) * float(terms.attribution) * float(terms.unit_factor)
    if found.worth is not None and likely:
        share *= found.worth / likely
    exposure = found.volume * float(terms.unit_factor) * share
    return Stream(
        quantity=terms.sign * found.difference * exposure,
        exposure=exposure,
        sign=terms.sign,
        error=_error_of(effect),
        unit_value=_assumed(driver.unit_value, span.unit_value),
        realisation=_assumed(driver.realisation, span.realisation),
        attribution=_assumed(driver.attribution, span.attribution),
    )


def entry_ranges(
    driver: ValueDriver,
    effect: Effect,
    spans: Sequence[Span],
    starts: Sequence[datetime],
    facts: Sequence[IntervalFacts],
) -> list[tuple[Decimal, Decimal]]:
    """The 80 % range of each interval's amount."""
    if not facts:
        return []
    found = Quantities(
        start_us=np.array([epoch_us(start) for start in starts], np.int64),
        difference=np.array([fact.counterfactual - fact.actual for fact in facts], float),
        volume=np.array([fact.volume for fact in facts], float),
    )
    streams = streams_of(driver, effect, spans, found)
    # Seeded by the driver alone, so that an entry's range does not move when other entries come.
    draws = Draws(f"driver {driver.pk}", ENTRY_DRAWS)
    money = joint_draws(streams, [(stream.quantity, stream.exposure) for stream in streams], draws)
    low, high = quantiles(money, [LOW, HIGH])
    return [(cents(a), cents(b)) for a, b in zip(low.tolist(), high.tolist(), strict=True)]


def _assumed(assumption: Assumption, version: AssumptionVersion) -> Assumed:
    """Its versions are drawn together: who was too low about the hour of 2026 is as low about that of 2027."""
    first = assumption.validities[0]
    like = None if version is first else _range(assumption, first)
    return Assumed(str(assumption.pk), _range(assumption, version), like)


def _range(assumption: Assumption, version: AssumptionVersion) -> Range:
    low, likely, high = float(version.low), float(version.likely), float(version.high)
    return Range(low, likely, high, is_share=assumption.is_share)


def _error_of(effect: Effect) -> CounterfactualError:
    key = str(effect.kpi_id)
    if effect.standard_error is not None:
        return CounterfactualError(key, standard_error=effect.standard_error, df=effect.df)
    baseline = effect.baseline
    if baseline is not None and baseline.low is not None and baseline.high is not None:
        declared = Range(float(baseline.low), float(baseline.value), float(baseline.high))
        return CounterfactualError(key, declared=declared)
    return CounterfactualError(key)
