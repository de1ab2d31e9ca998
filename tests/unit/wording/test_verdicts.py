from __future__ import annotations

from django.utils.translation import override

from kpis.wording import marks, verdicts


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
