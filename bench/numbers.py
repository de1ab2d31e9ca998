"""From interval values to money: effects of many KPIs, and the range of a portfolio's return, beside plain ways.

Effects are evaluated with REML for AR(1) errors on 90 days before and 90 after go-live; beside it the same written the
long way (full correlation matrices, scipy's scalar optimiser, statsmodels' generalised least squares: the tests'
oracle), and scipy's naive t-test, which costs least and is wrong for such data. Through the database: all KPIs of a
portfolio, and twenty that changed. The range of return is drawn for each initiative and for all together, 10,000 draws
each, with nothing remembered from before and again with one assumption changed; beside it a plain Python loop over
draws and drivers. Processor time of this process, medians of the rounds.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from django.core.management import call_command
from django.db import connection
from scipy.stats import ttest_ind

from bench.kit.accounting import Meter
from bench.kit.filling import ENDS, fill, postmaster, roll_up_everything
from kpis.calculations import streams
from kpis.calculations.assumptions import Range
from kpis.calculations.comparison import Comparison
from kpis.calculations.effect import evaluate
from kpis.calculations.intervals import Granularity
from kpis.calculations.series import Series
from kpis.calculations.streams import Assumed, CounterfactualError, Draws, Stream

ROUNDS = 5
DAYS = 90  # before go-live, and as many after
DRIVERS, INTERVALS = 2, 365  # of an initiative, of a driver
CHANGED = 20
PLAIN_DRAWS = 100  # of the loop; it takes as long for each further one


def run(kpis: int = 2_000, initiatives: int = 200) -> dict[str, Any]:
    call_command("migrate", verbosity=0)
    effects = _effects()
    money = _money(initiatives)
    through = _through_the_database(kpis)
    return {
        "ratios": {
            "processor time of the long way : an effect": round(effects["the long way"] / effects["evaluate"], 1),
            "processor time of an effect : scipy's naive t-test": round(effects["evaluate"] / effects["t-test"], 1),
            "processor time of the plain loop : the drawn portfolio": round(money["plain loop"] / money["cold"], 1),
            "of the drawn portfolio : after one changed assumption": round(money["cold"] / money["changed"], 1),
        },
        "counts": {
            "microseconds an effect, engine alone": round(effects["evaluate"] * 1e6),
            f"milliseconds for {kpis} KPIs, database included": round(through["all"] * 1e3),
            f"milliseconds for {CHANGED} changed KPIs, database included": round(through["changed"] * 1e3),
            f"milliseconds for the range of {initiatives} initiatives": round(money["cold"] * 1e3),
            "milliseconds after one changed assumption": round(money["changed"] * 1e3),
        },
        "days": DAYS,
        "draws": streams.DRAWS,
        "drivers_an_initiative": DRIVERS,
        "intervals_a_driver": INTERVALS,
        "postgresql": connection.pg_version,
    }


def _median(work: Callable[[], object], rounds: int = ROUNDS, before: Callable[[], None] = lambda: None) -> float:
    """Seconds of this process, of one call."""
    seconds = []
    for _ in range(rounds + 1):
        before()
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds[1:])


# -- effects ----------------------------------------------------------------------------------------------------------


def _effects() -> dict[str, float]:
    from tests.oracles.reml import regression

    comparisons = [_comparison(seed) for seed in range(50)]
    long = comparisons[:3]

    def all_of_them() -> None:
        for comparison in comparisons:
            evaluate(comparison, method="ar1", confidence=0.95)

    def the_long_way() -> None:
        for comparison in long:
            y = np.concatenate([comparison.before.values, comparison.after.values])
            regression(y, np.column_stack([np.ones(y.size), np.arange(y.size) >= DAYS]).astype(float))

    def naive() -> None:
        for comparison in comparisons:
            ttest_ind(comparison.before.values, comparison.after.values, equal_var=False)

    return {
        "evaluate": _median(all_of_them) / len(comparisons),
        "the long way": _median(the_long_way, rounds=3) / len(long),
        "t-test": _median(naive) / len(comparisons),
    }


def _comparison(seed: int) -> Comparison:
    """A daily value whose errors go on by 0.4, and fell by half a standard deviation."""
    rng = np.random.default_rng(seed)
    errors = rng.normal(size=2 * DAYS)
    for k in range(1, errors.size):
        errors[k] += 0.4 * errors[k - 1]
    values = 100 + errors - 0.5 * (np.arange(errors.size) >= DAYS)
    return Comparison(
        before=Series(values[:DAYS], np.arange(DAYS)),
        after=Series(values[DAYS:], np.arange(DAYS, 2 * DAYS)),
        direction="decrease",
        granularity=Granularity.DAY,
    )


def _through_the_database(kpis: int) -> dict[str, float]:
    """Processor time of this process and of PostgreSQL's for all KPIs and for a few, in seconds."""
    from kpis.baselines import measuring
    from kpis.baselines.models import Baseline
    from kpis.definitions.models import Initiative, Kpi
    from kpis.evaluation import effects

    fill(points=kpis * 2 * DAYS, kpis=kpis, slug="numbers", days=2 * DAYS)
    go_live = (ENDS - timedelta(days=DAYS)).date()
    Initiative.objects.filter(slug="numbers").update(go_live_on=go_live)
    roll_up_everything()
    for kpi in Kpi.objects.filter(initiative__slug="numbers").select_related("initiative"):
        first = go_live - timedelta(days=DAYS - 1)
        measuring.measure(kpi, window_start=first, window_end=go_live, few_allowed=True, by=None, at=ENDS)
    Baseline.objects.filter(kpi__initiative__slug="numbers").update(approved_at=ENDS)
    ids = list(Kpi.objects.filter(initiative__slug="numbers").values_list("pk", flat=True))
    roots = (os.getpid(), postmaster())
    seconds: dict[str, list[float]] = {"all": [], "changed": []}
    for _ in range(ROUNDS):
        for name, some in (("all", ids), ("changed", ids[:CHANGED])):
            with Meter(roots) as used:
                found = effects.evaluate_kpis(some, now=ENDS)
            if any(effect.effect is None for effect in found):
                raise RuntimeError("A KPI has no effect: nothing was measured.")
            seconds[name].append(used.cpu)
    return {name: statistics.median(found) for name, found in seconds.items()}


