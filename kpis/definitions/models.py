from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

SLUG = RegexValidator(r"^[a-z0-9]+(?:-[a-z0-9]+)*\Z", "Small letters, digits and single hyphens only.")
CURRENCY = RegexValidator(r"^[A-Z]{3}\Z", "A currency is three capital letters, as EUR.")


class Organisation(models.Model):
    """The one house that this portal serves: its clock, fiscal year and reporting currency. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=120)
    zone = models.CharField(max_length=64, default="Europe/Berlin")  # IANA
    fiscal_year_start = models.PositiveSmallIntegerField(default=1)  # month
    reporting_currency = models.CharField(max_length=3, validators=[CURRENCY], default="EUR")
    language = models.CharField(max_length=5, default="en")

    class Meta:
        constraints = [
            models.CheckConstraint(name="organisation_is_one_row", condition=Q(id=1)),
            models.CheckConstraint(
                name="organisation_fiscal_year_starts_in_a_month",
                condition=Q(fiscal_year_start__gte=1, fiscal_year_start__lte=12),
            ),
        ]


class Holiday(models.Model):
    """A day on which no data is expected: its absence is no gap."""

    on = models.DateField(unique=True)
    name = models.CharField(max_length=100)

    class Meta:
        ordering = ["on"]


class Initiative(models.Model):
    """One AI use case with an owner, a phase and a go-live date. Money is in its `currency`."""

    class Phase(models.TextChoices):
        PROOF_OF_CONCEPT = "proof_of_concept"
        STABILISATION = "stabilisation"
        INTEGRATION = "integration"
        OPTIMISATION = "optimisation"
        RETIRED = "retired"

    slug = models.CharField(max_length=80, unique=True, validators=[SLUG])
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    business_unit = models.CharField(max_length=120, blank=True)
    owner = models.CharField(max_length=120, blank=True)
    industry = models.CharField(max_length=60, blank=True)
    business_function = models.CharField(max_length=60, blank=True)
    technology = models.CharField(max_length=60, blank=True)
    vendor = models.CharField(max_length=120, blank=True)
    phase = models.CharField(max_length=16, choices=Phase, default=Phase.PROOF_OF_CONCEPT)
    currency = models.CharField(max_length=3, validators=[CURRENCY], default="EUR")
    started_on = models.DateField(null=True, blank=True)
    go_live_on = models.DateField(null=True, blank=True)
    discount_rate = models.DecimalField(max_digits=6, decimal_places=4, default="0.08")  # a year; 0.08 is 8 %
    horizon_months = models.PositiveSmallIntegerField(default=36)
    is_sample = models.BooleanField(default=False)  # made up: marked wherever it is shown

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="initiative_goes_live_after_it_starts",
                condition=Q(started_on__isnull=True) | Q(go_live_on__isnull=True) | Q(started_on__lte=F("go_live_on")),
            ),
            models.CheckConstraint(
                name="initiative_discount_rate_is_a_share",
                condition=Q(discount_rate__gt=-1, discount_rate__lte=1),
            ),
            models.CheckConstraint(name="initiative_horizon_is_a_month_at_least", condition=Q(horizon_months__gte=1)),
        ]

    def __str__(self) -> str:
        return self.name


class Kpi(models.Model):
    """What is measured. `key` is `{initiative}.{slug}`; values are in `unit` (UCUM style).

    `workdays_only`: no data is expected on Saturdays, Sundays and holidays.
    """

    class Category(models.TextChoices):
        EFFICIENCY = "efficiency"
        QUALITY = "quality"
        COST = "cost"
        INNOVATION = "innovation"

    class Direction(models.TextChoices):
        INCREASE = "increase"
        DECREASE = "decrease"

    class Aggregation(models.TextChoices):
        MEAN = "mean"
        SUM = "sum"
        COUNT = "count"
        MIN = "min"
        MAX = "max"
        LAST = "last"
        P50 = "p50"
        P90 = "p90"
        P95 = "p95"
        P99 = "p99"

    class Interval(models.TextChoices):
        HOUR = "hour"
        DAY = "day"
        WEEK = "week"
        MONTH = "month"
        QUARTER = "quarter"

    DEFAULT_INTERVAL = {
        Category.EFFICIENCY: Interval.DAY,
        Category.QUALITY: Interval.WEEK,
        Category.COST: Interval.MONTH,
        Category.INNOVATION: Interval.QUARTER,
    }

    initiative = models.ForeignKey(Initiative, on_delete=models.CASCADE, related_name="kpis")
    slug = models.CharField(max_length=80, validators=[SLUG])
    key = models.CharField(max_length=161, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    category = models.CharField(max_length=10, choices=Category)
    unit = models.CharField(max_length=40)
    direction = models.CharField(max_length=8, choices=Direction)
    aggregation = models.CharField(max_length=5, choices=Aggregation)
    interval = models.CharField(max_length=7, choices=Interval)
    stale_after = models.DurationField(null=True, blank=True)  # null: two measurement intervals
    workdays_only = models.BooleanField(default=False)
    rows_kept_for = models.PositiveIntegerField(null=True, blank=True)  # days; null: measurements are kept for ever
    is_context = models.BooleanField(default=False)  # a volume that others are multiplied with: no verdict of its own
    version = models.PositiveIntegerField(default=1)  # of the definition
    position = models.PositiveSmallIntegerField(default=0)  # order on the initiative's page

    class Meta:
        ordering = ["initiative_id", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["initiative", "slug"], name="kpi_slug_once_per_initiative"),
            models.CheckConstraint(name="kpi_has_a_unit", condition=~Q(unit="")),
            models.CheckConstraint(
                name="kpi_keeps_measurements_a_month_at_least",
                condition=Q(rows_kept_for__isnull=True) | Q(rows_kept_for__gte=31, rows_kept_for__lte=36_600),
            ),
        ]

    def __str__(self) -> str:
        return self.key


class KpiVersion(models.Model):
    """How a KPI is measured since `valid_from` (null: from the beginning), who changed it to that, and why.

    A row for each change of unit, direction, aggregation, interval, or of the organisation's calendar. Interval values
    of open periods follow the newest; what a closed period booked stays as it was under an older one.
    """

    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()  # as `Kpi.version` was then
    unit = models.CharField(max_length=40)
    direction = models.CharField(max_length=8, choices=Kpi.Direction)
    aggregation = models.CharField(max_length=5, choices=Kpi.Aggregation)
    interval = models.CharField(max_length=7, choices=Kpi.Interval)
    zone = models.CharField(max_length=64)  # IANA
    fiscal_year_start = models.PositiveSmallIntegerField()  # month
    valid_from = models.DateTimeField(null=True)
    actor = models.CharField(max_length=40)  # as in the audit trail
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["kpi", "version"], name="kpi_version_once")]


class Target(models.Model):
    """One point of a KPI's target path, in the KPI's unit; `step` holds until the next, `linear` leads to it."""

    class Shape(models.TextChoices):
        STEP = "step"
        LINEAR = "linear"

    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="targets")
    on = models.DateField()
    value = models.DecimalField(max_digits=24, decimal_places=9)
    shape = models.CharField(max_length=6, choices=Shape, default=Shape.STEP)

    class Meta:
        ordering = ["on"]
        constraints = [models.UniqueConstraint(fields=["kpi", "on"], name="target_once_per_day")]


class Annotation(models.Model):
    """A dated event that may explain a movement: shown on every time axis, listed as a rival explanation."""

    class Kind(models.TextChoices):
        GO_LIVE = "go_live"
        MODEL_CHANGE = "model_change"
        PRICE_CHANGE = "price_change"
        REORGANISATION = "reorganisation"
        OUTAGE = "outage"
        OTHER = "other"

    initiative = models.ForeignKey(Initiative, on_delete=models.CASCADE, related_name="annotations")
    on = models.DateField()
    until = models.DateField(null=True, blank=True)  # inclusive
    kind = models.CharField(max_length=14, choices=Kind)
    text = models.CharField(max_length=200)

    class Meta:
        ordering = ["on"]
        constraints = [
            models.CheckConstraint(
                name="annotation_ends_after_it_starts", condition=Q(until__isnull=True) | Q(until__gte=F("on"))
            )
        ]
