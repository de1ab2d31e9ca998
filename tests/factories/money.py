"""Assumptions, drivers, costs, entries and periods."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from kpis.ledger.models import Assumption, CostEntry, ExchangeRate, LedgerEntry, Period, Trace, ValueDriver
from kpis.ledger.pools.models import Capacity, Pool
from kpis.planning.models import BusinessCase, PlannedBenefit, PlannedCost
from tests.factories.access import ControllerFactory
from tests.factories.definitions import InitiativeFactory, KpiFactory
from tests.factories.instants import CREATED
from tests.factories.judgement import BaselineFactory


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


class PoolFactory(DjangoModelFactory):
    """Hours of a team, without a capacity."""

    class Meta:
        model = Pool
        django_get_or_create = ("slug",)

    slug = "team north"
    name = factory.LazyAttribute(lambda pool: pool.slug)


class CapacityFactory(DjangoModelFactory):
    """A thousand paid hours a month, since before everything."""

    class Meta:
        model = Capacity

    pool = factory.SubFactory(PoolFactory)
    since = date(2026, 1, 1)
    quantity = Decimal(1000)
    owner = "Head of Service"
    source = "Payroll, paid hours"


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
    claimed = factory.LazyAttribute(lambda entry: entry.amount)
    counted = factory.LazyAttribute(lambda entry: entry.amount)
    low = Decimal("80.00")
    high = Decimal("130.00")
    currency = factory.LazyAttribute(lambda entry: entry.initiative.currency)
    benefit_type = ValueDriver.BenefitType.DIRECT
    is_freed_time = factory.LazyAttribute(lambda entry: entry.driver.is_freed_time)
    method = "ar1"
    evidence_grade = "C"
    measurements = 40
    computed_at = factory.LazyAttribute(lambda entry: entry.interval_end)


class TraceFactory(DjangoModelFactory):
    """Overtime of March 2026 in UTC: (110 − 107) h · 60 = 180.00 of the 240.00 saved."""

    class Meta:
        model = Trace

    driver = factory.SubFactory(ValueDriverFactory, is_freed_time=True)
    initiative = factory.LazyAttribute(lambda trace: trace.driver.initiative)
    kpi = factory.LazyAttribute(
        lambda trace: (
            trace.driver.captured_by
            or KpiFactory(initiative=trace.initiative, unit="h", aggregation="sum", interval="month")
        )
    )
    basis = Trace.Basis.PLAIN
    intervals_before = 4
    interval_start = datetime(2026, 3, 1, tzinfo=UTC)
    interval_end = datetime(2026, 4, 1, tzinfo=UTC)
    direction = "decrease"
    counterfactual = 110.0
    actual = 107.0
    unit_factor = Decimal(1)
    unit_value = Decimal(60)
    booked = Decimal("240.00")
    amount = Decimal("180.00")
    currency = factory.LazyAttribute(lambda trace: trace.initiative.currency)
    measurements = 1
    computed_at = factory.LazyAttribute(lambda trace: trace.interval_end)


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


class BusinessCaseFactory(DjangoModelFactory):
    """A draft: live on 2 March 2026, everything adopted at once."""

    class Meta:
        model = BusinessCase

    initiative = factory.SubFactory(InitiativeFactory)
    version = factory.Sequence(lambda n: n + 1)
    currency = factory.LazyAttribute(lambda case: case.initiative.currency)
    go_live_on = date(2026, 3, 2)
    owner = "Dana Owner"
    source = "Steering committee, 28 January 2026"
    created_at = CREATED


class PlannedBenefitFactory(DjangoModelFactory):
    """1,000 cases a month, two minutes each at 0.50: 1,000 a month."""

    class Meta:
        model = PlannedBenefit

    business_case = factory.SubFactory(BusinessCaseFactory)
    driver = None
    name = factory.LazyAttribute(lambda planned: planned.driver.name if planned.driver else "Handling time saved")
    unit = "min"
    volume_per_month = Decimal(1000)
    effect = Decimal(2)
    unit_value = Decimal("0.5")


class PlannedCostFactory(DjangoModelFactory):
    """500 for licences, once."""

    class Meta:
        model = PlannedCost

    business_case = factory.SubFactory(BusinessCaseFactory)
    name = "Licences"
    cost_category = CostEntry.Category.LICENCE
    amount = Decimal("500.00")
    on = date(2026, 3, 2)
