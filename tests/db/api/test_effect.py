from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from django.test import Client
from django.utils import translation
from openapi_schema_validator import OAS31Validator

from kpis.api.effect_form import EFFECT
from kpis.evaluation import effects
from tests.db.evaluation.conftest import DAYS_BEFORE, GO_LIVE, approved, arrive, as_of, house, measured, noise, noon
from tests.factories import InitiativeFactory, KpiFactory, ProductOwnerFactory

__all__ = ["approved", "arrive", "house", "measured"]

LIVE = 40


@pytest.fixture
def kpi():
    return KpiFactory(initiative=InitiativeFactory(slug="support", go_live_on=GO_LIVE), slug="time")


@pytest.fixture
def reader(client_with):
    return client_with("read")


@pytest.fixture(autouse=True)
def today(at):
    with at(as_of(LIVE)):
        yield


def read(client, query: str = "", status: int = 200) -> dict:
    answer = client.get(f"/api/v1/kpis/support.time/effect/{query}")
    assert answer.status_code == status, answer.content
    return answer.json()


def values(size: float):
    found = 14 + noise(DAYS_BEFORE + LIVE, seed=1)
    found[DAYS_BEFORE:] += size
    return found


def test_the_effect_is_told_with_its_interval_method_and_evidence(measured, approved, kpi, reader):
    measured(kpi, values(-3.0))
    approved(kpi)

    answer = read(reader)

    OAS31Validator(EFFECT).validate(answer)
    assert answer["low"] < -3.0 < answer["high"] < 0
    assert (answer["method"], answer["evidence_grade"], answer["verdict"]) == ("ar1", "C", "improved")
    assert answer["improvement"] == pytest.approx(-answer["effect"] / answer["baseline"])
    assert answer["monitoring"]["low"] < answer["low"]
    assert answer["intervals"] == {"before": 82, "after": LIVE - 1}
    assert answer["reasons"] == {
        "control_baseline": "No control group is compared.",
        "control_actual": "No control group is compared.",
    }


def test_each_number_that_does_not_exist_is_null_and_named_with_a_sentence(measured, kpi, reader):
    measured(kpi, values(0))

    answer = read(reader)

    OAS31Validator(EFFECT).validate(answer)
    null = {name for name, value in answer.items() if value is None}
    assert {"baseline", "effect", "improvement", "low", "high", "method", "evidence_grade"} <= null
    assert answer["monitoring"] == {"low": None, "high": None}
    assert answer["reasons"].keys() == null | {"monitoring.low", "monitoring.high", "verdict"}
    assert all(sentence.endswith(".") for sentence in answer["reasons"].values())


def test_a_date_means_the_end_of_that_day_in_the_organisations_zone(measured, approved, kpi, reader):
    measured(kpi, values(-3.0))
    approved(kpi)

    by_date = read(reader, "?as_of=2026-04-20")
    by_time = read(reader, "?as_of=2026-04-20T22:00:00Z")

    assert by_date["intervals"]["after"] == 22
    assert by_date == by_time


def test_of_a_time_ahead_only_what_is_known_now_is_told(measured, approved, kpi, reader):
    measured(kpi, values(-3.0))
    approved(kpi)

    assert read(reader, "?as_of=2031-01-01") == read(reader)


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-02-30", "2026-04-20T22:00:00", "0001-01-01", "9999-12-31", "2026-4-1"]
)
def test_an_as_of_that_is_no_date_and_no_time_with_an_offset_is_refused(kpi, reader, text):
    problem = read(reader, f"?as_of={text}", status=400)

    assert [(error["code"], error["attr"]) for error in problem["errors"]] == [("invalid_time", "as_of")]


def test_a_mistyped_parameter_is_refused(kpi, reader):
    assert read(reader, "?as-of=2026-01-01", status=400)["errors"][0]["code"] == "unknown_parameter"


