"""The page of a source that pushes: who may do what, and what is said when it cannot be done."""

from __future__ import annotations

from html import unescape

import pytest

from kpis.access.models import User
from kpis.dashboards import sources
from kpis.sources.models import DataSource, MappingRule
from tests.db.dashboards.conftest import signed_in
from tests.db.sources.test_receiving import metric, send
from tests.factories import DataSourceFactory, InitiativeFactory, KpiFactory, MappingRuleFactory

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def source():
    return DataSourceFactory(slug="cluster", kind="push", address="", every=None, overlap=None)


@pytest.fixture
def kpi():
    return KpiFactory(slug="requests", initiative__slug="support", name="Requests")


def text_of(response):
    assert response.status_code == 200
    return unescape(response.content.decode())


def test_before_anything_came_the_page_says_how_to_send(engineer, source):
    page = text_of(engineer.get("/sources/cluster/"))
    assert "prometheus/write?source=cluster" in page
    assert "No series has come yet." in page


def test_what_feeds_nothing_is_listed_by_name_with_a_kpi_to_choose(engineer, source, kpi):
    send(source, *[(metric(pod=pod), [(0, 3)]) for pod in "xyz"])
    page = text_of(engineer.get("/sources/cluster/"))
    assert "Series have come, and none of them has fed a KPI yet" in page
    assert "queue_length" in page
    assert 'value="support.requests"' in page
    response = engineer.post("/sources/cluster/map/", {"name": "queue_length", "kpi": kpi.key}, follow=True)
    assert "queue_length feeds Requests from now on" in text_of(response)
    assert MappingRule.objects.get().matchers == [{"label": "__name__", "op": "=", "value": "queue_length"}]
    assert "Every series that has come is mapped." in text_of(response)


def test_nothing_of_a_sender_is_markup(engineer, source, kpi):
    send(source, (metric(HOSTILE, team=HOSTILE), [(0, 3)]))
    assert HOSTILE not in engineer.get("/sources/cluster/").content.decode()


def test_with_many_kpis_they_are_written_once_and_a_page_stays_small(engineer, source, kpi, monkeypatch):
    monkeypatch.setattr(sources, "CHOICES_A_ROW", 0)
    send(source, *[(metric(f"m{n}"), [(0, 3)]) for n in range(60)])
    page = text_of(engineer.get("/sources/cluster/"))
    assert page.count(f'value="{kpi.key}"') == 1
    assert page.count('list="kpis"') == 50
    assert "More names are not shown here" in page


def test_a_source_of_one_initiative_offers_its_kpis_alone(engineer, kpi):
    own = DataSourceFactory(
        slug="own", kind="push", address="", every=None, overlap=None, initiative=InitiativeFactory()
    )
    send(own, (metric(), [(0, 3)]))
    assert kpi.key not in text_of(engineer.get("/sources/own/"))
    assert engineer.post("/sources/own/map/", {"name": "queue_length", "kpi": kpi.key}).status_code == 404


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"series": "queue_length{"}, "Write it as name"),
        ({"series": 'queue_length{a=~"("}'}, "no regular expression"),
        ({"rename_labels": "a"}, "Write each as old=new."),
        ({"rename_labels": "a=x,b=x"}, "same name"),
        ({"factor": "many"}, "Enter a number"),
        ({"factor": "1e400"}, "Enter a number"),
        ({"kpi": "support.nothing"}, "Select a valid choice"),
        ({"keep_labels": ",".join("abcdefghijklmnopqrs")}, "at most 16 labels"),
    ],
)
def test_what_is_wrong_with_a_rule_stands_in_its_form(engineer, source, kpi, changes, said):
    whole = {"series": "queue_length", "kpi": kpi.key, "kind": "gauge", "factor": "1"}
    assert said in text_of(engineer.post("/sources/cluster/rules/new/", whole | changes))
    assert not MappingRule.objects.exists()


def test_what_is_wrong_is_said_in_the_readers_language(source, kpi):
    german = signed_in(language="de")
    whole = {"series": 'queue_length{a=~"("}', "kpi": kpi.key, "kind": "gauge", "factor": "1"}
    page = text_of(german.post("/sources/cluster/rules/new/", whole, headers={"Accept-Language": "de"}))
    assert "kein regulärer Ausdruck" in page


def test_a_rule_is_made_and_changed_as_the_form_says(engineer, source, kpi):
    given = {"series": 'queue_length{team!="x"}', "kpi": kpi.key, "kind": "gauge", "factor": "0.5"}
    given |= {"keep_labels": "team, zone", "rename_labels": "zone=site"}
    assert engineer.post("/sources/cluster/rules/new/", given).status_code == 302
    rule = MappingRule.objects.get()
    assert (rule.factor, rule.keep_labels, rule.rename_labels) == (0.5, ["team", "zone"], {"zone": "site"})
    page = text_of(engineer.get(f"/sources/cluster/rules/{rule.pk}/"))
    assert "team, zone" in page
    assert "zone=site" in page
    engineer.post(f"/sources/cluster/rules/{rule.pk}/", given | {"kind": "counter"})
    assert MappingRule.objects.get().kind == "counter"


def test_who_may_not_change_sources_sees_the_rules_and_no_buttons(source, kpi):
    rule = MappingRuleFactory(source=source, kpi=kpi)
    viewer = signed_in(role=User.Role.VIEWER)
    page = text_of(viewer.get("/sources/cluster/"))
    assert "queue_length" in page
    assert "/rules/" not in page
    for path in ("rules/new/", f"rules/{rule.pk}/"):
        assert viewer.get(f"/sources/cluster/{path}").status_code == 403
    for path in ("map/", f"rules/{rule.pk}/delete/", f"rules/{rule.pk}/raise/"):
        assert viewer.post(f"/sources/cluster/{path}").status_code == 403
    assert viewer.get("/sources/new/").status_code == 403
    assert MappingRule.objects.count() == 1


def test_who_does_not_see_the_source_finds_none(source, kpi):
    limited = signed_in(initiatives=[InitiativeFactory()], limited=True)
    assert limited.get("/sources/cluster/rules/new/").status_code == 404
    assert limited.post("/sources/cluster/map/").status_code == 404


def test_a_limited_engineer_names_an_initiative_for_a_new_source():
    initiative = InitiativeFactory()
    limited = signed_in(initiatives=[initiative], limited=True)
    assert "This field is required" in text_of(limited.post("/sources/new/", {"name": "Desk"}))
    assert limited.post("/sources/new/", {"name": "New", "initiative": initiative.slug}).status_code == 302
    source = DataSource.objects.get()
    assert (source.slug, source.kind, source.initiative) == ("new-2", "push", initiative)
