"""The organisation, initiatives, their KPIs, and what is dated."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from kpis.definitions.models import Annotation, Holiday, Initiative, Kpi, Organisation, Target
from kpis.phases.models import PhaseEntry


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
