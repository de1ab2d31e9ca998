"""The page of methods: the engine in its own words, and the reader's own figures worked out."""

from __future__ import annotations

from html import unescape

import pytest
from scipy import stats

from kpis.calculations.handbook import chapters
from tests.db.dashboards.conftest import signed_in
from tests.factories import EffectFactory, InitiativeFactory, KpiFactory


def text_of(client, language="en"):
    response = client.get("/methods/", headers={"accept-language": language})
    assert response.status_code == 200
    return unescape(response.content.decode()).replace("\u00a0", " ")


@pytest.fixture
def effect():
    kpi = KpiFactory(initiative=InitiativeFactory(name="Support triage"), name="Handling time")
    return EffectFactory(kpi=kpi, counterfactual={})


def test_every_module_of_the_engine_is_on_the_page_with_its_formulas(engineer):
    text = text_of(engineer)
    for entries in chapters().values():
        for entry in entries:
            assert entry.title in text
            assert all(block.text in text for block in entry.blocks)


def test_the_range_of_an_own_effect_is_worked_out_step_by_step(engineer, effect):
    text = text_of(engineer)
    quantile = stats.t.ppf(0.975, effect.df)
    assert "Handling time" in text
    assert f"<b>{quantile:.3f}</b>" in text
    assert f"<b>{quantile * effect.standard_error:.3f}</b>" in text
    assert "12.5 min" in text and "10.0 min" in text  # without AI, and now


def test_of_an_initiative_without_costs_the_page_says_why_there_is_no_return(engineer, effect):
    assert "There are no costs yet" in text_of(engineer)


def test_before_the_first_range_the_page_says_what_will_stand_there(engineer):
    assert "None of your KPIs has an effect with a range yet" in text_of(engineer)


def test_nobody_sees_the_figures_of_an_initiative_out_of_sight(effect):
    for sight, seen in (([InitiativeFactory()], False), ([effect.kpi.initiative], True)):
        text = text_of(signed_in(initiatives=sight))
        assert ("Handling time" in text) is seen


def test_in_german_the_frame_is_german_and_the_engine_is_marked_as_english(engineer):
    text = text_of(engineer, "de")
    assert "Verfahren" in text and 'class="method" lang="en"' in text


def test_a_proof_leads_to_the_methods(client):
    assert client.get("/methods/").status_code == 302


def test_the_page_takes_as_many_questions_to_the_database_for_ten_kpis_as_for_one(
    engineer, effect, django_assert_max_num_queries
):
    for _ in range(9):
        EffectFactory(kpi=KpiFactory(initiative=effect.kpi.initiative), counterfactual={})
    with django_assert_max_num_queries(25):
        engineer.get("/methods/")
