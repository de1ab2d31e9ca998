"""The sentences of a mail, in both languages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.utils import translation

from kpis.digests.mail import one_line
from kpis.wording.digests import WeekFacts, digest_headline, digest_subject

MONDAY = date(2026, 11, 16)


def facts(**more):
    given = {
        "currency": "EUR", "invested": Decimal(454000), "benefit": Decimal(555000), "net": Decimal("100709.11"),
        "net_low": Decimal(51238), "net_high": Decimal(141444), "monday": MONDAY, "week_net": Decimal(15432),
        "week_is_empty": False, "decisions": 2, "first_decision": "Visual inspection loses money every month.",
    }  # fmt: skip
    return WeekFacts(**given | more)


def test_the_first_sentence_says_net_range_week_and_what_waits():
    assert digest_headline(facts()).text == (
        "Net is now €101,000, between €51,000 and €141,000. Week\u00a047 added €15,000. "
        "Two things need a decision, this first: Visual inspection loses money every month."
    )


def test_in_german_the_count_stands_inside_the_sentence_in_small_letters():
    with translation.override("de"):
        text = digest_headline(facts()).text
    assert "Netto steht jetzt bei 101.000\u00a0€, zwischen 51.000 und 141.000\u00a0€." in text
    assert "Zu entscheiden sind zwei Sachen" in text


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"week_net": Decimal(-2600)}, "took €2,600: more went in than came back."),
        ({"week_is_empty": True, "week_net": Decimal(0)}, "brought nothing and cost nothing."),
        ({"decisions": 0, "first_decision": ""}, "Nothing waits for a decision."),
        ({"decisions": 1}, "One thing needs a decision:"),
        ({"net_low": None, "net_high": None}, "Net is now €101,000. "),
        ({"invested": Decimal(0), "benefit": Decimal(0)}, "Nothing has been put in and nothing has come back yet"),
    ],
)
def test_bad_and_empty_weeks_are_said_too(more, said):
    assert said in digest_headline(facts(**more)).text


def test_the_subject_says_the_week_the_net_and_that_figures_are_made_up():
    assert digest_subject(facts(), sample=False) == "AI portfolio, week\u00a047: €101,000 net, two things to decide"
    assert digest_subject(facts(), sample=True).startswith("[sample data] ")


def test_a_header_is_one_line_whatever_a_name_holds():
    assert one_line("a\r\nBcc: x\u2028y\u0085z\x00") == "a  Bcc: x y z "
