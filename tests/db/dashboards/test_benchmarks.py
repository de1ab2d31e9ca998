from __future__ import annotations

from datetime import UTC, datetime
from html import unescape

import pytest
from django.test import Client

from kpis.access.models import User
from kpis.benchmarks import catalogue
from kpis.benchmarks.models import Benchmark
from tests.factories import (
    BenchmarkFactory,
    ComparisonFactory,
    EffectFactory,
    InitiativeFactory,
    KpiFactory,
    OrganisationFactory,
    UserFactory,
)

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
HOSTILE = '<script>alert("x")</script>'


@pytest.fixture(autouse=True)
def now(at):
    OrganisationFactory()
    with at(AT):
        yield


@pytest.fixture
def whole():
    catalogue.load(at=AT)


@pytest.fixture
def reader():
    client = Client()
    client.force_login(UserFactory(role=User.Role.VIEWER))
    return client


def text_of(client, path, status=200):
    response = client.get(path)
    assert response.status_code == status, response.content[:300]
    return unescape(response.content.decode()).replace("\u00a0", " ")


def compared(name="Handling time", **effect):
    kpi = KpiFactory(initiative=InitiativeFactory(slug="support"), slug="time", name=name)
    ComparisonFactory(kpi=kpi)
    given = {"improvement": 0.159, "improvement_low": 0.148, "improvement_high": 0.17, "counterfactual": {}} | effect
    EffectFactory(kpi=kpi, **given)
    return kpi


def test_every_published_figure_is_on_the_page_with_population_year_and_grade(reader, whole):
    page = text_of(reader, "/benchmarks/")
    assert page.count('href="/benchmarks/') >= Benchmark.objects.count()
    assert "chat support agents" in page
    assert "n = 5,172" in page
    assert "field study, grade A" in page
    assert "old benchmark" in page


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("metric=first_contact_resolution", "sqm-fcr-average", "blr-issues-per-hour"),
        ("grade=A", "blr-issues-per-hour", "sqm-fcr-average"),
        ("industry=healthcare", "masai-workload", "blr-issues-per-hour"),
        ("business_function=finance", "apqc-monthly-close", "blr-issues-per-hour"),
        ("kind=effect", "blr-issues-per-hour", "sqm-fcr-average"),
    ],
)
def test_the_filters_work_by_the_address_alone(reader, whole, query, there, not_there):
    page = text_of(reader, f"/benchmarks/?{query}")
    assert f"/benchmarks/{there}/" in page
    assert f"/benchmarks/{not_there}/" not in page
    assert " selected" in page


def test_a_filter_that_nothing_has_says_so_and_shows_the_way_back(reader, whole):
    assert "No published figure has these properties." in text_of(reader, "/benchmarks/?metric=nonsense")


def test_without_a_compared_kpi_the_first_step_is_shown(reader, whole):
    page = text_of(reader, "/benchmarks/")
    assert "No KPI is compared yet." in page
    assert "/comparisons/" in page


def test_a_compared_kpi_stands_there_with_its_sentence_and_the_differences(reader, whole):
    compared()
    page = text_of(reader, "/benchmarks/")
    assert "1 KPI stands beside a published figure: 1 ahead" in page
    assert "Above the published effect: +15.0% lies outside your range (+17.4% to +20.5%)." in page
    assert "yours is derived from the time for each" in page


def test_a_passport_has_everything_that_a_sceptic_asks_for(reader, whole):
    compared()
    page = text_of(reader, "/benchmarks/blr-issues-per-hour/")
    for asked in ("Generative AI at Work", "Brynjolfsson", "2020-2021", "n = 5,172", "field study", "peer-reviewed",
                  "read in the source itself", "31 Dec 2027", "GPT-3", "Our KPIs beside it"):  # fmt: skip
        assert asked in page, asked
    assert "Above the published effect" in page


