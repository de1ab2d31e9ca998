from __future__ import annotations

from datetime import UTC, datetime

import pytest
from openapi_schema_validator import OAS31Validator

from kpis.access.models import AuditEvent
from kpis.api.benchmark_bodies import BenchmarkBody
from kpis.api.benchmark_forms import STANDINGS
from kpis.benchmarks import catalogue
from kpis.benchmarks.models import Benchmark, Comparison
from tests.factories import (
    BaselineFactory,
    BenchmarkFactory,
    ComparisonFactory,
    ControllerFactory,
    EffectFactory,
    InitiativeFactory,
    KpiFactory,
    ProductOwnerFactory,
)

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
AT_ALL = "/api/v1/benchmarks/"
READ_ONLY = {"position_method", "is_catalogue", "verified", "published_unit"}
OURS = {name: value for name, value in BenchmarkBody.Meta.example.items() if name not in READ_ONLY}


@pytest.fixture
def whole():
    catalogue.load(at=AT)


def refused(answer, status):
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    return [(error["code"], error["attr"]) for error in answer.json()["errors"]]


# -- reading --------------------------------------------------------------------------------------------------------


def test_every_published_figure_is_listed_in_pages(api, whole):
    found = api.get(AT_ALL, {"page_size": 200}).json()
    assert found["count"] == len(found["results"]) == Benchmark.objects.count() > 140


def test_a_figure_has_its_passport_and_shares_are_shares(api, whole):
    found = api.get(f"{AT_ALL}blr-issues-per-hour/").json()
    assert found["statistic"]["value"] == 0.15
    assert (found["unit"], found["evidence_grade"], found["data_year"]) == ("1", "A", "2020-2021")
    assert found["population"]["n"] == 5172
    assert found["source"]["title"] == "Generative AI at Work"
    assert found["review_after"] == "2027-12-31"
    assert found["is_catalogue"] is True


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ({"metric": "ROI_pct"}, lambda b: b["metric"] == "ROI_pct"),
        ({"industry": "healthcare"}, lambda b: b["industry"] == "healthcare"),
        ({"business_function": "finance"}, lambda b: b["business_function"] == "finance"),
        ({"technology": "chatbot"}, lambda b: b["technology"] == "chatbot"),
        ({"evidence_grade": "A"}, lambda b: b["evidence_grade"] == "A"),
        ({"grade": "A"}, lambda b: b["evidence_grade"] == "A"),
        ({"kind": "effect"}, lambda b: b["kind"] == "effect"),
    ],
)
def test_the_list_is_filtered(api, whole, query, holds):
    found = api.get(AT_ALL, query | {"page_size": 200}).json()["results"]
    assert found
    assert all(map(holds, found))
    assert len(found) < Benchmark.objects.count()


def test_a_filter_that_nobody_knows_is_refused(api):
    assert refused(api.get(AT_ALL, {"sector": "x"}), 400) == [("unknown_parameter", "sector")]
    assert api.get(AT_ALL, {"grade": "Z"}).status_code == 400


# -- figures of the house -------------------------------------------------------------------------------------------


def test_a_house_enters_a_figure_reads_back_what_it_sent_and_it_may_say_what_follows(api):
    answer = api.post(AT_ALL, OURS, format="json")
    assert answer.status_code == 201, answer.content
    made = api.get(f"{AT_ALL}{OURS['slug']}/").json()
    assert made == answer.json()
    assert made["statistic"]["quantiles"] == OURS["statistic"]["quantiles"]
    assert {name: made[name] for name in ("metric", "unit", "industry", "caveats")} == {
        name: OURS[name] for name in ("metric", "unit", "industry", "caveats")
    }
    assert (made["position_method"], made["is_catalogue"]) == ("percentile", False)
    assert AuditEvent.objects.filter(what="benchmark.created").exists()


