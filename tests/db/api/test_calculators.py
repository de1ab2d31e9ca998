"""The calculators against second implementations, and against whoever wants to keep them busy."""

from __future__ import annotations

import json
import time
from datetime import date, timedelta

import numpy as np
import numpy_financial
import pytest
import pyxirr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from kpis.api.calculator_bodies import LONGEST_SEASON, MOST_FLOWS, MOST_QUANTILES, MOST_VALUES
from kpis.api.calculator_forms import INVESTMENT, MEASURED_EFFECT, POSITION

FORMS = {"investment": INVESTMENT, "effect": MEASURED_EFFECT, "benchmark-position": POSITION}
SECONDS = 10  # of processor time, on a busy machine: a question that takes more is one that grows out of bounds


@pytest.fixture
def ask(client_with):
    client = client_with("read")

    def ask(calculator, status=200, **question):
        answer = client.post(f"/api/v1/calculators/{calculator}/", question, format="json")
        assert answer.status_code == status, answer.content[:500]
        found = answer.json()
        if status == 200:
            OAS31Validator(FORMS[calculator]).validate(found)
            null = {name for name, value in found.items() if value is None}
            assert null <= found["reasons"].keys()
            assert all(found["reasons"].values())
        return found

    return ask


def codes(problem):
    return {(error["code"], error["attr"]) for error in problem["errors"]}


# -- investment -----------------------------------------------------------------------------------------------------


def test_npv_and_irr_of_periods_are_those_of_numpy_financial(ask):
    flows = [-454_175.06, 60_000, 120_000, 180_000, 200_000.5]
    found = ask("investment", cash_flows=flows, discount_rate=0.08)
    assert found["npv"] == pytest.approx(numpy_financial.npv(0.08, flows), rel=1e-12)
    assert found["irr"] == pytest.approx(numpy_financial.irr(flows), abs=1e-9)
    assert found["roi"] == pytest.approx(sum(flows) / 454_175.06)
    assert found["irr_status"] == "ok"
    assert found["irrs"] == [found["irr"]]


def test_npv_and_irr_of_dates_are_those_of_pyxirr(ask):
    rows = [("2026-01-15", -100_000), ("2026-07-01", 30_000), ("2027-02-28", 45_000), ("2028-12-31", 60_000)]
    dates, amounts = [date.fromisoformat(on) for on, _ in rows], [amount for _, amount in rows]
    sent = [{"on": on, "amount": f"{amount}.00"} for on, amount in rows]
    found = ask("investment", cash_flows=sent, discount_rate=0.1)
    assert found["npv"] == pytest.approx(pyxirr.xnpv(0.1, dates, amounts), rel=1e-12)
    assert found["irr"] == pytest.approx(pyxirr.xirr(dates, amounts), abs=1e-9)


def test_payback_is_where_the_balance_is_back_for_good(ask):
    """−100, 60, 60: 40 of the second 60 are needed. Discounted at 10 %: 54.5, 49.6; 45.5 of 49.6."""
    found = ask("investment", cash_flows=[-100, 60, 60], discount_rate=0.1)
    assert found["payback_periods"] == pytest.approx(1 + 40 / 60)
    assert found["discounted_payback_periods"] == pytest.approx(1 + (100 - 60 / 1.1) / (60 / 1.21))
    dated = ask("investment", cash_flows=[{"on": "2026-01-01", "amount": -100}, {"on": "2026-01-31", "amount": 150}])
    assert dated["payback_on"] == "2026-01-21"
    assert dated["npv"] is None


def test_two_rates_are_both_told_and_none_is_called_the_one(ask):
    found = ask("investment", cash_flows=[-100, 230, -132], discount_rate=0.1)
    assert (found["irr"], found["irr_status"]) == (None, "multiple")
    assert found["irrs"] == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize(
    ("flows", "status"),
    [
        ([], "none"),
        ([-5], "none"),
        ([5, 5], "none"),
        ([0, 0], "none"),
        ([{"on": "2026-01-01", "amount": -1}, {"on": "2026-01-09", "amount": 2}], "not_meaningful"),
    ],
)
def test_where_there_is_no_rate_it_is_null_with_its_status(ask, flows, status):
    found = ask("investment", cash_flows=flows, discount_rate=0.08)
    assert (found["irr"], found["irrs"], found["irr_status"]) == (None, [], status)


# -- effect ---------------------------------------------------------------------------------------------------------


def values(n, mean, seed):
    return [float(x) for x in np.random.default_rng(seed).normal(mean, 1.0, n)]


