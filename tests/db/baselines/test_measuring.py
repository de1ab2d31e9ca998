from __future__ import annotations

import statistics
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from kpis.access.models import AuditEvent
from kpis.baselines import measuring, readiness
from kpis.baselines.models import Baseline
from kpis.baselines.readiness import BaselineNotReady, Readiness
from kpis.rollups import rolling
from tests.factories import InitiativeFactory, KpiFactory, OrganisationFactory, ProductOwnerFactory, SeriesFactory

START = date(2026, 1, 5)
GO_LIVE = date(2026, 3, 2)
NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def house():
    return OrganisationFactory(zone="Europe/Berlin")


@pytest.fixture
def kpi():
    return KpiFactory(initiative=InitiativeFactory(go_live_on=GO_LIVE))


@pytest.fixture
def author():
    return ProductOwnerFactory()


def noon(n: int) -> datetime:
    return datetime(2026, 1, 5, 11, tzinfo=UTC) + timedelta(days=n)


@pytest.fixture
def measured(arrive):
    def measured(kpi, values, labels=None, first: int = 0):
        series = SeriesFactory(kpi=kpi, labels=labels or {})
        arrive(series, [(noon(first + n), value) for n, value in enumerate(values) if value is not None])
        rolling.roll_up_arrivals(at_most=10)

    return measured


def noise(n: int, seed: int = 1) -> list[float]:
    return [float(v) for v in np.random.default_rng(seed).normal(14, 1, n)]


def measure(kpi, author, start=START, end=GO_LIVE, **more) -> Baseline:
    return measuring.measure(kpi, window_start=start, window_end=end, by=author, at=NOW, **more)


def test_the_baseline_is_the_plain_mean_and_spread_of_the_windows_interval_values(measured, kpi, author):
    values = noise(56)
    measured(kpi, values)

    baseline = measure(kpi, author)

    assert float(baseline.value) == pytest.approx(statistics.fmean(values), abs=1e-9)
    assert baseline.spread == pytest.approx(statistics.stdev(values))
    assert (baseline.intervals, baseline.version, baseline.approved_at) == (56, 1, None)
    assert baseline.window_start == datetime(2026, 1, 4, 23, tzinfo=UTC)
    assert baseline.window_end == datetime(2026, 3, 1, 23, tzinfo=UTC)


def test_each_interval_counts_once_however_many_measurements_it_holds(measured, kpi, author, arrive):
    measured(kpi, [10.0] * 40)
    arrive(SeriesFactory(kpi=kpi, labels={"x": "y"}), [(noon(0) + timedelta(minutes=i), 51.0) for i in range(40)])
    rolling.roll_up_arrivals(at_most=10)

    baseline = measure(kpi, author, end=date(2026, 2, 14))

    assert float(baseline.value) == pytest.approx((39 * 10 + 50.0) / 40)


def test_only_intervals_that_lie_wholly_inside_the_window_count(measured, kpi, author):
    measured(kpi, noise(56))

    afternoon = datetime(2026, 1, 7, 15, tzinfo=UTC)

    assert measure(kpi, author, start=afternoon).intervals == 53


def test_versions_are_counted_and_each_draft_leaves_its_trail(measured, kpi, author):
    measured(kpi, noise(56))

    versions = [measure(kpi, author).version for _ in range(2)]

    assert versions == [1, 2]
    last = AuditEvent.objects.order_by("-sequence").first()
    assert (last.what, last.subject) == ("baseline.measured", f"baseline:{kpi.key}:2")


# -- the method is chosen on the baseline alone, and frozen -----------------------------------------------------------


def test_without_trend_the_difference_of_means_is_chosen(measured, kpi, author):
    measured(kpi, noise(56))

    baseline = measure(kpi, author)

    assert (baseline.method_choice, baseline.choice_reason) == ("ar1", "The baseline has no trend.")


def test_a_trend_in_the_baseline_makes_it_an_interrupted_series(measured, kpi, author):
    measured(kpi, [v - 0.1 * n for n, v in enumerate(noise(56))])

    assert measure(kpi, author).method_choice == "its"