def test_a_figure_of_the_house_is_changed_in_parts_and_deleted(api):
    api.post(AT_ALL, OURS, format="json")
    where = f"{AT_ALL}{OURS['slug']}/"
    changed = api.patch(where, {"population": {"n": 50}, "caveats": "Members only."}, format="json")
    assert changed.status_code == 200, changed.content
    assert changed.json()["population"] == {"description": "Service centres", "n": 50, "n_unit": "centres"}
    assert changed.json()["source"]["title"] == OURS["source"]["title"]
    assert api.delete(where).status_code == 204
    assert api.get(where).status_code == 404


def test_what_comes_with_the_catalogue_is_only_read(api, whole):
    where = f"{AT_ALL}blr-issues-per-hour/"
    assert refused(api.patch(where, {"caveats": "none"}, format="json"), 409) == [("catalogue_is_read_only", None)]
    assert refused(api.delete(where), 409) == [("catalogue_is_read_only", None)]
    assert Benchmark.objects.get(slug="blr-issues-per-hour").entry["caveats"] != "none"


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"evidence_grade": "A"}, ("needs_review", "evidence_grade")),
        ({"unit": "furlong"}, ("unknown_unit", "unit")),
        ({"metric": "two words"}, ("invalid_metric", "metric")),
        ({"statistic": {"type": "mean"}}, ("no_value", "statistic")),
        ({"statistic": {"type": "range", "low": 3, "high": 1}}, ("not_in_order", "statistic.low")),
        ({"statistic": {"type": "mean_sd", "value": 3, "sd": 0}}, ("out_of_range", "statistic.sd")),
        ({"statistic": {"type": "population_share", "value": 20}}, ("not_a_share", "statistic")),
        ({"statistic": {"type": "mean", "value": "15"}}, ("not_a_number", "statistic.value")),
        ({"statistic": {"type": "quantiles", "quantiles": [{"p": 0.5, "value": 2}, {"p": 0.4, "value": 3}]}},
         ("not_in_order", "statistic.quantiles")),
        ({"source": OURS["source"] | {"url": "javascript:alert(1)"}}, ("invalid_url", "source.url")),
        ({"kind": "opinion"}, ("invalid_choice", "kind")),
        ({"sector": "x"}, ("unknown_member", "sector")),
        ({"position_method": "percentile"}, None),
    ],
)  # fmt: skip
def test_a_figure_that_breaks_a_rule_is_refused_and_the_member_named(api, members, error):
    answer = api.post(AT_ALL, OURS | members, format="json")
    if error is None:  # what follows from the statistic is not the sender's to say
        assert answer.status_code == 201
        return
    assert error in refused(answer, 400)
    assert not Benchmark.objects.exists()


def test_a_slug_stands_once_and_stays(api, whole):
    assert refused(api.post(AT_ALL, OURS | {"slug": "blr-issues-per-hour"}, format="json"), 400)[0][1] == "slug"
    api.post(AT_ALL, OURS, format="json")
    answer = api.patch(f"{AT_ALL}{OURS['slug']}/", {"slug": "other"}, format="json")
    assert refused(answer, 409) == [("slug_is_fixed", "slug")]


def test_only_who_may_enters_figures(client_of, client_with):
    assert client_of(ControllerFactory()).post(AT_ALL, OURS, format="json").status_code == 201
    other = OURS | {"slug": "another"}
    assert client_of(ProductOwnerFactory()).post(AT_ALL, other, format="json").status_code == 403
    assert client_with("read").post(AT_ALL, other, format="json").status_code == 403


# -- which metric a KPI is compared with ----------------------------------------------------------------------------


@pytest.fixture
def kpi():
    return KpiFactory(initiative=InitiativeFactory(slug="support"), slug="time")


CHOSEN = "/api/v1/kpis/support.time/comparisons/"


def test_a_person_chooses_the_metric_changes_the_factor_and_takes_it_away(api, kpi, whole):
    sent = {"metric": "issues_resolved_per_hour_change_pct", "reading": "rate_change"}
    answer = api.post(CHOSEN, sent, format="json")
    assert answer.status_code == 201, answer.content
    assert answer.json() == sent | {"factor": 1.0}
    assert api.get(CHOSEN).json()["results"] == [sent | {"factor": 1.0}]
    where = f"{CHOSEN}{sent['metric']}/"
    assert api.patch(where, {"factor": 0.5}, format="json").json()["factor"] == 0.5
    assert api.delete(where).status_code == 204
    assert not Comparison.objects.exists()


