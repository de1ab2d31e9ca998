from __future__ import annotations

from datetime import timedelta

import pytest

from kpis.access.models import User
from kpis.sources import health
from tests.db.sources.conftest import NINE, ticket
from tests.factories import DataSourceFactory, InitiativeFactory, PullFactory, UserFactory

MINUTE = timedelta(minutes=1)


def state(source, now=NINE):
    return health.health_of(source, now=now).state


def test_a_source_from_which_nothing_has_come_yet_waits():
    assert state(DataSourceFactory()) == "waiting"


def test_a_source_with_fresh_data_flows():
    source = DataSourceFactory(last_data_at=NINE - MINUTE)
    PullFactory(source=source, due_at=NINE - MINUTE)
    assert state(source) == "flowing"


def test_a_source_is_silent_when_its_newest_point_is_older_than_stated():
    source = DataSourceFactory(last_data_at=NINE - timedelta(hours=5), stale_after=timedelta(hours=4))
    PullFactory(source=source, due_at=NINE - MINUTE)
    found = health.health_of(source, now=NINE)
    assert (found.state, found.since) == ("silent", source.last_data_at)


def test_unless_stated_a_source_is_silent_after_three_missed_rhythms_and_an_hour():
    source = DataSourceFactory(every=timedelta(hours=1), last_data_at=NINE)
    assert state(source, NINE + timedelta(hours=4)) == "flowing"
    assert state(source, NINE + timedelta(hours=4, seconds=1)) == "silent"


def test_what_pushes_is_silent_after_a_day():
    source = DataSourceFactory(kind="push", address="", every=None, overlap=None, last_data_at=NINE)
    assert state(source, NINE + timedelta(days=1)) == "flowing"
    assert state(source, NINE + timedelta(days=1, seconds=1)) == "silent"


def test_a_failed_last_run_says_since_when_it_has_failed():
    source = DataSourceFactory(last_data_at=NINE)
    PullFactory(source=source, due_at=NINE)
    for n in (1, 2, 3):
        PullFactory(source=source, due_at=NINE + n * MINUTE, state="failed", error_code="query_wrong")
    found = health.health_of(source, now=NINE + 5 * MINUTE)
    assert (found.state, found.since) == ("failing", NINE + MINUTE)


def test_a_last_run_in_parts_is_said_as_such():
    source = DataSourceFactory(last_data_at=NINE)
    PullFactory(source=source, due_at=NINE, state="partial")
    assert state(source) == "partial"


def test_a_source_that_is_switched_off_is_paused_whatever_its_runs_say():
    source = DataSourceFactory(enabled=False)
    PullFactory(source=source, state="failed", error_code="x")
    assert state(source) == "paused"


def test_a_run_under_way_does_not_hide_how_the_last_one_ended():
    source = DataSourceFactory(last_data_at=NINE)
    PullFactory(source=source, due_at=NINE, state="failed", error_code="x")
    PullFactory(source=source, due_at=NINE + MINUTE, state="running")
    assert state(source) == "failing"


def test_rejected_points_are_told_with_the_reason_and_as_they_were_sent(desk, source, pulled):
    desk.rows = [ticket("1"), ticket("2", "twelve"), ticket("3", closed="never"), ticket("4", "x")]
    pulled(source)
    rejections = list(health.rejections_of(source))
    assert [rejection.code for rejection in rejections] == ["invalid_value", "invalid_time", "invalid_value"]
    assert health.rejections_by_code(source, since=NINE) == {"invalid_value": 2, "invalid_time": 1}
    assert '"twelve"' in rejections[-1].point


def test_many_sources_cost_no_more_queries_than_one(django_assert_num_queries):
    sources = [DataSourceFactory(last_data_at=NINE if n % 2 else None) for n in range(6)]
    for source in sources:
        PullFactory(source=source, state="failed", error_code="x")
    with django_assert_num_queries(3):
        assert len(health.health_of_all(sources, now=NINE)) == 6


@pytest.fixture
def three_sources():
    ours, theirs = InitiativeFactory(), InitiativeFactory()
    sources = {
        "ours": DataSourceFactory(slug="ours", initiative=ours),
        "theirs": DataSourceFactory(slug="theirs", initiative=theirs),
        "all": DataSourceFactory(slug="all", initiative=None),
    }
    return ours, sources


def slugs(actor):
    return {source.slug for source in health.sources_seen_by(actor)}


def test_who_sees_chosen_initiatives_sees_their_sources_only(three_sources):
    ours, _ = three_sources
    user = UserFactory(role=User.Role.ENGINEER)
    user.initiatives.add(ours)
    assert slugs(user) == {"ours"}


def test_who_sees_everything_sees_also_the_sources_of_no_initiative(three_sources):
    assert slugs(UserFactory(role=User.Role.ENGINEER)) == {"ours", "theirs", "all"}


def test_nobody_and_the_disabled_see_none(three_sources):
    assert slugs(None) == slugs(UserFactory(is_active=False)) == set()