# -- money ------------------------------------------------------------------------------------------------------------


def _money(initiatives: int) -> dict[str, float]:
    """Seconds for the ranges of all initiatives and of the portfolio."""
    portfolio = [_streams(number) for number in range(initiatives)]
    draws = Draws("bench")

    def drawn(of: Sequence[Sequence[Stream]]) -> None:
        for own in of:
            streams.spread(own, draws)
        streams.spread([stream for own in of for stream in own], draws)

    def forget() -> None:
        for remembered in (streams._assumption, streams._product, streams._t, streams._declared, streams._spread):
            remembered.cache_clear()

    cold = _median(lambda: drawn(portfolio), before=forget)
    changed = []
    for number in range(ROUNDS):
        drawn(portfolio)
        dearer = Assumed("unit value 0", Range(30, 45 + number / 10, 60))
        others = [replace(stream, unit_value=dearer) for stream in portfolio[0]]
        began = time.process_time()
        drawn([others, *portfolio[1:]])
        changed.append(time.process_time() - began)
    few = portfolio[:5]
    loop = _median(lambda: _plain_loop(few), rounds=3) * (initiatives / len(few)) * (streams.DRAWS / PLAIN_DRAWS)
    return {"cold": cold, "changed": statistics.median(changed), "plain loop": loop}


def _streams(number: int) -> list[Stream]:
    """Two drivers of an initiative; all share the realisation, those of ten initiatives the unit value."""
    rng = np.random.default_rng(number)
    return [
        Stream(
            quantity=rng.normal(5, 1, INTERVALS),
            exposure=np.full(INTERVALS, 3.0),
            sign=1,
            error=CounterfactualError(f"{number} {driver}", standard_error=0.3, df=40.0),
            unit_value=Assumed(f"unit value {number // 10}", Range(30, 45, 60)),
            realisation=Assumed("realisation", Range(0.4, 0.6, 0.8, is_share=True)),
            attribution=Assumed(f"attribution {number}", Range(0.7, 0.8, 0.9, is_share=True)),
        )
        for driver in range(DRIVERS)
    ]


def _plain_loop(portfolio: Sequence[Sequence[Stream]]) -> list[float]:
    """Draw by draw, driver by driver, interval by interval, as one would write it at first."""
    rng = random.Random(1)
    found = []
    for own in portfolio:
        for _ in range(PLAIN_DRAWS):
            money = 0.0
            for stream in own:
                shift = rng.gauss(0, stream.error.standard_error or 0)
                factor = 1.0
                for assumed in stream.assumptions:
                    factor *= rng.triangular(assumed.range.low, assumed.range.high, assumed.range.likely)
                for quantity, exposure in zip(stream.quantity.tolist(), stream.exposure.tolist(), strict=True):
                    money += (quantity + stream.sign * shift * exposure) * factor
            found.append(money)
    return sorted(found)
