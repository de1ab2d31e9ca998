"""Baselines, benchmarks and effects."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import factory
from factory.django import DjangoModelFactory

from kpis.baselines.models import Baseline
from kpis.benchmarks.models import Benchmark, Comparison
from kpis.benchmarks.rules import method_of
from kpis.evaluation.models import Effect
from tests.factories.access import ControllerFactory, ProductOwnerFactory
from tests.factories.definitions import KpiFactory
from tests.factories.instants import CREATED


class BaselineFactory(DjangoModelFactory):
    """A measured draft over January and February 2026: 12.5 min on 59 days. Traits: `approved`, `declared`."""

    class Meta:
        model = Baseline

    class Params:
        approved = factory.Trait(approved_at=CREATED, approved_by=factory.SubFactory(ControllerFactory))
        declared = factory.Trait(
            method=Baseline.Method.DECLARED,
            window_start=None,
            window_end=None,
            spread=None,
            intervals=0,
            method_choice="",
            source="Estimate of the team lead, February 2026",
        )

    kpi = factory.SubFactory(KpiFactory)
    version = 1
    method = Baseline.Method.MEASURED
    window_start = datetime(2025, 12, 31, 23, tzinfo=UTC)
    window_end = datetime(2026, 2, 28, 23, tzinfo=UTC)
    value = Decimal("12.5")
    spread = 1.5
    intervals = 59
    method_choice = "ar1"
    author = factory.SubFactory(ProductOwnerFactory)
    created_at = CREATED


class BenchmarkFactory(DjangoModelFactory):
    """A field study: 15 % more issues an hour. `statistic=` as in the catalogue, in the unit of the row."""

    class Meta:
        model = Benchmark

    class Params:
        statistic = {"type": "mean", "value": 0.15}
        members = {}

    slug = factory.Sequence(lambda n: f"benchmark-{n}")
    metric = "issues_resolved_per_hour_change_pct"
    kind = "effect"
    unit = "1"
    direction = "increase"
    evidence_grade = "A"
    data_year = "2020-2021"
    review_after = date(2027, 12, 31)
    entry = factory.LazyAttribute(lambda row: benchmark_entry(row, row.statistic) | row.members)


def benchmark_entry(row: Any, statistic: dict[str, Any]) -> dict[str, Any]:
    """A whole entry of the catalogue around the columns of a row."""
    nothing = dict.fromkeys(("value", "low", "high", "sd", "se", "ci", "quantiles", "groups"))
    whole = nothing | statistic
    return {
        "id": row.slug,
        "metric": row.metric,
        "definition": "Issues resolved an hour",
        "kpi_category": "efficiency",
        "kind": row.kind,
        "unit": row.unit,
        "direction": row.direction,
        "industry": "software",
        "industry_code": "information_technology",
        "business_function": "customer service",
        "function_code": "customer_service",
        "technology": "assistant",
        "technology_code": "genai_assistant",
        "region": "global",
        "population": {"description": "chat support agents", "n": 5172, "n_unit": "agents"},
        "data_year": row.data_year,
        "statistic": whole,
        "position_method": method_of(whole, row.kind),
        "method": "staggered_rollout_did",
        "evidence_grade": row.evidence_grade,
        "peer_reviewed": True,
        "source": {
            "title": "Generative AI at Work",
            "authors": "Brynjolfsson, Li, Raymond",
            "publisher": "Quarterly Journal of Economics",
            "year": 2025,
            "url": "https://example.org/study",
            "doi": "10.1093/qje/qjae044",
            "url_kind": "doi",
        },
        "verification": "primary",
        "verified": "read the source itself",
        "caveats": "Agents are chat only.",
        "review_after": row.review_after.isoformat() if row.review_after else None,
    }


class ComparisonFactory(DjangoModelFactory):
    class Meta:
        model = Comparison

    kpi = factory.SubFactory(KpiFactory)
    metric = "issues_resolved_per_hour_change_pct"
    reading = Comparison.Reading.RATE_CHANGE


class EffectFactory(DjangoModelFactory):
    """2.5 min less than the 12.5 of the baseline, clearly better."""

    class Meta:
        model = Effect

    kpi = factory.SubFactory(KpiFactory)
    baseline = factory.SubFactory(BaselineFactory, kpi=factory.SelfAttribute("..kpi"), approved=True)
    as_of = datetime(2026, 6, 1, tzinfo=UTC)
    method = "ar1"
    evidence_grade = "C"
    verdict = Effect.Verdict.IMPROVED
    n_before = 59
    n_after = 90
    baseline_value = 12.5
    actual = 10.0
    effect = -2.5
    standard_error = 0.25
    df = 60.0
    phi = 0.2
    low = -3.0
    high = -2.0
    improvement = 0.2
    improvement_low = 0.16
    improvement_high = 0.24
    monitoring_low = -3.25
    monitoring_high = -1.75
    counterfactual = factory.LazyFunction(lambda: {"kind": "constant", "value": 12.5})
