from __future__ import annotations

import math

import numpy as np
import pytest

from kpis.calculations.answer import Answer, Bounded, absent


def test_an_answer_with_a_number_exists():
    assert Answer(0.42).exists


def test_an_answer_without_a_number_says_why():
    answer = Answer(None, "not_yet", "The costs have not been earned back yet.")
    assert not answer.exists and answer.reason


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_a_number_that_is_none_is_refused(value):
    with pytest.raises(ValueError, match="finite"):
        Answer(value)


def test_a_missing_number_without_a_reason_is_refused():
    with pytest.raises(ValueError, match="reason"):
        Answer(None, "undefined")


def test_a_number_beside_a_status_that_has_none_is_refused():
    with pytest.raises(ValueError, match="no number"):
        Answer(0.0, "undefined", "There are no costs yet.")


def test_an_unknown_status_is_refused():
    with pytest.raises(ValueError, match="unknown"):
        Answer(1.0, "fine")


def test_the_number_is_a_plain_float():
    assert type(Answer(np.float64(2.5)).value) is float


def test_an_interval_is_whole_and_in_order_or_its_absence_has_a_reason():
    assert Bounded(2.0, 1.0, 3.0).excludes_zero and not Bounded(0.0, -1.0, 3.0).excludes_zero
    assert not Bounded(2.0, reason="too few values").excludes_zero
    for wrong in (
        {"low": 1.0},
        {"low": 3.0, "high": 1.0},
        {"low": math.nan, "high": 1.0},
        {},
        {"low": 1.0, "high": 3.0, "p_value": 1.5},
    ):
        with pytest.raises(ValueError):
            Bounded(2.0, **wrong)


def test_no_figure_has_a_status_and_a_reason():
    assert absent("undefined", "no cases").value is None
    with pytest.raises(ValueError):
        absent("ok", "no cases")
