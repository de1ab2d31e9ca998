"""One factory a model: the smallest valid row, in the words of the product. Write only what a test is about.

`IntervalValue` and `Measurement` are written through their rooms in the product; here they are plain rows, so that a
test of a later step needs none of the earlier ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import factory
import numpy as np
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory

from kpis.access.models import AuditEvent, Token, User
from kpis.baselines.models import Baseline
from kpis.benchmarks.models import Benchmark, Comparison
from kpis.benchmarks.rules import method_of
from kpis.calculations.intervals import epoch_us
from kpis.definitions.models import (
    Annotation,
    Holiday,
    Initiative,
    Kpi,
    Organisation,
    Target,
)
from kpis.digests.models import Digest, Edition, Recipient
from kpis.evaluation.models import Effect
from kpis.ingest.models import Rejection
from kpis.ledger.models import Assumption, CostEntry, ExchangeRate, LedgerEntry, Period, ValueDriver
from kpis.measurements import partitions
from kpis.measurements.models import Arrival, Batch, Measurement, Series
from kpis.phases.models import PhaseEntry
from kpis.plumbing.models import Change, OutboxMail
from kpis.rollups.models import IntervalValue, KpiState
from kpis.sources.models import DataSource, Feed, MappingRule, Pull, ReceivedSeries

PASSWORD = "a long enough pass phrase"  # of every user that a factory makes
CREATED = datetime(2026, 3, 1, 9, tzinfo=UTC)


@cache
def hashed_password() -> str:
    """Argon2 is slow on purpose; once a test run is enough."""
    return make_password(PASSWORD)


def labels_hash(labels: dict[str, str]) -> bytes:
    return hashlib.sha256(
        json.dumps(labels, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).digest()


# -- definitions ----------------------------------------------------------------------------------------------------


class OrganisationFactory(DjangoModelFactory):
    class Meta:
        model = Organisation
        django_get_or_create = ("id",)

    id = 1
    name = "Musterwerk Pumps"


class HolidayFactory(DjangoModelFactory):
    class Meta:
        model = Holiday

    on = date(2026, 5, 1)
    name = "Labour Day"


class InitiativeFactory(DjangoModelFactory):
    """Started in January 2026, live since the 2nd of March, in EUR."""

    class Meta:
        model = Initiative

    slug = factory.Sequence(lambda n: f"initiative-{n}")
    name = factory.Sequence(lambda n: f"Initiative {n}")
    business_unit = "Service"
    owner = "Dana Owner"
    started_on = date(2026, 1, 5)
    go_live_on = date(2026, 3, 2)


class KpiFactory(DjangoModelFactory):
    """Handling time in minutes, a daily mean, less is better. `category` decides the interval unless it is given."""

    class Meta:
        model = Kpi

    initiative = factory.SubFactory(InitiativeFactory)
    slug = factory.Sequence(lambda n: f"handling-time-{n}")
    key = factory.LazyAttribute(lambda kpi: f"{kpi.initiative.slug}.{kpi.slug}")
    name = "Handling time"
    category = Kpi.Category.EFFICIENCY
    unit = "min"
    direction = Kpi.Direction.DECREASE
    aggregation = Kpi.Aggregation.MEAN
    interval = factory.LazyAttribute(lambda kpi: Kpi.DEFAULT_INTERVAL[kpi.category])


class TargetFactory(DjangoModelFactory):
    class Meta:
        model = Target

    kpi = factory.SubFactory(KpiFactory)
    on = date(2026, 6, 1)
    value = Decimal(10)


class AnnotationFactory(DjangoModelFactory):
    class Meta:
        model = Annotation

    initiative = factory.SubFactory(InitiativeFactory)
    on = date(2026, 3, 2)
    kind = Annotation.Kind.GO_LIVE
    text = "Go-live"


class PhaseEntryFactory(DjangoModelFactory):
    class Meta:
        model = PhaseEntry

    initiative = factory.SubFactory(InitiativeFactory)
    phase = Initiative.Phase.PROOF_OF_CONCEPT
    on = date(2026, 1, 5)


# -- access ---------------------------------------------------------------------------------------------------------


class UserFactory(DjangoModelFactory):
    """A viewer; `role=` says otherwise, `initiatives=[…]` limits the sight."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person-{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@company.example")
    role = User.Role.VIEWER
    password = factory.LazyFunction(hashed_password)

    @factory.post_generation
    def initiatives(self, create: bool, extracted: Iterable[Initiative] | None, **_: Any) -> None:
        if create and extracted:
            self.initiatives.set(extracted)


