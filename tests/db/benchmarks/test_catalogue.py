from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from kpis.access.models import AuditEvent
from kpis.benchmarks.catalogue import CATALOGUE, CatalogueUnsound, Loaded, load
from kpis.benchmarks.models import Benchmark
from tests.factories import BenchmarkFactory

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def document():
    return json.loads(CATALOGUE.read_text(encoding="utf-8"))


@pytest.fixture
def of(tmp_path):
    """`of(document)`: a file with it."""

    def of(document):
        path = tmp_path / "catalog.json"
        path.write_text(json.dumps(document))
        return path

    return of


def test_the_catalogue_is_loaded_whole(document):
    assert load(at=AT) == Loaded(new=len(document["entries"]), changed=0, retired=0)
    assert Benchmark.objects.count() == len(document["entries"])
    assert AuditEvent.objects.get(what="catalogue.loaded").details["new"] == len(document["entries"])


def test_loaded_again_nothing_changes_and_nothing_is_written(document):
    load(at=AT)
    before = list(Benchmark.objects.order_by("pk").values())
    assert load(at=AT) == Loaded(0, 0, 0)
    assert list(Benchmark.objects.order_by("pk").values()) == before
    assert AuditEvent.objects.filter(what="catalogue.loaded").count() == 1


def test_an_entry_that_changed_is_changed_in_its_row(document, of):
    load(at=AT)
    pk = Benchmark.objects.get(slug="blr-issues-per-hour").pk
    document["entries"][0]["statistic"]["value"] = 14
    assert load(at=AT, path=of(document)) == Loaded(new=0, changed=1, retired=0)
    assert Benchmark.objects.get(pk=pk).entry["statistic"]["value"] == 0.14


def test_an_entry_that_the_file_does_not_have_any_more_is_retired(document, of):
    load(at=AT)
    gone = document["entries"].pop()
    assert load(at=AT, path=of(document)) == Loaded(new=0, changed=0, retired=1)
    assert not Benchmark.objects.filter(slug=gone["id"]).exists()


def test_figures_of_the_house_stay_also_under_a_name_that_the_catalogue_takes_later(document, of):
    BenchmarkFactory(slug="our-own-count", is_catalogue=False)
    taken = BenchmarkFactory(slug=document["entries"][0]["id"], is_catalogue=False, metric="ours")
    load(at=AT)
    load(at=AT, path=of(document | {"entries": document["entries"][5:]}))
    taken.refresh_from_db()
    assert taken.metric == "ours"
    assert Benchmark.objects.filter(is_catalogue=False).count() == 2


def test_of_a_file_that_breaks_a_rule_nothing_is_loaded(document, of):
    document["entries"][7]["position_method"] = "percentile"
    with pytest.raises(CatalogueUnsound) as refused:
        load(at=AT, path=of(document))
    assert [(p.entry, p.code) for p in refused.value.problems] == [(document["entries"][7]["id"], "claims_more")]
    assert not Benchmark.objects.exists()
