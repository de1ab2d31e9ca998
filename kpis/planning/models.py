from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from kpis.definitions.models import CURRENCY, Initiative
from kpis.ledger.models import CostEntry, ValueDriver


class BusinessCase(models.Model):
    """What an initiative was approved on: planned benefits and costs, in its currency, from a planned go-live on.

    `ramp`: adopted share in the first, second, … month since go-live; the last one stays, empty is all at once.
    An approved row never changes, nor do its benefits and costs (trigger `business_case_is_frozen`); a new version
    supersedes it, and what was compared with the older one stays readable.
    """

    initiative = models.ForeignKey(Initiative, on_delete=models.CASCADE, related_name="business_cases")
    version = models.PositiveIntegerField()  # 1, 2, …; the highest approved one counts
    currency = models.CharField(max_length=3, validators=[CURRENCY])
    go_live_on = models.DateField()
    ramp = ArrayField(models.DecimalField(max_digits=5, decimal_places=4), default=list, blank=True)
    owner = models.CharField(max_length=120)
    source = models.CharField(max_length=300)
    note = models.TextField(blank=True)
    author = models.ForeignKey("kpis.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    approved_by = models.ForeignKey("kpis.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    self_approved = models.BooleanField(default=False)

    class Meta:
        ordering = ["initiative_id", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["initiative", "version"], name="business_case_version_once"),
            models.CheckConstraint(name="business_case_has_a_source", condition=~Q(source="")),
        ]

    def __str__(self) -> str:
        return f"{self.initiative_id}:{self.version}"


class PlannedBenefit(models.Model):
    """One planned benefit a month: volume_per_month · effect · unit_factor · unit_value · realised · adopted share.

    `effect` is the improvement of one unit of volume in the KPI's unit, above 0 where better; where it was stated as
    a share, of `reference`, that is kept beside it. `realised` is realisation · attribution. `from_month`, `to_month`
    count since go-live (1 is the first), so that several rows of one driver are its phases.
    """

    business_case = models.ForeignKey(BusinessCase, on_delete=models.CASCADE, related_name="benefits")
    driver = models.ForeignKey(ValueDriver, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=120)
    unit = models.CharField(max_length=40, blank=True)  # of `effect`, as the KPI has it when the case is written
    volume_per_month = models.DecimalField(max_digits=18, decimal_places=6)
    effect = models.DecimalField(max_digits=24, decimal_places=9)
    effect_share = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    reference = models.DecimalField(max_digits=24, decimal_places=9, null=True, blank=True)
    unit_factor = models.DecimalField(max_digits=24, decimal_places=15, default=1)
    unit_value = models.DecimalField(max_digits=18, decimal_places=6)
    realised = models.DecimalField(max_digits=7, decimal_places=6, default=1)
    from_month = models.PositiveSmallIntegerField(default=1)
    to_month = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="planned_realised_is_a_share", condition=Q(realised__gte=0, realised__lte=1)),
            models.CheckConstraint(name="planned_volume_is_not_negative", condition=Q(volume_per_month__gte=0)),
            models.CheckConstraint(
                name="planned_months_are_in_order",
                condition=Q(from_month__gte=1) & (Q(to_month__isnull=True) | Q(to_month__gte=F("from_month"))),
            ),
        ]


class PlannedCost(models.Model):
    """One planned cost in the case's currency; `stated`: how it stood among the planned costs, where converted."""

    business_case = models.ForeignKey(BusinessCase, on_delete=models.CASCADE, related_name="costs")
    name = models.CharField(max_length=160)
    cost_category = models.CharField(max_length=14, choices=CostEntry.Category)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    on = models.DateField()
    recurrence = models.CharField(max_length=9, choices=CostEntry.Recurrence, default=CostEntry.Recurrence.NONE)
    until = models.DateField(null=True, blank=True)
    stated = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["on", "id"]
        constraints = [
            models.CheckConstraint(
                name="planned_cost_ends_after_it_starts", condition=Q(until__isnull=True) | Q(until__gte=F("on"))
            ),
            models.CheckConstraint(
                name="planned_cost_until_needs_a_recurrence", condition=Q(until__isnull=True) | ~Q(recurrence="none")
            ),
        ]
