from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest
from django.utils.translation import override

from kpis.wording.periods import period_name, periods_headline


@dataclass
class Span:
    kind: str
    first: date
    last: date


@pytest.mark.parametrize(
    ("span", "english", "german"),
    [
        (Span("month", date(2026, 3, 1), date(2026, 3, 31)), "March 2026", "März 2026"),
        (Span("quarter", date(2026, 7, 1), date(2026, 9, 30)), "July to September 2026", "Juli bis September 2026"),
        (
            Span("quarter", date(2026, 11, 1), date(2027, 1, 31)),
            "November 2026 to January 2027",
            "November 2026 bis Januar 2027",
        ),
    ],
)
def test_a_period_is_named_by_its_months(span, english, german):
    assert period_name(span) == english
    with override("de"):
        assert period_name(span) == german


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ([], ""),
        ([("May", "running")], "No period is closed yet: every figure still follows the data."),
        ([("May", "running"), ("April", "closed")], "Everything up to April is closed and stays as it is."),
        (
            [("May", "running"), ("April", "open"), ("March", "closed")],
            "Everything up to March is closed and stays as it is. April is over and waits to be closed.",
        ),
        (
            [("May", "open"), ("April", "open")],
            "No period is closed yet: every figure still follows the data."
            " 2 months are over and wait to be closed, April first.",
        ),
    ],
)
def test_the_sentence_says_how_far_the_books_are_closed_and_what_waits(found, sentence):
    assert periods_headline(found) == sentence
