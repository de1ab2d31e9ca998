"""The index of tables: Django looks here. Nobody else imports this module; take a model from its room."""

from kpis.access.models import AuditEvent, Token, User
from kpis.baselines.models import Baseline
from kpis.benchmarks.models import Benchmark, Comparison
from kpis.definitions.models import Annotation, Holiday, Initiative, Kpi, KpiVersion, Organisation, Target
from kpis.digests.models import BaselineWarning, Digest, Edition, Recipient
from kpis.evaluation.models import Effect
from kpis.ingest.models import PayloadSample, RefusedMinute, Rejection, SentQuarter, TokenRate
from kpis.ledger.models import (
    Assumption,
    AssumptionVersion,
    CostEntry,
    ExchangeRate,
    LedgerEntry,
    Period,
    Trace,
    ValueDriver,
)
from kpis.ledger.pools.models import Apart, Capacity, Pool
from kpis.measurements.models import Arrival, Batch, Measurement, Retention, Series
from kpis.phases.models import PhaseEntry
from kpis.planning.models import BusinessCase, PlannedBenefit, PlannedCost
from kpis.plumbing.models import Change, IdempotentAnswer, OutboxMail, StateStamp
from kpis.roi.models import Snapshot, SnapshotEntry
from kpis.rollups.models import IntervalValue, KpiState
from kpis.sources.models import DataSource, Feed, MappingRule, Pull, ReceivedSample, ReceivedSeries

__all__ = [
    "Annotation",
    "Apart",
    "Arrival",
    "Assumption",
    "AssumptionVersion",
    "AuditEvent",
    "Baseline",
    "BaselineWarning",
    "Batch",
    "Benchmark",
    "BusinessCase",
    "Capacity",
    "Change",
    "Comparison",
    "CostEntry",
    "DataSource",
    "Digest",
    "Edition",
    "Effect",
    "ExchangeRate",
    "Feed",
    "Holiday",
    "IdempotentAnswer",
    "Initiative",
    "IntervalValue",
    "Kpi",
    "KpiState",
    "KpiVersion",
    "LedgerEntry",
    "MappingRule",
    "Measurement",
    "Organisation",
    "OutboxMail",
    "PayloadSample",
    "Period",
    "PhaseEntry",
    "PlannedBenefit",
    "PlannedCost",
    "Pool",
    "Pull",
    "ReceivedSample",
    "ReceivedSeries",
    "Recipient",
    "RefusedMinute",
    "Rejection",
    "Retention",
    "SentQuarter",
    "Series",
    "Snapshot",
    "SnapshotEntry",
    "StateStamp",
    "Target",
    "Token",
    "TokenRate",
    "Trace",
    "User",
    "ValueDriver",
]
