"""Interval values over HTTP: by label, and how far each can be relied on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kpis.rollups import rolling
from tests.db.rollups.conftest import arrive
from tests.factories import AnnotationFactory, InitiativeFactory, KpiFactory, OrganisationFactory, SeriesFactory

__all__ = ["arrive"]

MARCH = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
URL = "/api/v1/kpis/support.time/intervals/"


@pytest.fixture
def kpi():
    OrganisationFactory(zone="UTC")
    return KpiFactory(initiative=InitiativeFactory(slug="support"), slug="time")


@pytest.fixture
def fed(kpi, arrive):
    def fed(points, **labels: str):
        arrive(SeriesFactory(kpi=kpi, labels=labels), points)
        rolling.roll_up_arrivals(at_most=100)

    return fed


def codes(answer) -> list[str]:
    return [error["code"] for error in answer.json()["errors"]]


def test_a_group_by_gives_the_value_of_each_label_value_and_of_what_has_none(api, fed):
    fed([(MARCH, 1.0), (MARCH + DAY, 3.0)], team="north", tier="1")
    fed([(MARCH, 3.0)], team="north", tier="2")
    fed([(MARCH, 10.0)], team="south", tier="1")
    fed([(MARCH, 7.0)])

    answer = api.get(URL, {"group_by": "team"}).json()

    assert answer["group_by"] == "team"
    assert [(one["group"], one["start"][:10], one["value"], one["count"]) for one in answer["results"]] == [
        ("north", "2026-03-02", 2.0, 2),
        ("north", "2026-03-03", 3.0, 1),
        ("south", "2026-03-02", 10.0, 1),
        (None, "2026-03-02", 7.0, 1),
    ]
    filtered = api.get(URL, {"group_by": "team", "label.tier": "1"}).json()["results"]
    assert [(one["group"], one["value"]) for one in filtered] == [("north", 1.0), ("north", 3.0), ("south", 10.0)]
    hours = api.get(URL, {"group_by": "tier", "interval": "hour", "to": "2026-03-03"}).json()["results"]
    assert [(one["group"], one["value"]) for one in hours] == [("1", 5.5), ("2", 3.0), (None, 7.0)]


def test_a_group_by_that_is_no_label_name_is_refused(api, kpi):
    assert codes(api.get(URL, {"group_by": ""})) == ["invalid_labels"]
    assert codes(api.get(URL, {"group_by": "x" * 65})) == ["invalid_labels"]
    assert codes(api.get(URL, {"group_by": "a\x00b"})) == ["invalid_labels"]
    assert api.get(URL, {"group_by": "nobody-has-it"}).json()["results"] == []


def test_complete_provisional_incomplete_and_gap_are_told_apart(api, kpi, fed, at):
    fed([(MARCH, 1.0), (MARCH + DAY, 1.0), (MARCH + 4 * DAY, 1.0)])
    AnnotationFactory(initiative=kpi.initiative, kind="outage", on=MARCH.date() + 2 * DAY, text="Gateway down")

    def told(now: datetime) -> dict[str, tuple[str, bool, bool]]:
        with at(now):
            results = api.get(URL).json()["results"]
        return {one["start"][8:10]: (one["state"], one["complete"], one["provisional"]) for one in results}

    midday = MARCH + 4 * DAY + timedelta(hours=3)
    complete, provisional = ("complete", True, False), ("provisional", False, True)
    assert told(midday) == {"02": complete, "03": complete, "06": provisional}
    assert told(midday + DAY) == {"02": complete, "03": complete, "06": provisional}  # its data may still come
    assert told(midday + 2 * DAY) == {"02": complete, "03": complete, "06": ("incomplete", True, False)}
    with at(midday):
        gaps = api.get(URL, {"gaps": "true"}).json()["gaps"]
    assert [(gap["start"][:10], gap["explanation"]) for gap in gaps] == [
        ("2026-03-04", "Gateway down"),
        ("2026-03-05", None),
    ]
    assert "gaps" not in api.get(URL).json()
