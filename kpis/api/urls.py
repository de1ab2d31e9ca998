"""Every address under /api/v1/, one line each. Names begin with `api-`."""

from typing import Any

from django.urls import path, register_converter

from kpis.api import (
    annotations,
    assumptions,
    audit,
    baseline_clock,
    baselines,
    benchmarks,
    bills,
    business_cases,
    calculators,
    captured,
    costs,
    digests,
    docs,
    effect,
    exchange_rates,
    initiatives,
    intervals,
    kpis,
    ledger,
    measurements,
    openmetrics,
    otlp,
    peers,
    periods,
    pools,
    prometheus,
    proofs,
    roi,
    scale,
    sendings,
    snapshots,
    source_rules,
    sources,
    tokens,
    value_drivers,
)
from kpis.api.definitions import COLLECTION, MEMBER
from kpis.definitions.keys import SLUG

READ_ONLY_COLLECTION: dict[str, Any] = {"get": "list"}
READ_ONLY_MEMBER: dict[str, Any] = {"get": "retrieve"}


class SlugConverter:
    regex = SLUG.pattern

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class KeyConverter(SlugConverter):
    regex = rf"{SLUG.pattern}\.{SLUG.pattern}"


class PeriodConverter(SlugConverter):
    regex = r"(?:sample-)?\d{4}-\d\d(?:-to-\d{4}-\d\d)?"


class DayConverter(SlugConverter):
    regex = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"


register_converter(SlugConverter, "its_slug")
register_converter(KeyConverter, "its_key")
register_converter(DayConverter, "its_day")
register_converter(PeriodConverter, "its_period")

