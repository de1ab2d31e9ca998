from __future__ import annotations

import httpx
import pytest

from kpis.measurements.models import Batch, Measurement
from kpis.sources import trying
from kpis.sources.models import Feed, Pull
from tests.db.sources.conftest import NINE, ticket
from tests.factories import DataSourceFactory, FeedFactory, KpiFactory


@pytest.fixture
def tried(at):
    """The trials of a source at nine o'clock."""

    def try_out(source):
        with at(NINE):
            return trying.try_out(source, at=NINE)

    return try_out


def test_a_trial_says_what_would_come_and_what_would_become_of_it(desk, source, tried):
    desk.rows = [ticket("1", 10), ticket("2", "twelve")]
    (trial,) = tried(source)
    assert (trial.code, trial.received, trial.storable) == ("", 2, 1)
    assert [rejected.code for rejected in trial.rejected] == ["invalid_value"]
    assert trial.first[0] == ticket("1", 10)


def test_a_trial_stores_nothing_and_moves_nothing(desk, source, tried):
    desk.rows = [ticket("1", 10), ticket("2", "twelve")]
    tried(source)
    assert not Measurement.objects.exists()
    assert not Batch.objects.exists()
    assert not Pull.objects.exists()
    assert Feed.objects.get().until is None


def test_a_source_out_of_reach_is_asked_once_and_said_for_each_feed(desk, source, tried):
    FeedFactory(source=source, kpi=KpiFactory(), points="tickets", fields={"at": "closed", "value": "minutes"})
    desk.pages = [httpx.ConnectError("refused")] * 2
    trials = tried(source)
    assert [trial.code for trial in trials] == ["outbound_unreachable"] * 2
    assert len(desk.requests) == 1


def test_one_feed_that_fails_does_not_hide_what_the_others_bring(desk, source, tried):
    FeedFactory(source=source, kpi=KpiFactory(), points="nothing", fields={"at": "closed", "value": "minutes"})
    desk.rows = [ticket("1")]
    assert [(trial.code, trial.received) for trial in tried(source)] == [("", 1), ("rows_missing", 0)]


def test_a_trial_of_a_query_asks_for_a_whole_step_at_least(desk, tried):
    source = DataSourceFactory(address="https://desk.example")
    FeedFactory(source=source)
    tried(source)
    assert len(desk.requests) == 1


def test_what_pushes_has_no_trial(tried):
    assert tried(DataSourceFactory(kind="push", address="", every=None, overlap=None)) == []
