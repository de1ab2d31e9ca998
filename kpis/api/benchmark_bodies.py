"""The bodies of published figures: members of a catalogue entry, flat, shares as 0.15."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from kpis.api.members import Body, Day, Definition, Slug, Text, Whole, YesNo
from kpis.api.numbers import Figure
from kpis.benchmarks.entries import CODES, TEXTS
from kpis.benchmarks.models import Benchmark, Comparison
from kpis.benchmarks.rules import STATISTICS, WORDS
from kpis.definitions.models import Kpi


def choice(member: str, **more: Any) -> Any:
    return serializers.ChoiceField(choices=sorted(WORDS[member]), **more)


class QuantileBody(Body):
    p = Figure(
        least=0, most=1, help_text="Share of the population at or below the value, whatever direction is better."
    )
    value = Figure()


class GroupBody(Body):
    name = Text(max_length=120)
    value = Figure()


class IntervalBody(Body):
    level = Figure(least=0, most=1)
    low = Figure()
    high = Figure()
    origin = Text(max_length=60, required=False)


class StatisticBody(Body):
    """What was published, in the figure's unit."""

    type = serializers.ChoiceField(choices=sorted(STATISTICS))
    value = Figure(required=False, allow_null=True)
    low = Figure(required=False, allow_null=True)
    high = Figure(required=False, allow_null=True)
    sd = Figure(required=False, allow_null=True)
    se = Figure(required=False, allow_null=True)
    ci = IntervalBody(required=False, allow_null=True)
    quantiles = serializers.ListField(child=QuantileBody(), required=False, allow_null=True, max_length=100)
    groups = serializers.ListField(child=GroupBody(), required=False, allow_null=True, max_length=100)


class PopulationBody(Body):
    description = Text(max_length=300, required=False, allow_blank=True)
    n = Whole(required=False, allow_null=True, min_value=1, max_value=10_000_000_000)
    n_unit = Text(max_length=60, required=False, allow_blank=True, allow_null=True)


class CitationBody(Body):
    title = Text(max_length=300)
    authors = Text(max_length=300)
    publisher = Text(max_length=200)
    year = Whole(min_value=1950, max_value=2100)
    url = Text(max_length=500, required=False, allow_blank=True, help_text="https:// or http://")
    doi = Text(max_length=200, required=False, allow_blank=True, allow_null=True)
    url_kind = serializers.ChoiceField(
        choices=["doi", "read", "recalled", "publisher_site"],
        required=False,
        help_text="Only `doi` and `read` lead to the very page.",
    )


class BenchmarkBody(Definition):
    """A published figure with its source, year, population and grade. Shares are numbers: 0.15 is 15 %."""

    slug = Slug(help_text="Given once, it stays.")
    metric = Text(
        max_length=120, help_text="What is measured: only KPIs that are compared by this metric meet the figure."
    )
    kind = choice(
        "kind", help_text="`effect`: a change by AI; `level`: a value as such. Never compared with each other."
    )
    unit = Text(max_length=40, help_text="UCUM style; shares have the unit 1.")
    direction = serializers.ChoiceField(choices=Kpi.Direction.choices)
    evidence_grade = choice("evidence_grade", help_text="A reviewed trial, B official or independent, C vendor.")
    data_year = Text(max_length=20)
    review_after = Day(help_text="After this day it is shown as an old benchmark.")
    definition = Text(max_length=300)
    kpi_category = choice("kpi_category", required=False)
    industry = Text(max_length=60, required=False, help_text="A word as of initiatives; `all` matches any.")
    business_function = Text(max_length=60, required=False)
    technology = Text(max_length=60, required=False)
    region = Text(max_length=120, required=False)
    population = PopulationBody(required=False)
    statistic = StatisticBody()
    method = Text(max_length=60, help_text="How it was measured, as rct, survey, benchmark_database.")
    peer_reviewed = YesNo(required=False)
    source: Any = CitationBody()
    verification = choice("verification", required=False)
    caveats = Text(max_length=600, required=False, allow_blank=True)
    position_method = serializers.CharField(read_only=True, help_text="What may be said of a position beside it.")

    class Meta:
        model = Benchmark
        example = {
            "slug": "our-association-2026",
            "metric": "first_contact_resolution",
            "kind": "level",
            "unit": "1",
            "direction": "increase",
            "evidence_grade": "B",
            "data_year": "2026",
            "review_after": "2032-12-31",
            "definition": "Share of contacts solved at first contact, members of our association",
            "kpi_category": "quality",
            "industry": "manufacturing",
            "business_function": "customer_service",
            "technology": "process_level",
            "region": "Germany",
            "population": {"description": "Service centres", "n": 41, "n_unit": "centres"},
            "statistic": {"type": "quantiles", "quantiles": [{"p": 0.25, "value": 0.61}, {"p": 0.75, "value": 0.74}]},
            "method": "survey",
            "peer_reviewed": False,
            "source": {
                "title": "Service figures 2026",
                "authors": "Association",
                "publisher": "Association",
                "year": 2026,
                "url": "",
            },
            "verification": "primary",
            "caveats": "",
            "position_method": "percentile",
            "is_catalogue": False,
        }
        fields = [*(name for name in example), "verified", "published_unit"]
        read_only_fields = ["is_catalogue"]
        validators: list[Any] = []

    verified = serializers.CharField(read_only=True, help_text="Where it was checked.")
    published_unit = serializers.CharField(read_only=True, help_text="`×` marks a plain ratio, `pp` points.")

    def to_representation(self, row: Benchmark) -> dict[str, Any]:
        entry: Mapping[str, Any] = row.entry
        shown = {name: entry[name] for name in TEXTS}
        shown |= {name: entry[code] for name, code in CODES.items()}
        shown |= {name: getattr(row, name) for name in ("slug", "metric", "kind", "unit", "direction", "data_year")}
        shown |= {name: entry[name] for name in ("population", "statistic", "source", "position_method", "verified")}
        shown |= {"evidence_grade": row.evidence_grade, "is_catalogue": row.is_catalogue}
        shown["review_after"] = row.review_after.isoformat() if row.review_after else None
        shown["published_unit"] = entry.get("shown_unit") or row.unit
        return {name: shown[name] for name in self.Meta.fields}


class ComparisonBody(Definition):
    """Which published metric a KPI is compared with. Chosen by a person, never guessed from a name."""

    metric = Text(max_length=120, help_text="As of a benchmark.")
    factor = Figure(
        required=False, least=1e-9, most=1e9, help_text="Beside the conversion of units; 0.2 turns a week into a day."
    )

    class Meta:
        model = Comparison
        example = {"metric": "first_contact_resolution", "reading": "level", "factor": 1.0}
        fields = ["metric", "reading", "factor"]
        extra_kwargs = {
            "reading": {
                "help_text": "level: the KPI's value; change: its relative effect; rate_change: that on units an hour."
            }
        }
        validators: list[Any] = []
