from __future__ import annotations

import pytest
from django.utils.translation import override

from kpis.wording import units


@pytest.mark.parametrize(
    ("value", "unit", "english", "german"),
    [
        (11.69, "min", "11.7 min", "11,7 min"),
        (82, "%", "82.0%", "82,0 %"),
        (0.82, "1", "82.0%", "82,0 %"),
        (38.5, "EUR", "€38.50", "38,50 €"),
        (170_199.06, "EUR", "€170,199", "170.199 €"),
        (14, "{ticket}", "14 tickets", "14 Tickets"),
        (14.25, "{ticket}", "14.3 tickets", "14,3 Tickets"),
        (1, "{case}", "1 case", "1 Fall"),
        (7.5, "d", "7.50 days", "7,50 Tage"),
        (12.4, "min/{ticket}", "12.4 min per ticket", "12,4 min je Ticket"),
        (31, "{case}/h", "31 cases per hour", "31 Fälle je Stunde"),
        (2, "{gizmo_a}", "2 gizmo a", "2 gizmo a"),
        (0, "min", "0 min", "0 min"),
    ],
)
def test_a_figure_is_written_with_its_unit_in_human_words(value, unit, english, german):
    assert units.unit_value(value, unit).replace("\u00a0", " ") == english
    with override("de"):
        assert units.unit_value(value, unit).replace("\u00a0", " ") == german


def test_the_difference_of_two_shares_is_in_points():
    assert units.difference(0.042, "1").replace("\u00a0", " ") == "4.2 points"
    assert units.difference(4.2, "%").replace("\u00a0", " ") == "4.2 points"
    assert units.difference(2.28, "min").replace("\u00a0", " ") == "2.28 min"


@pytest.mark.parametrize(
    ("unit", "said"),
    [("min/{ticket}", "minutes per ticket"), ("1", "share"), ("EUR", "€"), ("{part}", "parts"), ("furlong", "furlong")],
)
def test_a_heading_says_the_unit_in_full(unit, said):
    assert units.unit_name(unit) == said


def test_an_axis_shows_as_many_decimals_as_its_steps_need():
    assert units.axis_value(11.5, "min", step=0.5) == "11.5"
    assert units.axis_value(12, "min", step=1.0) == "12"
    assert units.axis_value(0.82, "1", step=0.02) == "82"
