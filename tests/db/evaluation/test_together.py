"""Verdicts side by side on the page of an initiative."""

from __future__ import annotations

from datetime import UTC, datetime

from django.test import Client

from kpis.evaluation.overview import overviews_of
from kpis.evaluation.together import may_be_chance
from tests.factories import EffectFactory, InitiativeFactory, KpiFactory, UserFactory

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def judged(p_values, **more):
    """An initiative with a KPI for each p-value, changed where it is below 0.05."""
    initiative = InitiativeFactory()
    kpis = [KpiFactory(initiative=initiative, name=f"KPI number {n}", **more) for n in range(len(p_values))]
    for kpi, p in zip(kpis, p_values, strict=True):
        verdict = "no_clear_change" if p is None or p >= 0.05 else "improved"
        EffectFactory(kpi=kpi, verdict=verdict, details={} if p is None else {"p_value": p}, counterfactual={})
    return kpis


def chance(kpis):
    found = may_be_chance(overviews_of(kpis, now=NOW))
    return [kpi.pk in found for kpi in kpis]


def test_one_improvement_among_many_kpis_that_did_not_change_may_be_chance(db):
    assert chance(judged([0.03, 0.4, 0.5, 0.6, 0.7, 0.8, None])) == [True] + [False] * 6


def test_the_same_improvement_beside_other_clear_ones_stands(db):
    assert not any(chance(judged([0.03, 0.001, 0.002, 0.003, 0.7, 0.8])))


def test_an_improvement_that_is_alone_stands_and_volumes_do_not_count(db):
    assert chance(judged([0.03])) == [False]
    kpis = judged([0.03]) + judged([0.5, 0.6, 0.7, 0.8], is_context=True)
    assert not any(chance(kpis))


def test_the_page_of_the_initiative_says_which_one_may_be_chance(db):
    kpis = judged([0.03, 0.4, 0.5, 0.6, 0.7, 0.8])
    client = Client()
    client.force_login(UserFactory())
    rows = client.get(f"/initiatives/{kpis[0].initiative.slug}/").content.decode().split('role="row"')
    said = [row for row in rows if "may be chance beside so many others" in row]
    assert len(said) == 1 and "KPI number 0" in said[0]
