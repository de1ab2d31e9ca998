from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from django.utils.translation import override

from kpis.wording import moments, uncertainty

NB = "\u00a0"
NINE_TWELVE = datetime(2026, 11, 24, 8, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def berlin():
    with timezone.override(ZoneInfo("Europe/Berlin")):
        yield


def plain(text: str) -> str:
    return text.replace(NB, " ")


def test_a_clock_time_names_its_day_and_its_zone():
    assert plain(moments.clock_time(NINE_TWELVE)) == "Tue 24 Nov 2026, 09:12 Europe/Berlin"
    with override("de"):
        assert plain(moments.clock_time(NINE_TWELVE)) == "Di., 24. Nov. 2026, 09:12 Uhr Europe/Berlin"


@pytest.mark.parametrize(
    ("on", "english", "german"),
    [
        (date(2026, 3, 1), "1 Mar 2026", "1. März 2026"),
        (date(2026, 4, 30), "30 Apr 2026", "30. Apr. 2026"),
        (date(2026, 5, 15), "15 May 2026", "15. Mai 2026"),
        (date(2026, 9, 21), "21 Sep 2026", "21. Sept. 2026"),
    ],
)
def test_a_day_is_written_as_people_write_it(on, english, german):
    assert plain(moments.day(on)) == english
    with override("de"):
        assert plain(moments.day(on)) == german


def test_a_day_is_never_broken_across_two_lines():
    assert " " not in moments.day(date(2026, 3, 1))


def test_midnight_in_berlin_is_the_day_that_begins_there_though_it_is_the_day_before_in_utc():
    begins = datetime(2025, 10, 12, 22, tzinfo=UTC)
    assert plain(moments.day(begins)) == "13 Oct 2025"
    assert plain(moments.weekday(begins)) == "Mon 13 Oct"


def test_a_span_that_ends_at_midnight_ends_with_the_day_before():
    assert plain(moments.last_day(datetime(2026, 1, 30, 23, tzinfo=UTC))) == "30 Jan 2026"


def test_a_week_is_the_iso_week():
    assert plain(moments.week(date(2027, 1, 3))) == "week 53"
    with override("de"):
        assert plain(moments.week(date(2026, 11, 16))) == "KW 47"


@pytest.mark.parametrize(
    ("on", "start", "said"),
    [
        (date(2026, 8, 1), 1, "Q3 2026"),
        (date(2026, 4, 1), 4, "Q1 2026/27"),
        (date(2027, 3, 31), 4, "Q4 2026/27"),
        (date(2026, 9, 30), 10, "Q4 2025/26"),
    ],
)
def test_a_quarter_follows_the_fiscal_year(on, start, said):
    assert plain(moments.quarter(on, fiscal_year_start=start)) == said


def test_an_interval_is_named_by_its_local_start():
    midnight = datetime(2026, 2, 28, 23, tzinfo=UTC)  # 1 March in Berlin
    assert moments.interval(midnight, "month") == "March 2026"
    assert plain(moments.interval(midnight, "day")) == "Sun 1 Mar 2026"
    with override("de"):
        assert moments.interval(midnight, "month") == "März 2026"


@pytest.mark.parametrize(
    ("span", "english", "german"),
    [
        (timedelta(seconds=40), "40 s ago", "vor 40 s"),
        (timedelta(minutes=5), "5 min ago", "vor 5 Min."),
        (timedelta(hours=30), "30 h ago", "vor 30 Std."),
        (timedelta(days=3), "3 days ago", "vor 3 Tagen"),
        (timedelta(seconds=-2), "0 s ago", "vor 0 s"),
    ],
)
def test_how_long_ago_is_said_in_the_unit_that_fits(span, english, german):
    assert plain(moments.age(span)) == english
    with override("de"):
        assert plain(moments.age(span)) == german


def test_every_month_has_its_german_name():
    """A text of the portal that reads like a month would take its place."""
    with override("de"):
        names = [moments.month_name(date(2026, month, 1)) for month in range(1, 13)]
    assert names == [
        "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
        "Dezember",
    ]  # fmt: skip


def test_one_is_singular():
    assert plain(moments.days(1)) == "1 day"
    assert plain(moments.months(1)) == "1 month"
    assert plain(moments.months(13.2)) == "13.2 months"
    assert plain(moments.intervals(28, "day")) == "28 days"
    with override("de"):
        assert plain(moments.intervals(1, "quarter")) == "1 Quartal"


def test_a_range_of_money_is_rounded_alike_at_both_ends():
    assert uncertainty.between_money(51_238, 141_444, "EUR") == "between €51,000 and €141,000"
    with override("de"):
        assert plain(uncertainty.between_money(51_238, 141_444, "EUR")) == "zwischen 51.000 und 141.000 €"


def test_a_range_is_rounded_by_its_larger_end():
    assert uncertainty.between_money(8_432, 141_444, "EUR") == "between €8,000 and €141,000"


def test_a_range_that_crosses_zero_keeps_its_sign():
    assert uncertainty.between_money(-12_400, 21_000, "EUR") == "between −€12,000 and €21,000"


def test_the_short_range_of_a_cell_says_percent_once():
    assert uncertainty.share_range(-0.3, 0.53) == "−30 to 53%"
    with override("de"):
        assert plain(uncertainty.share_range(1.53, 1.98)) == "153 bis 198 %"


def test_a_range_of_multiples_says_multiples_at_both_ends():
    assert uncertainty.share_range(9.1, 12) == "910.0% to 12.0×"


def test_days_of_two_years_say_their_years():
    assert plain(uncertainty.between_days(date(2026, 8, 27), date(2026, 10, 19))) == "between 27 Aug and 19 Oct"
    assert "2027" in uncertainty.between_days(date(2026, 8, 27), date(2027, 1, 2))