class ControllerFactory(UserFactory):
    role = User.Role.CONTROLLER


class ProductOwnerFactory(UserFactory):
    role = User.Role.PRODUCT_OWNER


class EngineerFactory(UserFactory):
    role = User.Role.ENGINEER


class AdministratorFactory(UserFactory):
    role = User.Role.ADMINISTRATOR


class TokenFactory(DjangoModelFactory):
    """A row only: nobody knows its text. To call the API take `token_for`."""

    class Meta:
        model = Token
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"token {n}")
    prefix = factory.Sequence(lambda n: f"roi_{n:08d}")
    digest = factory.LazyAttribute(lambda token: hashlib.sha256(token.prefix.encode()).digest())
    scopes = factory.LazyFunction(lambda: ["read"])
    created_at = CREATED

    @factory.post_generation
    def initiatives(self, create: bool, extracted: Iterable[Initiative] | None, **_: Any) -> None:
        if create and extracted:
            self.initiatives.set(extracted)
            Token.objects.filter(pk=self.pk).update(limited=True)
            self.limited = True


def token_for(scopes: Sequence[str], initiatives: Iterable[Initiative] | None = None, *, by: User | None = None) -> str:
    """The text of a fresh token with these scopes, to be sent as `Authorization: Bearer …`.

    A token may manage what its maker may: an administrator unless `by` says who.
    """
    from kpis.access import tokens
    from kpis.plumbing import clock

    maker = by or AdministratorFactory()
    _, text = tokens.issue("test", list(scopes), list(initiatives or ()), by=maker, at=clock.now())
    return text


class AuditEventFactory(DjangoModelFactory):
    """A row outside the chain; where the chain matters call `audit.record`."""

    class Meta:
        model = AuditEvent

    at = CREATED
    actor = "system"
    what = "baseline.approved"
    subject = "baseline:support.handling-time:1"
    previous = b"\0" * 32
    digest = factory.Sequence(lambda n: hashlib.sha256(str(n).encode()).digest())


# -- the record -----------------------------------------------------------------------------------------------------


class SeriesFactory(DjangoModelFactory):
    class Meta:
        model = Series

    kpi = factory.SubFactory(KpiFactory)
    labels = factory.LazyFunction(dict)
    labels_hash = factory.LazyAttribute(lambda series: labels_hash(series.labels))


class BatchFactory(DjangoModelFactory):
    class Meta:
        model = Batch

    arrived_at = CREATED


class MeasurementFactory(DjangoModelFactory):
    class Meta:
        model = Measurement

    series = factory.SubFactory(SeriesFactory)
    batch = factory.SubFactory(BatchFactory)
    at = factory.Sequence(lambda n: CREATED + timedelta(minutes=n))
    value = 12.5
    weight = 1.0
    event_id = ""

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **fields: Any) -> Measurement:
        partitions.make_for(np.array([epoch_us(fields["at"])], np.int64))
        return super()._create(model_class, *args, **fields)


