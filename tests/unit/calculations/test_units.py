from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations.units import UnitMismatch, UnknownUnit, conversion, currency_of, is_share, is_time, parse

TIMES = ["ms", "s", "min", "h", "d", "wk"]


@pytest.mark.parametrize(
    ("source", "target", "factor"),
    [
        ("s", "h", 1 / 3600),
        ("min", "s", 60),
        ("%", "1", 0.01),
        ("1", "%", 100),
        ("GBy", "MBy", 1000),
        ("MiBy", "kBy", 1048.576),
        ("min/{ticket}", "h/{ticket}", 1 / 60),
        ("{case}/h", "{case}/d", 24),
        ("EUR/h", "EUR/min", 1 / 60),
        ("/h", "/min", 1 / 60),
        ("100{contact}", "{contact}", 100),
        ("m2", "cm2", 10_000),
        ("By/s", "kBy/min", 0.06),
    ],
)
def test_units_of_the_same_thing_are_converted(source, target, factor):
    assert conversion(source, target) == pytest.approx(factor, rel=1e-15)


@pytest.mark.parametrize(
    ("source", "target"),
    [("s", "EUR"), ("EUR", "USD"), ("{ticket}", "{case}"), ("{ticket}", "1"), ("min", "min/{ticket}"), ("h", "/h")],
)
def test_unlike_things_are_never_converted(source, target):
    with pytest.raises(UnitMismatch, match="different things"):
        conversion(source, target)


@given(st.sampled_from(TIMES), st.sampled_from(TIMES), st.sampled_from(TIMES))
def test_converting_in_two_steps_is_converting_at_once(a, b, c):
    assert conversion(a, b) * conversion(b, c) == pytest.approx(conversion(a, c), rel=1e-14)


def test_sixty_seconds_are_exactly_one_minute():
    assert 60 * conversion("s", "min") == 1.0


def test_a_thing_above_and_below_the_line_cancels():
    assert parse("h/{ticket}.{ticket}") == parse("h")


def test_durations_are_recognised_also_per_counted_thing():
    assert [is_time(u) for u in ("min", "h/{ticket}", "1", "EUR/h")] == [True, True, False, False]


def test_shares_and_currencies_are_recognised():
    assert [is_share(u) for u in ("1", "%", "{ticket}")] == [True, True, False]
    assert [currency_of(u) for u in ("EUR", "USD/h", "min")] == ["EUR", "USD", None]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hour",
        "min/",
        "{ticket",
        "ticket}",
        "EURO",
        "//",
        "min h",
        "{}",
        "x" * 200,
        "s0",
        "0",
        "a{b}{c}",
        ".".join(["a9"] * 30),
    ],
)
def test_what_is_no_unit_is_refused_with_a_sentence(text):
    with pytest.raises(UnknownUnit, match=r"\.$"):
        parse(text)


@given(st.text(max_size=12))
def test_any_text_is_a_unit_or_is_refused(text):
    with suppress(UnknownUnit):
        assert parse(text).factor > 0
