"""The catalogue that ships with the product, and what is refused of one that was changed by hand."""

from __future__ import annotations

import copy
import json

import pytest

from kpis.benchmarks.catalogue import CATALOGUE, CatalogueUnsound, problems_of_catalogue, read, row_of
from kpis.benchmarks.published import published
from kpis.benchmarks.rules import method_of, problems_of

DOCUMENT = json.loads(CATALOGUE.read_text(encoding="utf-8"))
ENTRIES = {entry["id"]: entry for entry in DOCUMENT["entries"]}


def changed(name: str, path: str, value: object) -> dict:
    """A copy of the entry in which one member, by its path, is another."""
    entry = copy.deepcopy(ENTRIES[name])
    place = entry
    *parts, last = path.split(".")
    for part in parts:
        place = place[int(part)] if part.isdigit() else place[part]
    if value is KeyError:
        del place[last]
    else:
        place[int(last) if last.isdigit() else last] = value
    return entry


def test_the_whole_catalogue_keeps_the_rules():
    assert len(DOCUMENT["entries"]) >= 140
    assert problems_of_catalogue(DOCUMENT) == []


def test_nothing_of_the_catalogue_claims_more_than_its_statistic_allows():
    assert {e["id"] for e in ENTRIES.values() if e["position_method"] != method_of(e["statistic"], e["kind"])} == set()


def test_every_figure_says_who_measured_whom_when_and_how_well():
    for entry in map(published, map(row_of, DOCUMENT["entries"])):
        assert entry.source.title, entry.slug
        assert entry.source.publisher, entry.slug
        assert entry.data_year, entry.slug
        assert entry.grade in "ABC", entry.slug
        assert entry.review_after, entry.slug
        assert entry.verified, entry.slug


REFUSED = [
    ("blr-issues-per-hour", "id", "Not A Slug", "invalid_slug"),
    ("blr-issues-per-hour", "metric", "with space", "invalid_metric"),
    ("blr-issues-per-hour", "definition", "  ", "blank"),
    ("blr-issues-per-hour", "kind", "opinion", "unknown_word"),
    ("blr-issues-per-hour", "direction", "up", "unknown_word"),
    ("blr-issues-per-hour", "evidence_grade", "S", "unknown_word"),
    ("blr-issues-per-hour", "unit", "furlong", "unknown_unit"),
    ("blr-issues-per-hour", "statistic.type", "guess", "unknown_word"),
    ("blr-issues-per-hour", "statistic.value", None, "no_value"),
    ("blr-issues-per-hour", "statistic.value", float("nan"), "not_a_number"),
    ("blr-issues-per-hour", "statistic.value", "15", "not_a_number"),
    ("blr-issues-per-hour", "statistic.value", True, "not_a_number"),
    ("blr-issues-per-hour", "position_method", "percentile", "claims_more"),
    ("blr-issues-per-hour", "peer_reviewed", False, "needs_review"),
    ("blr-issues-per-hour", "population.n", 0, "out_of_range"),
    ("blr-issues-per-hour", "source.title", "", "blank"),
    ("blr-issues-per-hour", "source.url", "javascript:alert(1)", "invalid_url"),
    ("blr-issues-per-hour", "source.year", 20250, "out_of_range"),
    ("blr-issues-per-hour", "review_after", "soon", "invalid_date"),
    ("blr-issues-per-hour", "statistic", KeyError, "malformed"),
    ("blr-issues-per-hour", "source", None, "malformed"),
    ("peng-copilot-time", "statistic.ci.low", -10, "not_in_order"),
    ("peng-copilot-time", "statistic.ci.level", 95, "out_of_range"),
    ("schwarcz-legal", "statistic.low", 140, "not_in_order"),
    ("schwarcz-legal", "statistic.high", None, "not_in_order"),
    ("linearb-cycle-time", "statistic.quantiles.0.p", 1.5, "out_of_range"),
    ("linearb-cycle-time", "statistic.quantiles.0.value", 1e9, "not_in_order"),
    ("linearb-cycle-time", "statistic.quantiles", [], "out_of_range"),
    ("sqm-fcr-world-class", "position_method", "percentile", "claims_more"),
    ("sus-mean-sd", "statistic.sd", 0, "out_of_range"),
    ("bbd-use-week", "statistic.value", 140, "not_a_share"),
    ("bbd-use-week", "position_method", "ahead_behind", "claims_more"),
    ("dora-2024-cfr", "position_method", "percentile", "claims_more"),
]


@pytest.mark.parametrize(("name", "path", "value", "code"), REFUSED)
def test_an_entry_that_breaks_a_rule_is_refused_and_the_member_named(name, path, value, code):
    problems = problems_of(changed(name, path, value))
    assert code in {problem.code for problem in problems}
    assert all(problem.attr and problem.detail for problem in problems)


def test_a_name_that_stands_twice_is_refused():
    doubled = DOCUMENT | {"entries": [*DOCUMENT["entries"], DOCUMENT["entries"][0]]}
    assert [problem.code for problem in problems_of_catalogue(doubled)] == ["not_unique"]


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_a_file_with_a_number_that_json_does_not_have_is_refused(tmp_path, word):
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(DOCUMENT).replace('"value": 15,', f'"value": {word},', 1))
    with pytest.raises(CatalogueUnsound):
        read(path)


def test_percentages_become_shares_once_and_exactly():
    row = row_of(ENTRIES["blr-issues-per-hour"])
    assert (row.unit, row.entry["statistic"]["value"]) == ("1", 0.15)
    quantiles = row_of(ENTRIES["linearb-rework-rate"]).entry["statistic"]["quantiles"]
    before = ENTRIES["linearb-rework-rate"]["statistic"]["quantiles"]
    assert [q["p"] for q in quantiles] == [q["p"] for q in before]
    assert [q["value"] for q in quantiles] == [round(q["value"] / 100, 6) for q in before]
    interval = row_of(ENTRIES["peng-copilot-time"]).entry["statistic"]["ci"]
    assert (interval["low"], interval["high"], interval["level"]) == (-0.89, -0.21, 0.95)
    assert ENTRIES["blr-issues-per-hour"]["statistic"]["value"] == 15  # the file's own entry is left alone


def test_what_is_no_percentage_keeps_its_unit_and_its_number():
    assert row_of(ENTRIES["linearb-cycle-time"]).unit == "h"
    times = published(row_of(ENTRIES["idc-2024-return"]))
    assert (times.statistic.value, times.shown_unit) == (3.7, "×")
    assert not times.is_share


def test_only_an_address_that_somebody_opened_is_a_link():
    assert published(row_of(ENTRIES["blr-issues-per-hour"])).source.link.startswith("https://doi.org/10.")
    for entry in map(published, map(row_of, DOCUMENT["entries"])):
        if entry.source.url_kind in ("recalled", "publisher_site") and not entry.source.doi:
            assert entry.source.link == "", entry.slug