def test_only_an_opened_page_is_a_link_and_it_tells_nobody_where_it_was_clicked(reader, whole):
    assert 'href="https://doi.org/10.1093/qje/qjae044" rel="noopener noreferrer"' in text_of(
        reader, "/benchmarks/blr-issues-per-hour/"
    )
    for figure in Benchmark.objects.all():
        source = figure.entry["source"]
        if source["url_kind"] in ("recalled", "publisher_site") and not source["doi"]:
            page = text_of(reader, f"/benchmarks/{figure.slug}/")
            assert f'href="{source["url"]}"' not in page
            assert "search by the title" in page
            break


def test_a_figure_that_does_not_exist_is_not_found_and_a_visitor_is_asked_to_sign_in(reader):
    text_of(reader, "/benchmarks/nothing/", 404)
    for path in ("/benchmarks/", "/benchmarks/x/"):
        assert Client().get(path).status_code == 302


def test_words_of_others_are_text_and_never_markup(reader):
    kpi = compared(name=HOSTILE)
    texts = dict.fromkeys(("definition", "caveats", "region", "method"), HOSTILE)
    population = {"description": HOSTILE, "n": 5, "n_unit": HOSTILE}
    source = dict.fromkeys(("title", "authors", "publisher"), HOSTILE) | {"year": 2025, "doi": None}
    source |= {"url": "https://x.example/", "url_kind": "read"}
    figure = BenchmarkFactory(members=texts | {"population": population, "source": source})
    for path in ("/benchmarks/", f"/benchmarks/{figure.slug}/", f"/kpis/{kpi.key}/", "/"):
        assert HOSTILE not in reader.get(path).content.decode(), path


def test_a_kpi_out_of_sight_is_not_told_beside_a_figure(whole):
    compared(name="Secret time")
    client = Client()
    user = UserFactory(role=User.Role.VIEWER)
    user.initiatives.add(InitiativeFactory())
    client.force_login(user)
    for path in ("/benchmarks/", "/benchmarks/blr-issues-per-hour/"):
        assert "Secret time" not in text_of(client, path)


# -- the pages of others --------------------------------------------------------------------------------------------


def test_a_kpi_page_shows_the_strip_the_figures_and_their_passports(reader, whole):
    kpi = compared()
    page = text_of(reader, f"/kpis/{kpi.key}/")
    assert "Above the published effect" in page
    assert '<path class="benchmark"' in page
    assert 'href="/benchmarks/blr-issues-per-hour/"' in page
    assert "This is ahead of the published figure." in page


def test_a_kpi_page_without_a_metric_or_a_figure_or_data_says_which(reader, whole):
    kpi = KpiFactory(initiative=InitiativeFactory(slug="support"), slug="time")
    assert "No published metric is chosen for this KPI yet." in text_of(reader, f"/kpis/{kpi.key}/")
    comparison = ComparisonFactory(kpi=kpi, metric="scrap_rate", reading="level")
    assert "No published figure matches" in text_of(reader, f"/kpis/{kpi.key}/")
    comparison.metric, comparison.reading = "first_contact_resolution", "level"
    comparison.save()
    assert "There is no complete interval yet." in text_of(reader, f"/kpis/{kpi.key}/")


def test_the_page_takes_the_same_few_queries_however_many_kpis_are_compared(
    reader, whole, django_assert_max_num_queries
):
    initiative = InitiativeFactory()
    for n in range(15):
        kpi = KpiFactory(initiative=initiative, name=f"KPI {n}")
        ComparisonFactory(kpi=kpi)
        ComparisonFactory(kpi=kpi, metric="customer_satisfaction", reading="level")
        EffectFactory(kpi=kpi, improvement=0.2, improvement_low=0.1, improvement_high=0.3)
    with django_assert_max_num_queries(22):
        reader.get("/benchmarks/")
    with django_assert_max_num_queries(22):
        reader.get("/benchmarks/blr-issues-per-hour/")