def test_welch_is_that_of_statsmodels(ask):
    before, after = values(30, 14.3, 1), values(40, 12.0, 2)
    found = ask("effect", direction="decrease", baseline=before, actual=after, method="welch", confidence=0.9)
    oracle = CompareMeans(DescrStatsW(after), DescrStatsW(before))
    t, p, df = oracle.ttest_ind(usevar="unequal")
    low, high = oracle.tconfint_diff(alpha=0.1, usevar="unequal")
    assert found["effect"] == pytest.approx(np.mean(after) - np.mean(before))
    assert found["standard_error"] == pytest.approx(found["effect"] / t)
    assert (found["df"], found["p_value"]) == (pytest.approx(df), pytest.approx(p))
    assert (found["low"], found["high"]) == (pytest.approx(low), pytest.approx(high))
    assert (found["verdict"], found["method"], found["confidence"]) == ("improved", "welch", 0.9)


def test_difference_in_differences_is_the_difference_of_the_gaps(ask):
    before, after = values(30, 14, 1), values(30, 12, 2)
    control = {"baseline": values(30, 14, 3), "actual": values(30, 13.5, 4)}
    found = ask("effect", direction="decrease", baseline=before, actual=after, control=control, method="did")
    plain = (np.mean(after) - np.mean(control["actual"])) - (np.mean(before) - np.mean(control["baseline"]))
    assert found["effect"] == pytest.approx(plain, abs=0.25)
    assert found["low"] < found["effect"] < found["high"]
    assert found["evidence_grade"] == "A"
    assert ask("effect", direction="decrease", baseline=before, actual=after, control=control)["method"] == "did"


def test_a_trend_is_carried_on_and_not_taken_for_an_effect(ask):
    """Falls by 0.1 each interval, before and after alike: its says nothing happened, a plain mean says much did."""
    line = [20 - 0.1 * n + noise for n, noise in enumerate(values(80, 0, 5))]
    found = ask("effect", direction="decrease", baseline=line[:40], actual=line[40:], method="its")
    assert found["low"] < 0 < found["high"]
    assert found["naive_effect"] < -3


def test_too_little_data_says_what_is_missing_and_gives_no_number(ask):
    found = ask("effect", direction="increase", baseline=[1, 2, 3], actual=[4, 5])
    assert (found["verdict"], found["effect"], found["low"]) == ("not_enough_data", None, None)
    assert found["missing"] == {"before": 2, "after": 3}


def test_null_is_an_interval_without_a_value(ask):
    before, after = values(30, 14, 1), values(30, 12, 2)
    with_gap = ask("effect", direction="decrease", baseline=[*before[:10], None, *before[11:]], actual=after)
    assert with_gap["intervals"] == {"before": 29, "after": 30}


# -- position -------------------------------------------------------------------------------------------------------


def test_a_percentile_is_interpolated_between_quantiles(ask):
    quantiles = [{"p": 0.25, "value": 10}, {"p": 0.5, "value": 20}, {"p": 0.75, "value": 40}]
    found = ask("benchmark-position", value=30, direction="increase", quantiles=quantiles)
    assert found["percentile"] == pytest.approx(float(np.interp(30, [10, 20, 40], [0.25, 0.5, 0.75])), abs=0.006)
    assert (found["position"], found["exactness"]) == ("ahead", "interpolated")
    less = ask("benchmark-position", value=30, direction="decrease", quantiles=quantiles)
    assert less["percentile"] == pytest.approx(1 - 0.625, abs=0.006)
    ranged = ask("benchmark-position", value=30, value_low=20, value_high=40, direction="increase", quantiles=quantiles)
    assert ranged["bounds"] == [0.5, 0.75]


def test_beyond_the_quantiles_only_the_end_is_named(ask):
    quantiles = [{"p": 0.25, "value": 10}, {"p": 0.75, "value": 40}]
    found = ask("benchmark-position", value=50, direction="increase", quantiles=quantiles)
    assert (found["position"], found["percentile"], found["bounds"]) == ("best", None, [0.75, 1.0])


def test_a_point_and_a_range_claim_no_percentile(ask):
    point = ask("benchmark-position", value=0.76, value_low=0.74, value_high=0.78, direction="increase", point=0.7)
    assert (point["position"], point["percentile"]) == ("ahead", None)
    assert point["difference"] == pytest.approx(0.06)
    assert ask("benchmark-position", value=30, direction="decrease", low=24, high=48)["position"] == "level"
    assert ask("benchmark-position", value=12, direction="decrease", low=24, high=48)["position"] == "ahead"


def test_mean_and_deviation_give_an_approximate_percentile(ask):
    found = ask("benchmark-position", value=80.5, direction="increase", mean=68, sd=12.5)
    assert (found["percentile"], found["exactness"]) == (0.84, "approximate")


# -- what is refused ------------------------------------------------------------------------------------------------

