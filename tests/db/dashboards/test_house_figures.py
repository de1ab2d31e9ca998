"""Figures that the house enters itself: the same rules as in the catalogue, what is wrong beside its field."""

from __future__ import annotations

from datetime import UTC, datetime
from html import unescape

import pytest
from django.test import Client
from django.utils import translation

from kpis.access.models import AuditEvent
from kpis.benchmarks.models import Benchmark
from tests.factories import BenchmarkFactory, ControllerFactory, OrganisationFactory, UserFactory

NOW = datetime(2026, 4, 20, 9, tzinfo=UTC)
FIGURE = {
    "metric": "first_contact_resolution", "definition": "Share of contacts solved at first contact", "kind": "level",
    "direction": "increase", "unit": "1", "statistic": "quantiles", "quantiles": "0.25: 0.61; 0.75: 0.74",
    "industry": "manufacturing", "business_function": "all", "technology": "process_level", "region": "Germany",
    "population": "Service centres", "n": "41", "method": "survey", "evidence_grade": "B", "verification": "primary",
    "data_year": "2026", "review_after": "2032-12-31", "title": "Service figures 2026", "authors": "Association",
    "publisher": "Association", "year": "2026", "url": "", "caveats": "", "value": "", "low": "", "high": "", "sd": "",
}  # fmt: skip


@pytest.fixture(autouse=True)
def house(at):
    OrganisationFactory(zone="UTC")
    with at(NOW):
        yield


@pytest.fixture
def controller():
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(ControllerFactory())
    return client


def text_of(answer):
    return unescape(answer.content.decode())


def test_a_figure_is_entered_shown_changed_and_deleted(controller):
    assert "/benchmarks/new/" in text_of(controller.get("/benchmarks/"))
    answer = controller.post("/benchmarks/new/", FIGURE)
    assert (answer.status_code, answer["Location"]) == (302, "/benchmarks/service-figures-2026/")
    row = Benchmark.objects.get()
    assert (row.is_catalogue, row.entry["position_method"], row.entry["population"]["n"]) == (False, "percentile", 41)
    page = text_of(controller.get("/benchmarks/service-figures-2026/"))
    assert "of the house" in page
    assert "/benchmarks/service-figures-2026/change/" in page

    form = text_of(controller.get("/benchmarks/service-figures-2026/change/"))
    assert 'value="0.25: 0.61; 0.75: 0.74"' in form
    controller.post("/benchmarks/service-figures-2026/change/", FIGURE | {"quantiles": "0.5: 0.7", "n": ""})
    row.refresh_from_db()
    assert (row.entry["position_method"], row.entry["population"]["n"]) == ("bound", None)

    assert controller.post("/benchmarks/service-figures-2026/delete/").status_code == 302
    assert not Benchmark.objects.exists()
    trail = AuditEvent.objects.filter(what__startswith="benchmark.").values_list("what", flat=True)
    assert set(trail) == {"benchmark.created", "benchmark.changed", "benchmark.deleted"}


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"quantiles": "often"}, "quantiles", "Share and value with a colon"),
        ({"quantiles": "0.75: 0.61; 0.25: 0.74"}, "quantiles", "shares rise"),
        ({"quantiles": "0.5: nan"}, "quantiles", "finite value"),
        ({"statistic": "mean", "quantiles": "", "low": "1", "high": "2"}, "value", "needs this number"),
        ({"statistic": "range", "quantiles": "", "low": "5", "high": "4"}, "low", "the lower one first"),
        ({"evidence_grade": "A"}, "evidence_grade", "review by peers"),
        ({"url": "javascript:alert(1)"}, "url", "https://"),
        ({"metric": "a b"}, "metric", "digits and underscores"),
        ({"statistic": "mean", "quantiles": ""}, "statistic", "needs a value"),
        ({"unit": "furlongs"}, "unit", ""),
        ({"review_after": "someday"}, "review_after", ""),
        ({"title": ""}, "title", "required"),
    ],
)
def test_what_breaks_a_rule_is_said_beside_its_field(controller, change, field, said):
    answer = controller.post("/benchmarks/new/", FIGURE | change)
    assert answer.status_code == 200
    errors = answer.context["form"].errors
    assert said in " ".join(errors[field])
    assert not Benchmark.objects.exists()


def test_a_figure_that_is_old_by_its_day_is_marked_and_one_of_the_catalogue_is_only_read(controller):
    controller.post("/benchmarks/new/", FIGURE | {"review_after": "2026-04-19"})
    assert "old benchmark" in text_of(controller.get("/benchmarks/service-figures-2026/"))
    BenchmarkFactory(slug="of-the-catalogue", is_catalogue=True)
    assert "/change/" not in text_of(controller.get("/benchmarks/of-the-catalogue/"))
    assert controller.get("/benchmarks/of-the-catalogue/change/").status_code == 404
    assert controller.post("/benchmarks/of-the-catalogue/delete/").status_code == 404


def test_the_same_source_twice_gets_another_address_and_new_is_no_address(controller):
    for _ in range(2):
        controller.post("/benchmarks/new/", FIGURE)
    controller.post("/benchmarks/new/", FIGURE | {"title": "New"})
    slugs = set(Benchmark.objects.values_list("slug", flat=True))
    assert slugs == {"service-figures-2026", "service-figures-2026-2026", "new-2026"}


def test_who_may_not_is_offered_nothing(controller):
    controller.post("/benchmarks/new/", FIGURE)
    reader = Client(HTTP_ACCEPT_LANGUAGE="en")
    reader.force_login(UserFactory())
    assert "/benchmarks/new/" not in text_of(reader.get("/benchmarks/"))
    for address in ("new/", "service-figures-2026/change/"):
        assert reader.get(f"/benchmarks/{address}").status_code == 403
    assert reader.post("/benchmarks/service-figures-2026/delete/").status_code == 403


def test_it_asks_in_german():
    client = Client(HTTP_ACCEPT_LANGUAGE="de")
    client.force_login(ControllerFactory(language="de"))
    with translation.override("en"):  # what the request leaves behind in this thread
        assert "Titel der Quelle" in text_of(client.get("/benchmarks/new/"))
