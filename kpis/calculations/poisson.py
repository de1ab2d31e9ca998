"""Rates of rare events: counts of releases, incidents, complaints over an exposure, with exact intervals.

    one rate:   χ²_{α/2, 2c}/2 … χ²_{1−α/2, 2c+2}/2 events over the exposure            (Garwood 1936)
    two rates:  of c₀ + c₁ events the share p after go-live is binomial; its exact interval (Clopper & Pearson 1934)
                gives that of the ratio  p/(1 − p) · E₀/E₁                            (Przyborowski & Wilenski 1940)

Source: docs/methods.md "Rates".
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import bdtr, bdtrc, betaincinv, gammaincinv

from kpis.calculations.answer import Bounded, absent

NO_EVENTS_BEFORE = "There were no events before, so there is no ratio to them."
NO_EVENTS = "There were no events before or after, so there is no ratio."


@dataclass(frozen=True, slots=True)
class Events:
    """`count` independent events over `exposure` (cases, hours, days).

    Refuses (ValueError) a count below 0, an exposure not above 0.
    """

    count: int
    exposure: float

    def __post_init__(self) -> None:
        if self.count < 0 or not 0 < self.exposure < float("inf"):
            raise ValueError("events need a count of at least 0 and a finite exposure above 0")


def rate(events: Events, *, confidence: float) -> Bounded:
    """Events by unit of exposure, exact interval. None seen: zero, with an upper end of about 3.7 by exposure."""
    tail = _tail(confidence)
    low = float(gammaincinv(events.count, tail)) if events.count else 0.0
    high = float(gammaincinv(events.count + 1, 1 - tail))
    return Bounded(events.count / events.exposure, low / events.exposure, high / events.exposure)


def rate_ratio(before: Events, after: Events, *, confidence: float) -> Bounded:
    """Rate after/rate before (1 is no change), exact interval; the p-value is twice the smaller tail.

    `undefined` without events before: the ratio has no upper end.
    """
    tail, n = _tail(confidence), before.count + after.count
    if not n:
        return absent("undefined", NO_EVENTS)
    if not before.count:
        return absent("undefined", NO_EVENTS_BEFORE)
    exposures = before.exposure / after.exposure
    low = float(betaincinv(after.count, before.count + 1, tail)) if after.count else 0.0
    high = float(betaincinv(after.count + 1, before.count, 1 - tail))
    expected = after.exposure / (before.exposure + after.exposure)
    at_most = float(bdtr(after.count, n, expected))
    at_least = float(bdtrc(after.count - 1, n, expected)) if after.count else 1.0
    return Bounded(
        after.count / before.count * exposures,
        low / (1 - low) * exposures,
        high / (1 - high) * exposures,
        min(1.0, 2 * min(at_most, at_least)),
    )


def _tail(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError("a confidence lies between 0 and 1")
    return (1 - confidence) / 2