QUANTILE = [{"p": 0.5, "value": 1}]
TWO_FORMS = {"value": 1, "direction": "increase", "point": 1, "quantiles": QUANTILE}
HALF = {"value": 1, "value_low": 2, "direction": "increase", "point": 1}
SURE = {"direction": "increase", "baseline": [], "actual": [], "confidence": 1}
TWICE = {"value": 1, "direction": "increase", "quantiles": QUANTILE * 2}
REFUSED = [
    ("investment", {}, ("required", "cash_flows")),
    ("investment", {"cash_flows": "no"}, ("not_a_list", "cash_flows")),
    ("investment", {"cash_flows": [1, {"on": "2026-01-01", "amount": 1}]}, ("mixed", "cash_flows")),
    ("investment", {"cash_flows": [1, "x"]}, ("not_a_number", "cash_flows.1")),
    ("investment", {"cash_flows": [True]}, ("not_a_number", "cash_flows.0")),
    ("investment", {"cash_flows": [None]}, ("not_a_number", "cash_flows.0")),
    ("investment", {"cash_flows": [1e16]}, ("number_out_of_range", "cash_flows.0")),
    ("investment", {"cash_flows": [{"on": "2026-02-30", "amount": 1}]}, ("invalid_date", "cash_flows.0.on")),
    ("investment", {"cash_flows": [{"on": "0001-01-01", "amount": 1}]}, ("invalid_date", "cash_flows.0.on")),
    ("investment", {"cash_flows": [{"on": "2026-02-01"}]}, ("invalid_flow", "cash_flows.0")),
    ("investment", {"cash_flows": [1] * (MOST_FLOWS + 1)}, ("too_many", "cash_flows")),
    ("investment", {"cash_flows": [1], "discount_rate": -1}, ("number_out_of_range", "discount_rate")),
    ("investment", {"cash_flows": [1], "discount_rate": "8%"}, ("not_a_number", "discount_rate")),
    ("investment", {"cash_flows": [1], "rate": 0.1}, ("unknown_member", "rate")),
    ("effect", {"direction": "up", "baseline": [], "actual": []}, ("invalid_choice", "direction")),
    ("effect", {"direction": "increase", "baseline": [1]}, ("required", "actual")),
    ("effect", {"direction": "increase", "baseline": ["1"], "actual": []}, ("not_a_number", "baseline.0")),
    ("effect", {"direction": "increase", "baseline": [1] * (MOST_VALUES + 1), "actual": []}, ("too_many", "baseline")),
    ("effect", {"direction": "increase", "baseline": [], "actual": [], "method": "did"}, ("required", "control")),
    ("effect", {"direction": "increase", "baseline": [], "actual": [], "season": 1}, ("min_value", "season")),
    ("effect", {"direction": "increase", "baseline": [], "actual": [], "season": 10**6}, ("max_value", "season")),
    ("effect", SURE, ("number_out_of_range", "confidence")),
    ("effect", {"direction": "increase", "baseline": [1], "actual": [1], "control": {"baseline": [], "actual": [1]}},
     ("unequal_lengths", "control.baseline")),
    ("benchmark-position", {"value": 1, "direction": "increase"}, ("no_single_form", None)),
    ("benchmark-position", {"value": 1, "direction": "increase", "mean": 1}, ("no_single_form", None)),
    ("benchmark-position", TWO_FORMS, ("no_single_form", None)),
    ("benchmark-position", {"value": 1, "direction": "increase", "low": 1}, ("half_a_range", "low")),
    ("benchmark-position", HALF, ("half_a_range", "value_low")),
    ("benchmark-position", {"value": 1, "value_low": 2, "value_high": 3, "direction": "increase", "point": 1},
     ("not_in_order", "value_low")),
    ("benchmark-position", {"value": 1, "direction": "increase", "mean": 1, "sd": 0}, ("contradiction", "mean")),
    ("benchmark-position", {"value": 1, "direction": "increase", "low": 2, "high": 1}, ("contradiction", "low")),
    ("benchmark-position", {"value": 1, "direction": "increase", "quantiles": []}, ("empty", "quantiles")),
    ("benchmark-position", {"value": 1, "direction": "increase", "quantiles": [{"p": 2, "value": 1}]},
     ("number_out_of_range", "quantiles.0")),
    ("benchmark-position", TWICE, ("contradiction", "quantiles")),
    ("benchmark-position", {"value": 1, "direction": "increase", "quantiles": QUANTILE * (MOST_QUANTILES + 1)},
     ("too_many", "quantiles")),
]  # fmt: skip


@pytest.mark.parametrize(("calculator", "question", "error"), REFUSED)
def test_what_cannot_be_calculated_is_refused_and_the_member_named(ask, calculator, question, error):
    assert error in codes(ask(calculator, status=400, **question))


