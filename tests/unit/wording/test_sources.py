from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from kpis.sources.health import State
from kpis.sources.models import DataSource, Pull
from kpis.wording.sources import KINDS, RUNS, STATES, SourceFacts, reason, source_headline, sources_headline

SINCE = datetime(2026, 11, 20, 17, 40, tzinfo=UTC)


def facts(state, name="Desk", **more):
    return SourceFacts("desk", name, state, since=SINCE, newest_at=SINCE, **more)


def test_every_state_kind_and_result_has_its_word():
    assert set(STATES) == set(get_args(State))
    assert set(KINDS) == set(DataSource.Kind.values)
    assert set(RUNS) == set(Pull.State.values)


def test_when_all_is_well_one_sentence_says_so():
    assert sources_headline([facts("flowing")] * 3).text == "All 3 sources bring their data."


def test_what_is_wrong_is_named_and_the_rest_is_counted():
    troubled = [facts("silent", f"S{n}") for n in range(5)]
    text = sources_headline([facts("flowing"), *troubled]).text
    assert text.startswith("1 of 6 sources bring their data as they should. S0 has been silent since")
    assert text.endswith("2 more need a look.")


def test_a_paused_source_is_not_counted_among_those_that_should_bring_data():
    assert "All" not in sources_headline([facts("paused")]).text
    assert sources_headline([facts("paused"), facts("flowing")]).text.startswith("The source brings")


def test_a_failure_says_its_reason_and_that_nothing_is_lost():
    text = source_headline(facts("failing", reason="query_wrong")).text
    assert "The query is not understood." in text
    assert "Nothing is lost" in text


def test_who_sends_by_itself_is_not_told_of_runs():
    assert "token" in source_headline(facts("waiting", pulls=False)).text


@pytest.mark.parametrize("state", get_args(State))
def test_every_state_has_a_whole_sentence(state):
    text = source_headline(facts(state, reason="a_new_code")).text
    assert text.endswith((".", "code"))
    assert "{" not in text


def test_a_code_without_words_is_shown_readably():
    assert reason("brand_new_code") == "brand new code"