class ArrivalFactory(DjangoModelFactory):
    class Meta:
        model = Arrival

    series = factory.SubFactory(SeriesFactory)
    slots = factory.LazyFunction(lambda: [int(CREATED.timestamp()) // 900])
    arrived_at = CREATED


class RejectionFactory(DjangoModelFactory):
    class Meta:
        model = Rejection

    batch = factory.SubFactory(BatchFactory)
    index = 0
    code = "invalid_value"
    detail = "The value is not a finite number."
    attr = "value"


class IntervalValueFactory(DjangoModelFactory):
    """One UTC day with `n` points, all equal to `mean`; give `start`, `end` and the numbers that the test is about."""

    class Meta:
        model = IntervalValue

    series = factory.SubFactory(SeriesFactory)
    granularity = Kpi.Interval.DAY
    start = datetime(2026, 3, 2, tzinfo=UTC)
    end = factory.LazyAttribute(lambda interval: interval.start + timedelta(days=1))
    n = 10
    mean = 12.5
    sum_w = factory.LazyAttribute(lambda interval: float(interval.n))
    sum_w2 = factory.LazyAttribute(lambda interval: float(interval.n))
    m2 = 0.0
    total = factory.LazyAttribute(lambda interval: interval.mean * interval.n)
    minimum = factory.LazyAttribute(lambda interval: interval.mean)
    maximum = factory.LazyAttribute(lambda interval: interval.mean)
    last_at = factory.LazyAttribute(lambda interval: interval.end - timedelta(minutes=1))
    last = factory.LazyAttribute(lambda interval: interval.mean)
    computed_at = factory.LazyAttribute(lambda interval: interval.end)


class KpiStateFactory(DjangoModelFactory):
    class Meta:
        model = KpiState

    kpi = factory.SubFactory(KpiFactory)


class DataSourceFactory(DjangoModelFactory):
    """A Prometheus that is pulled every minute; `kind="push"` for the name of something that pushes."""

    class Meta:
        model = DataSource

    slug = factory.Sequence(lambda n: f"source-{n}")
    name = factory.Sequence(lambda n: f"Source {n}")
    kind = DataSource.Kind.PROMETHEUS
    address = "http://prometheus.company.example:9090"
    every = timedelta(minutes=1)
    overlap = timedelta(minutes=5)


class MappingRuleFactory(DjangoModelFactory):
    """Takes the gauge `name` of a pushing source as it stands; `matchers=` says otherwise."""

    class Meta:
        model = MappingRule

    class Params:
        name = "queue_length"

    source = factory.SubFactory(DataSourceFactory, kind="push", address="", every=None, overlap=None)
    position = factory.Sequence(lambda n: n)
    kpi = factory.SubFactory(KpiFactory)
    kind = "gauge"
    matchers = factory.LazyAttribute(lambda rule: [{"label": "__name__", "op": "=", "value": rule.name}])


class ReceivedSeriesFactory(DjangoModelFactory):
    class Meta:
        model = ReceivedSeries

    class Params:
        more = {}

    source = factory.SubFactory(DataSourceFactory, kind="push", address="", every=None, overlap=None)
    name = "queue_length"
    labels = factory.LazyAttribute(lambda series: {"__name__": series.name} | series.more)
    labels_hash = factory.LazyAttribute(lambda series: labels_hash(series.labels))
    first_seen_at = CREATED


class FeedFactory(DjangoModelFactory):
    class Meta:
        model = Feed

    source = factory.SubFactory(DataSourceFactory)
    kpi = factory.SubFactory(KpiFactory)
    query = "up"


class PullFactory(DjangoModelFactory):
    class Meta:
        model = Pull

    source = factory.SubFactory(DataSourceFactory)
    due_at = factory.Sequence(lambda n: CREATED + timedelta(minutes=n))
    started_at = factory.LazyAttribute(lambda pull: pull.due_at)
    lease_until = factory.LazyAttribute(lambda pull: pull.started_at + timedelta(minutes=2))
    state = Pull.State.OK
    finished_at = factory.LazyAttribute(
        lambda pull: None if pull.state == Pull.State.RUNNING else pull.started_at + timedelta(seconds=1)
    )


# -- judgement ------------------------------------------------------------------------------------------------------


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


# -- money ----------------------------------------------------------------------------------------------------------


class AssumptionFactory(DjangoModelFactory):
    """An hourly rate of 48 to 56 EUR; `is_share=True` with low, likely and high in 0..1 for a share."""

    class Meta:
        model = Assumption

    name = "Service hour"
    low = Decimal(48)
    likely = Decimal(52)
    high = Decimal(56)
    owner = "Carla Controller"
    source = "Cost accounting 2026"


class ShareFactory(AssumptionFactory):
    name = "Realisation"
    low = Decimal("0.6")
    likely = Decimal("0.7")
    high = Decimal("0.8")
    is_share = True


class ValueDriverFactory(DjangoModelFactory):
    """Minutes saved, 100 cases an interval, priced by the hour."""

    class Meta:
        model = ValueDriver

    initiative = factory.LazyAttribute(lambda driver: driver.kpi.initiative)
    name = factory.Sequence(lambda n: f"Handling time saved {n}")
    kpi = factory.SubFactory(KpiFactory)
    volume_per_interval = factory.LazyAttribute(lambda driver: None if driver.volume_kpi else Decimal(100))
    volume_kpi = None
    unit_factor = Decimal("0.016666666666667")
    unit_value = factory.SubFactory(AssumptionFactory)
    realisation = factory.SubFactory(ShareFactory)
    attribution = factory.SubFactory(ShareFactory, name="Attribution")


class CostEntryFactory(DjangoModelFactory):
    """10,000 EUR for licences, spent once on the day of go-live."""

    class Meta:
        model = CostEntry

    initiative = factory.SubFactory(InitiativeFactory)
    name = "Licences"
    cost_category = CostEntry.Category.LICENCE
    amount = Decimal("10000.00")
    currency = factory.LazyAttribute(lambda cost: cost.initiative.currency)
    on = date(2026, 3, 2)


class ExchangeRateFactory(DjangoModelFactory):
    """A dollar was worth 0.80 EUR from a day on; each further rate is of the day before."""

    class Meta:
        model = ExchangeRate

    currency = "USD"
    into = "EUR"
    on = factory.Sequence(lambda n: date(2026, 3, 2) - timedelta(days=n))
    rate = Decimal("0.8")
    source = "European Central Bank"


class LedgerEntryFactory(DjangoModelFactory):
    """One UTC day of a driver: (12.5 − 10) min · 100 · 1/60 h/min · 52 · 0.7 · 0.7 = 106.17."""

    class Meta:
        model = LedgerEntry

    driver = factory.SubFactory(ValueDriverFactory)
    initiative = factory.LazyAttribute(lambda entry: entry.driver.initiative)
    kpi = factory.LazyAttribute(lambda entry: entry.driver.kpi)
    baseline = factory.SubFactory(BaselineFactory, kpi=factory.SelfAttribute("..kpi"), approved=True)
    interval_start = factory.Sequence(lambda n: datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=n))
    interval_end = factory.LazyAttribute(lambda entry: entry.interval_start + timedelta(days=1))
    counterfactual = 12.5
    actual = 10.0
    volume = 100.0
    unit_factor = Decimal("0.016666666666667")
    unit_value = Decimal(52)
    realisation = Decimal("0.7")
    attribution = Decimal("0.7")
    amount = Decimal("106.17")
    low = Decimal("80.00")
    high = Decimal("130.00")
    currency = factory.LazyAttribute(lambda entry: entry.initiative.currency)
    benefit_type = ValueDriver.BenefitType.DIRECT
    is_freed_time = factory.LazyAttribute(lambda entry: entry.driver.is_freed_time)
    method = "ar1"
    evidence_grade = "C"
    measurements = 40
    computed_at = factory.LazyAttribute(lambda entry: entry.interval_end)


class PeriodFactory(DjangoModelFactory):
    """March 2026 in UTC, closed on the 3rd of April. It freezes nothing: to close in earnest call `close_period`."""

    class Meta:
        model = Period

    kind = Period.Kind.MONTH
    first = date(2026, 3, 1)
    last = date(2026, 3, 31)
    starts_at = datetime(2026, 3, 1, tzinfo=UTC)
    ends_at = datetime(2026, 4, 1, tzinfo=UTC)
    closed_at = datetime(2026, 4, 3, 9, tzinfo=UTC)
    closed_by = factory.SubFactory(ControllerFactory)


# -- mail and changes -----------------------------------------------------------------------------------------------


class DigestFactory(DjangoModelFactory):
    """Mondays at 07:00 in Berlin."""

    class Meta:
        model = Digest

    slug = factory.Sequence(lambda n: f"weekly-{n}")
    name = "Weekly report"
    weekday = 0
    at = time(7)
    zone = "Europe/Berlin"


class RecipientFactory(DjangoModelFactory):
    class Meta:
        model = Recipient

    digest = factory.SubFactory(DigestFactory)
    user = factory.SubFactory(UserFactory)


class OutboxMailFactory(DjangoModelFactory):
    class Meta:
        model = OutboxMail

    message_id = factory.Sequence(lambda n: f"<mail-{n}@company.example>")
    recipient = "person@company.example"
    subject = "Weekly report"
    text = "The week in figures."
    html = "<p>The week in figures.</p>"
    written_at = CREATED
    next_attempt_at = CREATED


class EditionFactory(DjangoModelFactory):
    class Meta:
        model = Edition

    digest = factory.SubFactory(DigestFactory)
    user = factory.SubFactory(UserFactory)
    due_at = CREATED
    as_of = CREATED
    mail = factory.SubFactory(OutboxMailFactory)


class ChangeFactory(DjangoModelFactory):
    class Meta:
        model = Change

    event = Change.Event.ROI
    key = "support"
    initiative = "support"
    at = CREATED