@pytest.mark.parametrize("calculator", FORMS)
@pytest.mark.parametrize(
    "body", ["NaN", '{"value": NaN}', '{"cash_flows": [Infinity]}', "[", "[]", "null", '"x"', "1e999"]
)
def test_what_is_no_json_or_no_object_is_refused(client_with, calculator, body):
    answer = client_with("read").generic("POST", f"/api/v1/calculators/{calculator}/", body, "application/json")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_nobody_calculates_without_a_token_and_an_ingest_token_does_not_either(client_with):
    from rest_framework.test import APIClient

    assert APIClient().post("/api/v1/calculators/investment/", {"cash_flows": []}).status_code == 401
    assert client_with("ingest").post("/api/v1/calculators/investment/", {"cash_flows": []}).status_code == 403


# -- bounded time ---------------------------------------------------------------------------------------------------

ALTERNATING = [(-1.0) ** n * (1 + n % 7) for n in range(MOST_FLOWS)]
DAYS = [{"on": (date(1900, 1, 1) + timedelta(days=91 * n)).isoformat(), "amount": a} for n, a in enumerate(ALTERNATING)]
LONG = [float((n * 7919) % 1013) for n in range(MOST_VALUES)]
BUSY = [
    ("investment", {"cash_flows": ALTERNATING, "discount_rate": 0.1}),
    ("investment", {"cash_flows": ALTERNATING, "discount_rate": -0.99}),
    ("investment", {"cash_flows": DAYS, "discount_rate": -0.99}),
    ("effect", {"direction": "increase", "baseline": LONG, "actual": LONG, "season": LONGEST_SEASON}),
    ("effect", {"direction": "increase", "baseline": LONG, "actual": LONG, "season": LONGEST_SEASON, "method": "its"}),
    ("effect", {"direction": "increase", "baseline": LONG, "actual": LONG[::-1], "season": LONGEST_SEASON,
                "control": {"baseline": LONG[::-1], "actual": LONG}, "method": "did"}),
    ("benchmark-position", {"value": 0.5, "direction": "increase",
                            "quantiles": [{"p": n / 1000, "value": n} for n in range(MOST_QUANTILES)]}),
]  # fmt: skip


@pytest.mark.parametrize(("calculator", "question"), BUSY)
def test_the_largest_question_that_is_taken_is_answered_in_bounded_time(ask, calculator, question):
    begun = time.process_time()
    ask(calculator, **question)
    assert time.process_time() - begun < SECONDS


@pytest.mark.parametrize("calculator", FORMS)
@pytest.mark.parametrize("member", ["cash_flows", "baseline", "quantiles"])
def test_a_body_full_of_wrong_members_is_refused_at_once_with_a_short_answer(client_with, calculator, member):
    body = json.dumps({member: ["x"] * 200_000})
    begun = time.process_time()
    answer = client_with("read").generic("POST", f"/api/v1/calculators/{calculator}/", body, "application/json")
    assert answer.status_code == 400
    assert len(answer.content) < 5000
    assert time.process_time() - begun < SECONDS


numbers = st.one_of(
    st.integers(-(10**15), 10**15), st.floats(-1e15, 1e15), st.sampled_from([0, 1e-300, -1e-300, 1e15, -1e15, 5e-324])
)
series = st.lists(st.one_of(numbers, st.none()), max_size=40)
QUESTIONS = {
    "investment": st.fixed_dictionaries(
        {"cash_flows": st.lists(numbers, max_size=30), "discount_rate": st.one_of(st.none(), st.floats(-0.99, 1000))}
    ),
    "effect": st.fixed_dictionaries(
        {
            "direction": st.sampled_from(["increase", "decrease"]),
            "baseline": series,
            "actual": series,
            "method": st.sampled_from(["auto", "welch", "ar1", "its"]),
            "confidence": st.floats(0.5, 0.999),
        },
        optional={"season": st.integers(2, 20)},
    ),
    "benchmark-position": st.fixed_dictionaries(
        {"value": numbers, "direction": st.sampled_from(["increase", "decrease"])},
        optional={
            "quantiles": st.lists(st.fixed_dictionaries({"p": st.floats(0, 1), "value": numbers}), max_size=6),
            "mean": numbers,
            "sd": numbers,
            "point": numbers,
            "low": numbers,
            "high": numbers,
            "is_share": st.booleans(),
        },
    ),
}


@pytest.mark.parametrize("calculator", FORMS)
def test_no_numbers_however_absurd_make_a_calculator_fail(client_with, calculator):
    client = client_with("read")

    @settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(question=QUESTIONS[calculator])
    def answered(question):
        answer = client.post(f"/api/v1/calculators/{calculator}/", question, format="json")
        assert answer.status_code in (200, 400), answer.content
        if answer.status_code == 200:
            OAS31Validator(FORMS[calculator]).validate(json.loads(answer.content, parse_constant=pytest.fail))

    answered()
