from __future__ import annotations

from decimal import Decimal as D

import pytest
from django.utils.translation import override

from kpis.wording import marks, verdicts
from kpis.wording.verdicts import MoneyFacts, money_verdict

RULES = [
    ("pays", MoneyFacts(D(170), D(471), D(506), D(260), D(336), False)),
    ("loses", MoneyFacts(D(145), D(-14), D(-6), D(-168), D(-151), False)),
    ("costs_more", MoneyFacts(D(98), D(53), D(69), D(-61), D(-29), True)),
    ("cannot_be_proved", MoneyFacts(D(41), D(44), D(62), D(-12), D(21), True)),
    ("cannot_be_proved", MoneyFacts(D(41), D(99), D(120), D(12), D(80), True)),
    ("cannot_be_proved", MoneyFacts(D(41), D(-3), D(5), D(-50), D(2), False)),
    ("too_early", MoneyFacts(D(41), None, None, None, None, False)),
]


@pytest.mark.parametrize(("key", "facts"), RULES)
def test_the_verdict_on_money_follows_from_the_ends_of_the_range(key, facts):
    assert money_verdict(facts).key == key


def test_better_and_worse_carry_a_sign_besides_their_colour():
    told = [v for table in (verdicts.KPI, verdicts.MONEY) for v in table.values() if v.tone]
    assert {(v.tone, v.sign) for v in told} == {("better", "▲"), ("worse", "▼")}


def test_no_verdict_is_called_significant():
    words = [str(v.word) for table in (verdicts.KPI, verdicts.MONEY, verdicts.BENCHMARK) for v in table.values()]
    assert not any("signific" in word for word in words)


def test_a_verdict_is_said_with_its_sign_in_the_readers_language():
    assert str(verdicts.KPI["improved"]) == "▲ improved"
    assert str(verdicts.KPI["no_clear_change"]) == "no clear change"
    with override("de"):
        assert str(verdicts.MONEY["loses"]) == "▼ verliert"


def test_too_little_data_says_how_much_is_there_and_how_much_is_missing():
    said = marks.not_enough_data(9, 28, "day").replace("\u00a0", " ")
    assert said == "not enough data yet: 9 of 28 days; about 19 days more"


def test_every_mark_says_what_it_means_for_the_figure():
    found = [mark for mark in vars(marks).values() if isinstance(mark, marks.Mark)]
    assert len(found) >= 9
    assert all(str(mark.meaning).endswith(".") for mark in found)
