"""`benchmarks/`: published figures, and `kpis/{key}/comparisons/`, `kpis/{key}/benchmarks/`: where a KPI stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django_filters.rest_framework import BooleanFilter, CharFilter, ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from kpis.access.rights import Action, Actor
from kpis.api import spans
from kpis.api.benchmark_bodies import BenchmarkBody, ComparisonBody
from kpis.api.benchmark_forms import STANDINGS, shown
from kpis.api.definitions import Definitions
from kpis.api.permissions import Read, asker
from kpis.benchmarks import comparing, house
from kpis.benchmarks.entries import entry_of
from kpis.benchmarks.models import Benchmark, Comparison
from kpis.definitions.models import Kpi
from kpis.definitions.sight import kpis_seen_by
from kpis.evaluation.standings import standings_of
from kpis.plumbing import clock


class BenchmarkFilters(FilterSet):
    metric = CharFilter()
    industry = CharFilter(field_name="entry__industry_code", help_text="A word as of initiatives, or `all`.")
    business_function = CharFilter(field_name="entry__function_code")
    technology = CharFilter(field_name="entry__technology_code")
    evidence_grade = ChoiceFilter(choices=[(grade, grade) for grade in "ABC"])
    grade = ChoiceFilter(
        field_name="evidence_grade", choices=[(grade, grade) for grade in "ABC"], help_text="The same."
    )
    kind = ChoiceFilter(choices=[("effect", "effect"), ("level", "level")])
    is_catalogue = BooleanFilter(help_text="false: figures of the house.")

    class Meta:
        model = Benchmark
        fields: list[str] = []


class Benchmarks(Definitions):
    """Published figures. Those of the catalogue are only read; a house adds its own beside them."""

    nouns = ("a benchmark", "benchmarks")
    serializer_class = BenchmarkBody
    changes = Action.CHANGE_BENCHMARKS
    lookup_field = "slug"
    filterset_class = BenchmarkFilters
    ordering_fields = ("slug", "metric", "evidence_grade", "review_after")

    def rows(self, who: Actor) -> QuerySet[Benchmark]:
        return house.benchmarks()

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> Benchmark:
        return house.create_figure(entry_of(fields), **who_and_when)

    def change_row(self, row: Benchmark, fields: Mapping[str, Any], **who_and_when: Any) -> None:
        standing = {**row.entry, "review_after": row.review_after}
        in_parts = self.request.method == "PATCH"
        house.change_figure(row, entry_of(fields, standing=standing, in_parts=in_parts), **who_and_when)

    def delete_row(self, row: Benchmark, **who_and_when: Any) -> None:
        house.delete_figure(row, **who_and_when)


class Comparisons(Definitions):
    """The metrics that one KPI is compared with, each by its name."""

    nouns = ("a comparison", "comparisons")
    serializer_class = ComparisonBody
    changes = Action.CHANGE_KPIS
    lookup_field = "metric"

    def rows(self, who: Actor) -> QuerySet[Comparison]:
        return comparing.comparisons_of(self.kpi(who))

    def kpi(self, who: Actor) -> Kpi:
        return get_object_or_404(kpis_seen_by(who), key=self.kwargs["key"])

    def create_row(self, fields: Mapping[str, Any], **who_and_when: Any) -> Comparison:
        return comparing.choose_metric(self.kpi(self.who), fields, **who_and_when)

    def change_row(self, row: Comparison, fields: Mapping[str, Any], **who_and_when: Any) -> None:
        comparing.change_comparison(row, fields, **who_and_when)

    def delete_row(self, row: Comparison, **who_and_when: Any) -> None:
        comparing.take_away(row, **who_and_when)


class KpiBenchmarks(APIView):
    """Read where a KPI stands beside published figures

    One result for each figure of each metric that was chosen for the KPI. `value`, `low` and `high` are the KPI's own
    figure in the unit of the published one. A percentile is given only where the source published quantiles, or mean
    and standard deviation. Where nobody is ranked, `position` is null and `reasons` says why.
    """

    permission_classes = [Read]

    @extend_schema(operation_id="kpis_benchmarks_list", responses={200: STANDINGS})
    def get(self, request: Request, key: str) -> HttpResponse:
        kpi = get_object_or_404(kpis_seen_by(asker(request)).select_related("initiative"), key=key)
        spans.refuse_unknown(request, set())
        standings = standings_of([kpi], now=clock.now()).get(kpi.pk, ())
        return HttpResponse(msgspec.json.encode(shown(kpi, standings)), content_type="application/json")