def test_a_kpi_that_one_may_not_see_does_not_exist(kpi, client_with):
    stranger = client_with("read", initiatives=[InitiativeFactory()])

    assert read(stranger, status=404)["status"] == 404


def test_the_noon_of_the_fixture_lies_in_the_day_that_these_tests_mean():
    assert noon(DAYS_BEFORE) == datetime(2026, 3, 30, 11, tzinfo=UTC)


# -- the checks behind a control group --------------------------------------------------------------------------------

TREATED, CONTROL = {"team": "assistant"}, {"team": "control"}


def compared(measured, approved, kpi, treated, control):
    measured(kpi, treated, TREATED)
    measured(kpi, control, CONTROL)
    approved(kpi, treated=TREATED, control=CONTROL)


def page(path: str, language: str = "en") -> str:
    client = Client(headers={"accept-language": language})
    client.force_login(ProductOwnerFactory(language=language))
    with translation.override("en"):  # what the request leaves behind in this thread
        return client.get(path).content.decode()


def test_the_checks_of_a_control_group_are_told_with_their_intervals(measured, approved, kpi, reader):
    compared(measured, approved, kpi, values(-3.0), 15 + noise(DAYS_BEFORE + LIVE, seed=2))

    answer = read(reader)

    OAS31Validator(EFFECT).validate(answer)
    assert {check["name"]: check["status"] for check in answer["checks"]} == {
        "pre_trend": "ok", "placebo": "ok", "contamination": "ok",
    }  # fmt: skip
    for check in answer["checks"]:
        assert check["low"] < check["value"] < check["high"]
        assert check["message"].endswith(".")
    assert answer["method"] == "did"
    assert "verdict" not in answer["reasons"]


def test_groups_that_moved_apart_before_are_the_reason_beside_the_verdict(measured, approved, kpi, reader):
    drifting = values(-3.0) - 0.05 * np.arange(DAYS_BEFORE + LIVE)
    compared(measured, approved, kpi, drifting, 15 + noise(DAYS_BEFORE + LIVE, seed=2))

    answer = read(reader)

    assert [check["status"] for check in answer["checks"][:2]] == ["differs", "differs"]
    assert answer["verdict"] == "improved"
    assert answer["reasons"]["verdict"] == (
        "Both groups already moved apart before go-live, so the control group may mislead."
    )


def test_the_page_shows_gap_and_checks_in_both_languages(measured, approved, kpi):
    drifting = values(-3.0) - 0.05 * np.arange(DAYS_BEFORE + LIVE)
    compared(measured, approved, kpi, drifting, 15 + noise(DAYS_BEFORE + LIVE, seed=2))
    effects.evaluate_kpis([kpi.pk], now=as_of(LIVE))

    english, german = page("/kpis/support.time/"), page("/kpis/support.time/", "de")

    assert "Before go-live the groups already moved apart: by " in english
    assert "The gap between both groups over time" in english
    assert "Schon vor dem Start liefen die Gruppen auseinander: um " in german


def test_without_a_control_group_there_is_nothing_to_check(measured, approved, kpi, reader):
    measured(kpi, values(-3.0))
    approved(kpi)
    effects.evaluate_kpis([kpi.pk], now=as_of(LIVE))

    assert read(reader)["checks"] == []
    assert "The gap between both groups" not in page("/kpis/support.time/")


def test_groups_that_differ_in_level_are_compared_by_ratio_too(measured, approved, kpi):
    shared = np.exp(noise(DAYS_BEFORE + LIVE, seed=5) / 20)
    treated = 14 * shared + noise(DAYS_BEFORE + LIVE, seed=6, sd=0.2)
    treated[DAYS_BEFORE:] *= 0.8
    compared(measured, approved, kpi, treated, 60 * shared)
    (effect,) = effects.evaluate_kpis([kpi.pk], now=as_of(LIVE))

    assert effect.details["ratio_low"] < 0.8 < effect.details["ratio_high"]
    assert "The groups differ in level; compared by ratio the change is −" in page("/kpis/support.time/")
