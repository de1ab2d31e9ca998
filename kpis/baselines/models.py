from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from kpis.definitions.models import Kpi


class Baseline(models.Model):
    """The frozen reference of one KPI: what every later value is compared with.

    `value`, `low`, `high` and `spread` (standard deviation of the interval values) are in the KPI's unit; the window
    is half-open. A *declared* baseline names its source, has no window and no spread, and its effect no interval.
    Intervals between go-live and `transition_until` (roll-out, training) are booked but do not count for the effect:
    said beforehand, so that nobody can choose it later. `reconstructed_intervals` of its intervals hold only data that
    arrived after go-live. `treated` and `control` are label matchers where a control
    group exists. `method_choice` is the method of evaluation, chosen on the baseline's data alone and frozen with it.
    An approved row never changes (trigger `baseline_is_frozen`); a new version supersedes it.
    """

    class Method(models.TextChoices):
        MEASURED = "measured"
        DECLARED = "declared"

    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="baselines")
    version = models.PositiveIntegerField()  # 1, 2, …; the highest approved one counts
    method = models.CharField(max_length=8, choices=Method)
    window_start = models.DateTimeField(null=True, blank=True)
    window_end = models.DateTimeField(null=True, blank=True)
    transition_until = models.DateTimeField(null=True, blank=True)  # roll-out: neither before nor after
    value = models.DecimalField(max_digits=24, decimal_places=9)
    low = models.DecimalField(max_digits=24, decimal_places=9, null=True, blank=True)
    high = models.DecimalField(max_digits=24, decimal_places=9, null=True, blank=True)
    spread = models.FloatField(null=True, blank=True)
    intervals = models.PositiveIntegerField(default=0)  # that the window holds with data
    reconstructed_intervals = models.PositiveIntegerField(default=0)
    control_value = models.DecimalField(max_digits=24, decimal_places=9, null=True, blank=True)
    treated = models.JSONField(default=dict, blank=True)
    control = models.JSONField(null=True, blank=True)
    method_choice = models.CharField(max_length=10, blank=True)  # welch, ar1, its, did; empty: declared
    choice_reason = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=300, blank=True)
    note = models.TextField(blank=True)
    author = models.ForeignKey("kpis.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    approved_by = models.ForeignKey("kpis.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    self_approved = models.BooleanField(default=False)

    @property
    def is_reconstructed(self) -> bool:
        return self.reconstructed_intervals > 0

    class Meta:
        ordering = ["kpi_id", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["kpi", "version"], name="baseline_version_once"),
            # A CHECK lets NULL pass, so each column that a rule needs is also asked to be there.
            models.CheckConstraint(
                name="baseline_measured_has_window",
                condition=~Q(method="measured")
                | Q(window_start__isnull=False, window_end__isnull=False, spread__isnull=False)
                & Q(window_start__lt=F("window_end"), spread__gte=0),
            ),
            models.CheckConstraint(
                name="baseline_declared_has_source",
                condition=~Q(method="declared") | ~Q(source="") & Q(spread__isnull=True, window_start__isnull=True),
            ),
            models.CheckConstraint(
                name="baseline_range_holds_value",
                condition=Q(low__isnull=True, high__isnull=True)
                | Q(low__isnull=False, high__isnull=False, low__lte=F("value"), high__gte=F("value")),
            ),
        ]
