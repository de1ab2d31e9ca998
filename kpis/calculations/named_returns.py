"""One return, said in several ways: each with its own name, because they answer different questions.

    return multiple   B/C                                     3.50 for 1 spent is an ROI of 250 %
    annualised        (1 + ROI)^(365/days) − 1                 not under 90 days, not below −1
    run-rate          12·(B/k) / (12·(C/k)) − 1                k full months, recurring costs only
    against plan      ROI − ROI of the plan                    in points

B are benefits and C costs, of one currency and one span of time; an ROI of 0.42 is 42 %.
Sources: docs/methods.md "Names of a return".
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from kpis.calculations.answer import Answer
from kpis.calculations.defaults import ANNUALISED_FROM_DAYS, DAYS_A_YEAR, RUN_RATE_MONTHS

LARGEST = 1e9  # a share beyond is noise raised to a power


def return_multiple(benefits: Decimal, costs: Decimal) -> Answer:
    """What came back for 1 that was spent: ROI + 1. `undefined` where costs are zero or below."""
    if costs <= 0:
        return Answer(None, "undefined", "There are no costs yet.")
    return Answer(float(benefits / costs))


def annualised(roi: float, days: int) -> Answer:
    """The yearly rate that leads to this ROI (a share) in so many days, by actual/365.

    `not_meaningful` under 90 days, where chance is raised to a power; `undefined` below −1, where more was lost than
    was put in; −1 stays −1.
    """
    if days < ANNUALISED_FROM_DAYS.value:
        reason = f"A yearly rate needs {ANNUALISED_FROM_DAYS.value} days; there are {max(days, 0)}."
        return Answer(None, "not_meaningful", reason)
    if roi < -1:
        return Answer(None, "undefined", "More than everything was lost, and no yearly rate leads there.")
    rate = (1 + roi) ** (DAYS_A_YEAR.value / days) - 1
    if rate > LARGEST:
        return Answer(None, "not_meaningful", "The yearly rate would be too large to mean anything.")
    return Answer(rate)


def run_rate(benefits: Sequence[Decimal], recurring_costs: Sequence[Decimal]) -> Answer:
    """ROI of a year in which every month is like the mean of these, one-time costs left out.

    benefits, recurring_costs : of each full month, oldest first. `not_enough_data` with fewer than three of them,
    `undefined` where nothing recurs.
    Refuses (ValueError) rows of unequal length.
    """
    if len(benefits) != len(recurring_costs):
        raise ValueError("benefits and recurring costs are of the same months")
    needed = RUN_RATE_MONTHS.value
    if len(benefits) < needed:
        return Answer(None, "not_enough_data", f"The run-rate needs {needed} full months; there are {len(benefits)}.")
    costs = sum(recurring_costs, Decimal(0))
    if costs <= 0:
        return Answer(None, "undefined", "No cost recurs, so there is nothing that a running year would cost.")
    return Answer(float(sum(benefits, Decimal(0)) / costs) - 1)


def against_plan(roi: float, planned: float) -> Answer:
    """The difference of two ROIs of the same intervals, in points: 0.05 are five points more than planned."""
    return Answer(roi - planned)
