from __future__ import annotations

from django.db import models

from kpis.definitions.models import Kpi


class Benchmark(models.Model):
    """One published figure with source, year, population and grade; `entry` is the catalogue's own record.

    `is_catalogue` rows follow the catalogue file of the release; others were entered by the house.
    """

    slug = models.CharField(max_length=120, unique=True)
    metric = models.CharField(max_length=120, db_index=True)
    kind = models.CharField(max_length=6)  # effect, level
    unit = models.CharField(max_length=40)
    direction = models.CharField(max_length=8)
    evidence_grade = models.CharField(max_length=1)
    data_year = models.CharField(max_length=20, blank=True)
    review_after = models.DateField(null=True)
    entry = models.JSONField()
    is_catalogue = models.BooleanField(default=True)


class Comparison(models.Model):
    """Which published metric a KPI may be compared with, and by which reading of the KPI. Set by a person.

    level: the KPI's value; change: its relative effect; rate_change: the relative effect on units per time, where
    the KPI is time per unit (1/(1−x) − 1).
    """

    class Reading(models.TextChoices):
        LEVEL = "level"
        CHANGE = "change"
        RATE_CHANGE = "rate_change"

    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="comparisons")
    metric = models.CharField(max_length=120)
    reading = models.CharField(max_length=11, choices=Reading)
    factor = models.FloatField(default=1)  # KPI's unit into the benchmark's unit

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kpi", "metric"], name="comparison_once_per_metric")]