def test_a_control_group_makes_it_a_difference_in_differences(measured, kpi, author):
    measured(kpi, noise(56, seed=1), {"team": "treated"})
    measured(kpi, [v + 2 for v in noise(56, seed=2)], {"team": "control"})

    baseline = measure(kpi, author, treated={"team": "treated"}, control={"team": "control"})

    assert baseline.method_choice == "did"
    assert float(baseline.value) == pytest.approx(statistics.fmean(noise(56, seed=1)), abs=1e-9)
    assert float(baseline.control_value) == pytest.approx(statistics.fmean(noise(56, seed=2)) + 2, abs=1e-9)


def test_with_a_control_group_only_intervals_count_in_which_both_were_measured(measured, kpi, author):
    measured(kpi, noise(56), {"team": "treated"})
    measured(kpi, [None if n % 4 == 0 else 10.0 for n in range(56)], {"team": "control"})

    baseline = measure(kpi, author, treated={"team": "treated"}, control={"team": "control"})

    kept = [v for n, v in enumerate(noise(56)) if n % 4]
    assert baseline.intervals == 42
    assert float(baseline.value) == pytest.approx(statistics.fmean(kept), abs=1e-9)


# -- refusals ---------------------------------------------------------------------------------------------------------


def refusal(kpi, author, **more) -> str:
    with pytest.raises(BaselineNotReady) as caught:
        measure(kpi, author, **more)
    assert not Baseline.objects.exists()
    return f"{caught.value.code}: {caught.value.detail}"


def test_a_window_that_reaches_beyond_go_live_is_refused(measured, kpi, author):
    measured(kpi, noise(80))

    assert refusal(kpi, author, end=date(2026, 3, 3)) == (
        "baseline_after_go_live: The window must end before go-live on 2026-03-02: "
        "afterwards the values already show the initiative."
    )


def test_a_window_that_is_not_over_is_refused_and_says_until_when(measured, kpi, author):
    kpi.initiative.go_live_on = None
    kpi.initiative.save()
    measured(kpi, noise(80))

    assert refusal(kpi, author, end=date(2026, 4, 5)) == (
        "window_not_over: The window is open until 2026-04-05; it can be measured then."
    )


def test_too_few_intervals_are_refused_and_the_number_that_is_missing_is_said(measured, kpi, author):
    measured(kpi, noise(9))

    assert refusal(kpi, author) == "not_enough_intervals: 9 of 28 days with data: 19 days more are needed."


def test_one_missing_interval_is_said_in_the_singular(measured, kpi, author):
    measured(kpi, noise(27))

    assert refusal(kpi, author) == "not_enough_intervals: 27 of 28 days with data: 1 day more is needed."


def test_too_few_intervals_pass_where_that_is_wanted_and_the_draft_says_so(measured, kpi, author):
    measured(kpi, noise(9))

    baseline = measure(kpi, author, few_allowed=True)

    assert baseline.intervals == 9
    assert baseline.choice_reason.startswith("9 of 28 intervals: too few for a range.")


def test_a_window_without_data_is_refused_also_where_few_are_allowed(kpi, author):
    assert refusal(kpi, author, few_allowed=True).startswith("no_data: ")


def test_a_control_group_that_was_never_measured_is_refused(measured, kpi, author):
    measured(kpi, noise(56))

    assert refusal(kpi, author, control={"team": "control"}).startswith("no_control_data: ")


def test_an_empty_window_is_refused(measured, kpi, author):
    measured(kpi, noise(56))

    assert refusal(kpi, author, end=START) == "window_empty: The window must end after it starts."


def test_readiness_tells_the_same_before_anything_is_written(measured, kpi):
    measured(kpi, noise(30))

    window = readiness.window_between(START, GO_LIVE)

    assert readiness.of(kpi, window, NOW) == Readiness(enough=True, n=30, needed=28)
    assert readiness.of(kpi, window, NOW, treated={"team": "x"}).code == "no_data"


def test_a_window_in_a_fiscal_year_or_zone_of_its_own_starts_at_local_midnight(house):
    house.zone = "America/New_York"
    house.save()

    window = readiness.window_between(START, GO_LIVE)

    assert window.start == datetime(2026, 1, 5, 5, tzinfo=UTC)


def test_a_value_too_large_to_be_kept_is_refused_in_words(measured, kpi, author):
    measured(kpi, [1e200 + n for n in range(40)])

    assert refusal(kpi, author) == "value_out_of_range: The baseline's value is too large to be kept."


def test_money_and_tiny_rates_are_kept_to_nine_places(measured, kpi, author):
    measured(kpi, [1e-7, 3e-7] * 20)

    assert measure(kpi, author).value == Decimal("2.00E-7")
