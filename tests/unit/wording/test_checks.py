from __future__ import annotations

import pytest

from kpis.wording.checks import check_sentence


def check(name: str = "pre_trend", status: str = "ok", value=-0.000953, low=-0.00302, high=0.00112) -> dict:
    return {"name": name, "status": status, "value": value, "low": low, "high": high}


def test_a_range_has_two_significant_digits_at_its_wider_end_and_the_value_as_many_decimals():
    assert "changed by −0.0010\u00a0min an interval (95%: −0.0030\u00a0min to 0.0011\u00a0min)" in check_sentence(
        check(), "min"
    )


def test_shares_are_told_in_points():
    said = check_sentence(check("placebo", value=0.4, low=-1.25, high=2.05), "%")
    assert "0.4" in said and "points" in said and "2.1" in said


@pytest.mark.parametrize("name", ["pre_trend", "placebo", "contamination"])
def test_a_check_that_could_not_be_made_says_what_it_needs(name):
    assert "12 intervals" in check_sentence(check(name, "undefined", None, None, None), "min")
