from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from kpis.definitions.models import Kpi
from kpis.measurements.models import Series


class IntervalValue(models.Model):
    """The mergeable state of one series in one interval `[start, end)`; no row means no data, never zero.

    A KPI's value is read by merging the states of its label sets (`rollups.series`). Computed from the measurements
    only, never edited.
    """

    pk = models.CompositePrimaryKey("series_id", "granularity", "start")
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="+", db_index=False)
    granularity = models.CharField(max_length=7, choices=Kpi.Interval)
    start = models.DateTimeField()
    end = models.DateTimeField()
    n = models.BigIntegerField()
    sum_w = models.FloatField()
    sum_w2 = models.FloatField()
    mean = models.FloatField()  # weighted; the plain mean where all weights are zero
    m2 = models.FloatField()
    total = models.FloatField()  # sum of the values, not weighted
    minimum = models.FloatField()
    maximum = models.FloatField()
    last_at = models.DateTimeField()
    last = models.FloatField()
    bins = models.JSONField(null=True)  # log-binned histogram, for percentiles only
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="interval_ends_after_it_starts", condition=Q(start__lt=F("end"))),
            models.CheckConstraint(name="interval_has_data", condition=Q(n__gte=1)),
        ]


class KpiState(models.Model):
    """What pages need of a KPI at once: newest point, and up to which change its evaluation has been carried.

    To do where `evaluated_version` is behind `version`: a number, not a clock, so that a change in the middle of an
    evaluation is never lost.
    """

    kpi = models.OneToOneField(Kpi, on_delete=models.CASCADE, primary_key=True, related_name="state")
    version = models.BigIntegerField(default=0)  # raised by each change of data or definition: ETag
    evaluated_version = models.BigIntegerField(default=0)  # effect and ledger hold up to this change
    newest_at = models.DateTimeField(null=True)  # the newest measurement's own time
    arrived_at = models.DateTimeField(null=True)
    evaluated_at = models.DateTimeField(null=True)  # effect and ledger stand as of this instant