urlpatterns = [
    # -- definitions ------------------------------------------------------------------------------------------------
    path("initiatives/", initiatives.Initiatives.as_view(COLLECTION), name="api-initiatives"),
    path("initiatives/<its_slug:slug>/", initiatives.Initiatives.as_view(MEMBER), name="api-initiative"),
    path("initiatives/<its_slug:slug>/bills/", bills.Bills.as_view(), name="api-bills"),
    path(
        "initiatives/<its_slug:slug>/business-cases/",
        business_cases.BusinessCases.as_view(COLLECTION),
        name="api-business-cases",
    ),
    path(
        "initiatives/<its_slug:slug>/business-cases/<int:version>/",
        business_cases.BusinessCases.as_view({"get": "retrieve", "delete": "destroy"}),
        name="api-business-case",
    ),
    path(
        "initiatives/<its_slug:slug>/business-cases/<int:version>/approve/",
        business_cases.CaseApproval.as_view({"post": "approve"}),
        name="api-business-case-approval",
    ),
    path(
        "initiatives/<its_slug:slug>/plan-against-actual/",
        business_cases.PlanAgainstActual.as_view(),
        name="api-plan-against-actual",
    ),
    path("initiatives/<its_slug:slug>/scale/", scale.Scale.as_view(), name="api-scale"),
    path("kpis/", kpis.Kpis.as_view(COLLECTION), name="api-kpis"),
    path("kpis/<its_key:key>/", kpis.Kpis.as_view(MEMBER), name="api-kpi"),
    path("kpis/<its_key:key>/versions/", kpis.KpiVersions.as_view(), name="api-kpi-versions"),
    path("kpis/<its_key:key>/targets/", kpis.Targets.as_view(COLLECTION), name="api-targets"),
    path("kpis/<its_key:key>/targets/<its_day:on>/", kpis.Targets.as_view(MEMBER), name="api-target"),
    path("kpis/<its_key:key>/baselines/", baselines.Baselines.as_view(COLLECTION), name="api-baselines"),
    path(
        "kpis/<its_key:key>/baselines/<int:version>/",
        baselines.Baselines.as_view({"get": "retrieve", "delete": "destroy"}),
        name="api-baseline",
    ),
    path(
        "kpis/<its_key:key>/baselines/<int:version>/approve/",
        baselines.BaselineApproval.as_view({"post": "approve"}),
        name="api-baseline-approval",
    ),
    path("kpis/<its_key:key>/baseline-clock/", baseline_clock.KpiBaselineClock.as_view(), name="api-baseline-clock"),
    path("value-drivers/", value_drivers.ValueDrivers.as_view(COLLECTION), name="api-value-drivers"),
    path("value-drivers/<int:pk>/", value_drivers.ValueDrivers.as_view(MEMBER), name="api-value-driver"),
    path("pools/", pools.Pools.as_view(COLLECTION), name="api-pools"),
    path(
        "pools/<int:pk>/",
        pools.Pools.as_view({"get": "retrieve", "put": "update", "patch": "partial_update"}),
        name="api-pool",
    ),
    path("pools/<int:pk>/claims/", pools.PoolClaims.as_view(), name="api-pool-claims"),
    path("pools/<int:pk>/capacities/", pools.PoolCapacities.as_view(), name="api-pool-capacities"),
    path("pools/<int:pk>/apart/", pools.PoolApart.as_view(), name="api-pool-apart"),
    path("costs/", costs.Costs.as_view(COLLECTION), name="api-costs"),
    path("costs/<int:pk>/", costs.Costs.as_view(MEMBER), name="api-cost"),
    path("assumptions/", assumptions.Assumptions.as_view(), name="api-assumptions"),
    path("assumptions/<int:pk>/", assumptions.OneAssumption.as_view(), name="api-assumption"),
    path("exchange-rates/", exchange_rates.ExchangeRates.as_view(COLLECTION), name="api-exchange-rates"),
    path("exchange-rates/<int:pk>/", exchange_rates.ExchangeRates.as_view(MEMBER), name="api-exchange-rate"),
    path("annotations/", annotations.Annotations.as_view(COLLECTION), name="api-annotations"),
    path("annotations/<int:pk>/", annotations.Annotations.as_view(MEMBER), name="api-annotation"),
    path("benchmarks/", benchmarks.Benchmarks.as_view(COLLECTION), name="api-benchmarks"),
    path("benchmarks/<its_slug:slug>/", benchmarks.Benchmarks.as_view(MEMBER), name="api-benchmark"),
    path("kpis/<its_key:key>/comparisons/", benchmarks.Comparisons.as_view(COLLECTION), name="api-comparisons"),
    path("kpis/<its_key:key>/comparisons/<str:metric>/", benchmarks.Comparisons.as_view(MEMBER), name="api-comparison"),
    # -- measurements ------------------------------------------------------------------------------------------------
    path("measurements/", measurements.Measurements.as_view(), name="api-measurements"),
    path("prometheus/write", prometheus.RemoteWrite.as_view(), name="api-remote-write"),
    path("otlp/v1/metrics", otlp.OtlpMetrics.as_view(), name="api-otlp"),
    path("openmetrics/<its_slug:slug>/", openmetrics.PushedPage.as_view(), name="api-openmetrics"),
    path("kpis/<its_key:key>/measurements/", measurements.Rows.as_view(), name="api-rows"),
    path("kpis/<its_key:key>/intervals/", intervals.Intervals.as_view(), name="api-intervals"),
    path("kpis/<its_key:key>/effect/", effect.KpiEffect.as_view(), name="api-effect"),
    # -- results ----------------------------------------------------------------------------------------------------
    path("initiatives/<its_slug:slug>/roi/", roi.Roi.as_view(), name="api-roi"),
    path("initiatives/<its_slug:slug>/ledger/", ledger.Ledger.as_view(), name="api-ledger"),
    path("initiatives/<its_slug:slug>/captured/", captured.Captured.as_view(), name="api-captured"),
    path("initiatives/<its_slug:slug>/proof/", proofs.Proof.as_view(), name="api-proof"),
    path("periods/", periods.Periods.as_view(), name="api-periods"),
    path("periods/<its_period:period>/", periods.OnePeriod.as_view(), name="api-period"),
    path("periods/<its_period:period>/close/", periods.PeriodClosing.as_view(), name="api-period-closing"),
    path("snapshots/", snapshots.Snapshots.as_view(), name="api-snapshots"),
    path("snapshots/<int:pk>/", snapshots.OneSnapshot.as_view(), name="api-snapshot"),
    path("snapshots/<int:pk>/difference/", snapshots.Difference.as_view(), name="api-snapshot-difference"),
    path("portfolio/", roi.PortfolioView.as_view(), name="api-portfolio"),
    path("kpis/<its_key:key>/peers/", peers.KpiPeers.as_view(), name="api-kpi-peers"),
    path("kpis/<its_key:key>/benchmarks/", benchmarks.KpiBenchmarks.as_view(), name="api-kpi-benchmarks"),
    # -- calculators ------------------------------------------------------------------------------------------------
    path("calculators/investment/", calculators.Investment.as_view(), name="api-calculator-investment"),
    path("calculators/effect/", calculators.MeasuredEffect.as_view(), name="api-calculator-effect"),
    path("calculators/benchmark-position/", calculators.BenchmarkPosition.as_view(), name="api-calculator-position"),
    # -- sources ----------------------------------------------------------------------------------------------------
    path("sources/", sources.Sources.as_view(COLLECTION), name="api-sources"),
    path("sources/<its_slug:slug>/", sources.Sources.as_view(MEMBER), name="api-source"),
    path("sources/<its_slug:slug>/pulls/", sources.Pulls.as_view(READ_ONLY_COLLECTION), name="api-pulls"),
    path(
        "sources/<its_slug:slug>/rejections/",
        sendings.SourceRejections.as_view(READ_ONLY_COLLECTION),
        name="api-source-rejections",
    ),
    path("sources/<its_slug:slug>/rules/", source_rules.Rules.as_view(COLLECTION), name="api-source-rules"),
    path("sources/<its_slug:slug>/rules/test/", source_rules.RuleTest.as_view({"post": "test"}), name="api-rule-test"),
    path("sources/<its_slug:slug>/rules/<int:pk>/", source_rules.Rules.as_view(MEMBER), name="api-source-rule"),
    path(
        "sources/<its_slug:slug>/series/",
        source_rules.ReceivedSeriesList.as_view(READ_ONLY_COLLECTION),
        name="api-source-series",
    ),
    path(
        "sources/<its_slug:slug>/rejections/replay/",
        sendings.SourceReplay.as_view({"post": "replay"}),
        name="api-source-replay",
    ),
    path(
        "sources/<its_slug:slug>/sendings/",
        sendings.SourceSendings.as_view({"get": "show"}),
        name="api-source-sendings",
    ),
    path("sources/<its_slug:slug>/run/", sources.SourceRun.as_view({"post": "run"}), name="api-source-run"),
    path("sources/<its_slug:slug>/test/", sources.SourceTest.as_view({"post": "test"}), name="api-source-test"),
    # -- digests ----------------------------------------------------------------------------------------------------
    path("digests/", digests.Digests.as_view(COLLECTION), name="api-digests"),
    path("digests/<its_slug:slug>/", digests.Digests.as_view(MEMBER), name="api-digest"),
    path("digests/<its_slug:slug>/editions/", digests.Editions.as_view(READ_ONLY_COLLECTION), name="api-editions"),
    path("digests/<its_slug:slug>/send/", digests.DigestSend.as_view({"post": "send"}), name="api-digest-send"),
    # -- access -----------------------------------------------------------------------------------------------------
    path("tokens/", tokens.Tokens.as_view(COLLECTION), name="api-tokens"),
    path(
        "tokens/<int:pk>/",
        tokens.Tokens.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="api-token",
    ),
    path("tokens/<int:pk>/sendings/", sendings.TokenSendings.as_view({"get": "show"}), name="api-token-sendings"),
    path(
        "tokens/<int:pk>/rejections/",
        sendings.TokenRejections.as_view(READ_ONLY_COLLECTION),
        name="api-token-rejections",
    ),
    path(
        "tokens/<int:pk>/rejections/replay/",
        sendings.TokenReplay.as_view({"post": "replay"}),
        name="api-token-replay",
    ),
    path("audit-events/", audit.AuditEvents.as_view(READ_ONLY_COLLECTION), name="api-audit-events"),
    path("audit-events/<int:sequence>/", audit.AuditEvents.as_view(READ_ONLY_MEMBER), name="api-audit-event"),
    # -- about the API itself ---------------------------------------------------------------------------------------
    path("schema/", docs.SchemaView.as_view(), name="api-schema"),
    path("docs/", docs.DocsView.as_view(), name="api-docs"),
]
