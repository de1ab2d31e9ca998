"""One factory a model: the smallest valid row, in the words of the product. Write only what a test is about.

A module for each group of rooms; import from here.
"""

from __future__ import annotations

from tests.factories.access import (
    PASSWORD,
    AdministratorFactory,
    AuditEventFactory,
    ControllerFactory,
    EngineerFactory,
    ProductOwnerFactory,
    TokenFactory,
    UserFactory,
    hashed_password,
    token_for,
)
from tests.factories.definitions import (
    AnnotationFactory,
    HolidayFactory,
    InitiativeFactory,
    KpiFactory,
    OrganisationFactory,
    PhaseEntryFactory,
    TargetFactory,
)
from tests.factories.instants import CREATED
from tests.factories.judgement import (
    BaselineFactory,
    BenchmarkFactory,
    ComparisonFactory,
    EffectFactory,
    benchmark_entry,
)
from tests.factories.mail import ChangeFactory, DigestFactory, EditionFactory, OutboxMailFactory, RecipientFactory
from tests.factories.money import (
    AssumptionFactory,
    BusinessCaseFactory,
    CapacityFactory,
    CostEntryFactory,
    ExchangeRateFactory,
    LedgerEntryFactory,
    PeriodFactory,
    PlannedBenefitFactory,
    PlannedCostFactory,
    PoolFactory,
    ShareFactory,
    ValueDriverFactory,
)
from tests.factories.record import (
    ArrivalFactory,
    BatchFactory,
    IntervalValueFactory,
    KpiStateFactory,
    MeasurementFactory,
    RejectionFactory,
    SeriesFactory,
    labels_hash,
)
from tests.factories.sources import (
    DataSourceFactory,
    FeedFactory,
    MappingRuleFactory,
    PullFactory,
    ReceivedSeriesFactory,
)

__all__ = [
    "CREATED",
    "PASSWORD",
    "AdministratorFactory",
    "AnnotationFactory",
    "ArrivalFactory",
    "AssumptionFactory",
    "AuditEventFactory",
    "BaselineFactory",
    "BatchFactory",
    "BenchmarkFactory",
    "BusinessCaseFactory",
    "CapacityFactory",
    "ChangeFactory",
    "ComparisonFactory",
    "ControllerFactory",
    "CostEntryFactory",
    "DataSourceFactory",
    "DigestFactory",
    "EditionFactory",
    "EffectFactory",
    "EngineerFactory",
    "ExchangeRateFactory",
    "FeedFactory",
    "HolidayFactory",
    "InitiativeFactory",
    "IntervalValueFactory",
    "KpiFactory",
    "KpiStateFactory",
    "LedgerEntryFactory",
    "MappingRuleFactory",
    "MeasurementFactory",
    "OrganisationFactory",
    "OutboxMailFactory",
    "PeriodFactory",
    "PhaseEntryFactory",
    "PlannedBenefitFactory",
    "PlannedCostFactory",
    "PoolFactory",
    "ProductOwnerFactory",
    "PullFactory",
    "ReceivedSeriesFactory",
    "RecipientFactory",
    "RejectionFactory",
    "SeriesFactory",
    "ShareFactory",
    "TargetFactory",
    "TokenFactory",
    "UserFactory",
    "ValueDriverFactory",
    "benchmark_entry",
    "hashed_password",
    "labels_hash",
    "token_for",
]