@pytest.mark.parametrize(
    ("members", "status", "error"),
    [
        ({"metric": "two words"}, 400, ("invalid_metric", "metric")),
        ({"reading": "guess"}, 400, ("invalid_choice", "reading")),
        ({"factor": 0}, 400, ("number_out_of_range", "factor")),
        ({"factor": -1}, 400, ("number_out_of_range", "factor")),
        ({"metric": "first_contact_resolution"}, 409, ("kinds_differ", "reading")),
    ],
)
def test_a_comparison_that_makes_no_sense_is_refused(api, kpi, whole, members, status, error):
    sent = {"metric": "task_time_change_pct", "reading": "change"} | members
    assert refused(api.post(CHOSEN, sent, format="json"), status) == [error]


def test_a_metric_is_chosen_once_for_a_kpi(api, kpi):
    sent = {"metric": "task_time_change_pct", "reading": "change"}
    api.post(CHOSEN, sent, format="json")
    assert refused(api.post(CHOSEN, sent, format="json"), 400) == [("comparison_once_per_metric", "metric")]


# -- where a KPI stands ---------------------------------------------------------------------------------------------

STANDS = "/api/v1/kpis/support.time/benchmarks/"


def test_a_kpi_stands_beside_each_figure_of_its_metric(api, kpi):
    BenchmarkFactory(slug="study")
    ComparisonFactory(kpi=kpi)
    EffectFactory(kpi=kpi, improvement=0.159, improvement_low=0.148, improvement_high=0.17,
                  baseline=BaselineFactory(kpi=kpi, approved=True))  # fmt: skip
    found = api.get(STANDS).json()
    OAS31Validator(STANDINGS).validate(found)
    (one,) = found["results"]
    assert one["benchmark"] == "study"
    assert one["value"] == pytest.approx(1 / (1 - 0.159) - 1)
    assert (one["low"], one["high"]) == (pytest.approx(1 / (1 - 0.148) - 1), pytest.approx(1 / (1 - 0.17) - 1))
    assert (one["position"], one["percentile"], one["exactness"]) == ("above", None, "none")
    assert one["published"] == 0.15
    assert {"industry", "derived"} <= {mismatch["code"] for mismatch in one["mismatches"]}
    assert one["reasons"].keys() == {"percentile", "bounds"}


def test_without_a_chosen_metric_it_says_so(api, kpi):
    found = api.get(STANDS).json()
    OAS31Validator(STANDINGS).validate(found)
    assert found["results"] == []
    assert "results" in found["reasons"]


def test_a_metric_without_a_figure_says_how_many_were_searched(api, kpi):
    BenchmarkFactory(metric="another")
    ComparisonFactory(kpi=kpi, metric="scrap_rate", reading="level")
    assert api.get(STANDS).json()["reasons"] == {"scrap_rate": "No published figure matches; 1 was searched."}


def test_too_early_names_every_null_and_ranks_nobody(api, kpi):
    BenchmarkFactory(slug="study")
    ComparisonFactory(kpi=kpi)
    found = api.get(STANDS).json()
    OAS31Validator(STANDINGS).validate(found)
    (one,) = found["results"]
    assert (one["value"], one["position"]) == (None, None)
    assert {name for name, value in one.items() if value is None} == one["reasons"].keys()


def test_of_a_kpi_out_of_sight_nothing_is_told(client_with, kpi):
    stranger = client_with("read", initiatives=[InitiativeFactory()])
    assert stranger.get(STANDS).status_code == 404
    assert stranger.get(CHOSEN).status_code == 404
    assert stranger.post(CHOSEN, {}, format="json").status_code in (403, 404)
    assert refused(client_with("read").get(STANDS, {"as-of": "x"}), 400) == [("unknown_parameter", "as-of")]
