"""Sources, what they are asked for and what they sent."""

from __future__ import annotations

from datetime import timedelta

import factory
from factory.django import DjangoModelFactory

from kpis.sources.models import DataSource, Feed, MappingRule, Pull, ReceivedSeries
from tests.factories.definitions import KpiFactory
from tests.factories.instants import CREATED
from tests.factories.record import labels_hash


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
