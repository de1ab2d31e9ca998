from __future__ import annotations

from django.db import models

from kpis.baselines.models import Baseline
from kpis.definitions.models import Kpi


class Effect(models.Model):
    """The newest effect of a KPI against its approved baseline, in the KPI's unit; `effect` is actual − counterfactual.

    Numbers that do not exist are null and `reasons` says why. `counterfactual` holds what is needed to say, for any
    later interval, what would have been without the initiative.
    """

    class Verdict(models.TextChoices):
        IMPROVED = "improved"
        WORSE = "worse"
        NO_CLEAR_CHANGE = "no_clear_change"
        NOT_ENOUGH_DATA = "not_enough_data"

    kpi = models.OneToOneField(Kpi, on_delete=models.CASCADE, primary_key=True, related_name="effect")
    baseline = models.ForeignKey(Baseline, null=True, on_delete=models.CASCADE, related_name="+")
    as_of = models.DateTimeField()
    method = models.CharField(max_length=10, blank=True)
    evidence_grade = models.CharField(max_length=1, blank=True)
    verdict = models.CharField(max_length=15, choices=Verdict)
    n_before = models.PositiveIntegerField(default=0)
    n_after = models.PositiveIntegerField(default=0)
    baseline_value = models.FloatField(null=True)
    actual = models.FloatField(null=True)
    control_baseline = models.FloatField(null=True)
    control_actual = models.FloatField(null=True)
    effect = models.FloatField(null=True)
    standard_error = models.FloatField(null=True)
    df = models.FloatField(null=True)
    phi = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    confidence = models.FloatField(default=0.95)
    improvement = models.FloatField(null=True)  # share; above zero is better
    improvement_low = models.FloatField(null=True)
    improvement_high = models.FloatField(null=True)
    monitoring_low = models.FloatField(null=True)
    monitoring_high = models.FloatField(null=True)
    counterfactual = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    reasons = models.JSONField(default=dict)
    details = models.JSONField(default=dict)
