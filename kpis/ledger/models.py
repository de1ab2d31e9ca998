from __future__ import annotations

from datetime import date, datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from kpis.baselines.models import Baseline
from kpis.definitions.models import CURRENCY, Initiative, Kpi
from kpis.ledger.assumptions import Assumption as Assumption
from kpis.ledger.assumptions import AssumptionVersion as AssumptionVersion


class ValueDriver(models.Model):
    """The rule that turns one KPI's effect into money, in the initiative's currency.

    amount = ±(counterfactual − actual) · volume · unit_factor · unit_value · realisation · attribution for each
    interval of the KPI. `unit_factor` turns KPI unit × volume into what `unit_value` prices (minutes → hours: 1/60).
    """

    class BenefitType(models.TextChoices):
        DIRECT = "direct"
        INDIRECT = "indirect"

    class Kind(models.TextChoices):
        TIME = "time"
        ERRORS = "errors"
        COST_AVOIDANCE = "cost_avoidance"
        CONVERSION = "conversion"
        DEFLECTION = "deflection"
        THROUGHPUT = "throughput"
        RAMP_UP = "ramp_up"
        FREE_FORM = "free_form"

    initiative = models.ForeignKey(Initiative, on_delete=models.CASCADE, related_name="value_drivers")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=14, choices=Kind, default=Kind.FREE_FORM)
    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="value_drivers")
    volume_kpi = models.ForeignKey(Kpi, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    volume_per_interval = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    priced_unit = models.CharField(max_length=40, blank=True)  # what one `unit_value` is paid for: h, {ticket}, EUR
    unit_factor = models.DecimalField(max_digits=24, decimal_places=15, default=1)
    unit_value = models.ForeignKey(Assumption, on_delete=models.PROTECT, related_name="+")
    realisation = models.ForeignKey(Assumption, on_delete=models.PROTECT, related_name="+")
    attribution = models.ForeignKey(Assumption, on_delete=models.PROTECT, related_name="+")
    benefit_type = models.CharField(max_length=8, choices=BenefitType, default=BenefitType.DIRECT)
    is_freed_time = models.BooleanField(default=False)  # time saved that no follow-up KPI has traced yet
    pool = models.ForeignKey("kpis.Pool", null=True, blank=True, on_delete=models.PROTECT, related_name="drivers")
    captured_by = models.ForeignKey(Kpi, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    version = models.PositiveIntegerField(default=1)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    owner = models.CharField(max_length=120, blank=True)
    source = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["initiative_id", "id"]
        constraints = [
            models.UniqueConstraint(fields=["initiative", "name", "version"], name="driver_version_once"),
            models.CheckConstraint(
                name="driver_has_one_volume",
                condition=Q(volume_kpi__isnull=False, volume_per_interval__isnull=True)
                | Q(volume_kpi__isnull=True, volume_per_interval__isnull=False),
            ),
            models.CheckConstraint(
                name="driver_is_valid_in_order",
                condition=Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_from__lte=F("valid_to")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_valid_on(self, day: date) -> bool:
        """Whether the driver counts on a local date, both ends included."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


class CostEntry(models.Model):
    """Money spent on an initiative: once, or recurring on the anchor day until `until` (inclusive)."""

    class Category(models.TextChoices):
        INFRASTRUCTURE = "infrastructure"
        PERSONNEL = "personnel"
        LICENCE = "licence"
        EXTERNAL = "external"
        TRAINING = "training"
        OTHER = "other"

    class Recurrence(models.TextChoices):
        NONE = "none"
        MONTHLY = "monthly"
        QUARTERLY = "quarterly"
        YEARLY = "yearly"

    class Kind(models.TextChoices):
        PLANNED = "planned"
        ACTUAL = "actual"

    class Settlement(models.TextChoices):
        ESTIMATED = "estimated"
        INVOICED = "invoiced"
        RECONCILED = "reconciled"

    initiative = models.ForeignKey(Initiative, on_delete=models.CASCADE, related_name="costs")
    name = models.CharField(max_length=160)
    cost_category = models.CharField(max_length=14, choices=Category)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3, validators=[CURRENCY])
    on = models.DateField()
    recurrence = models.CharField(max_length=9, choices=Recurrence, default=Recurrence.NONE)
    until = models.DateField(null=True, blank=True)
    kind = models.CharField(max_length=7, choices=Kind, default=Kind.ACTUAL)
    settlement = models.CharField(max_length=10, choices=Settlement, default=Settlement.INVOICED)
    reference = models.CharField(max_length=400, blank=True)  # what the line of a bill is known by

    class Meta:
        ordering = ["on", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["initiative", "reference"], condition=~Q(reference=""), name="cost_reference_once"
            ),
            models.CheckConstraint(
                name="cost_ends_after_it_starts", condition=Q(until__isnull=True) | Q(until__gte=F("on"))
            ),
            models.CheckConstraint(
                name="cost_until_needs_a_recurrence", condition=Q(until__isnull=True) | ~Q(recurrence="none")
            ),
        ]


class ExchangeRate(models.Model):
    """What one unit of `currency` was worth in `into` from a day on, as somebody published it."""

    currency = models.CharField(max_length=3, validators=[CURRENCY])
    into = models.CharField(max_length=3, validators=[CURRENCY])
    on = models.DateField()
    rate = models.DecimalField(max_digits=20, decimal_places=10)
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ["-on", "currency", "into"]
        constraints = [
            models.UniqueConstraint(fields=["currency", "into", "on"], name="exchange_rate_once_a_day"),
            models.CheckConstraint(name="exchange_rate_is_positive", condition=Q(rate__gt=0)),
            models.CheckConstraint(name="exchange_rate_of_two_currencies", condition=~Q(currency=F("into"))),
            models.CheckConstraint(name="exchange_rate_has_a_source", condition=~Q(source="")),
        ]


class LedgerEntry(models.Model):
    """The benefit of one value driver in one interval, in `currency`: the only source of benefit figures.

    Keeps the identity and the value of everything that it used, so that the amount can be recomputed from the row.
    `low` and `high` are its 80 % range. An *open* entry follows the data until its period is closed.

    `claimed` is what the interval comes to by the row's facts and terms, `counted` what of it counts: less where others
    draw on the same pool of hours or money (`pools.counting`), a loss always in full.

    An *adjustment* says what later became known of an interval in a closed period: its facts and terms are those that
    hold since `computed_at`, its amount what counts of them less all that was booked for the interval before. It counts
    on the day on which it was booked and points at the first row of the interval. Closed entries and adjustments never
    change (trigger `booked_entry_is_frozen`).
    """

    ran_out: tuple[Assumption, ...] = ()  # no column: filled by `expiry.marked`

    class Status(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"
        ADJUSTMENT = "adjustment"

    class Cause(models.TextChoices):
        LATE_DATA = "late_data"  # more measurements than before
        CORRECTED_DATA = "corrected_data"  # other values, or fewer
        ASSUMPTION = "assumption"  # price, realisation, attribution, unit factor
        BASELINE = "baseline"  # another version, or other data in its window
        DRIVER = "driver"  # another KPI, volume, time of validity or go-live
        OVERLAP = "overlap"  # another share of the claim counts: of the pool's other claims, capacity or rule

    initiative = models.ForeignKey(Initiative, on_delete=models.CASCADE, related_name="entries")
    driver = models.ForeignKey(ValueDriver, on_delete=models.CASCADE, related_name="entries")
    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="+")
    baseline = models.ForeignKey(Baseline, on_delete=models.CASCADE, related_name="+")
    interval_start = models.DateTimeField()
    interval_end = models.DateTimeField()
    counterfactual = models.FloatField()
    actual = models.FloatField()
    volume = models.FloatField()
    unit_factor = models.DecimalField(max_digits=24, decimal_places=15)
    unit_value = models.DecimalField(max_digits=18, decimal_places=6)
    realisation = models.DecimalField(max_digits=18, decimal_places=6)
    attribution = models.DecimalField(max_digits=18, decimal_places=6)
    claimed = models.DecimalField(max_digits=18, decimal_places=2)
    counted = models.DecimalField(max_digits=18, decimal_places=2)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    low = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    high = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    currency = models.CharField(max_length=3)
    benefit_type = models.CharField(max_length=8, choices=ValueDriver.BenefitType)
    is_freed_time = models.BooleanField(default=False)
    method = models.CharField(max_length=10, blank=True)
    evidence_grade = models.CharField(max_length=1)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    provisional = models.BooleanField(default=False)  # its interval may still change by itself
    measurements = models.PositiveIntegerField()  # rows behind `actual`
    computed_at = models.DateTimeField()
    corrects = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="adjustments")
    causes = ArrayField(models.CharField(max_length=14, choices=Cause), default=list, blank=True)

    class Meta:
        ordering = ["interval_start", "driver_id"]
        indexes = [
            models.Index(fields=["initiative", "interval_start"], name="ledger_by_initiative"),
            models.Index(fields=["driver", "interval_start"], name="ledger_by_driver"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["driver", "interval_start"],
                condition=Q(status="open"),
                name="open_entry_once_per_driver_and_interval",
            ),
            models.UniqueConstraint(
                fields=["driver", "interval_start", "interval_end"],
                condition=Q(status="closed"),
                name="closed_entry_once_per_driver_and_interval",
            ),
            models.CheckConstraint(
                name="adjustments_alone_have_causes",
                condition=Q(status="adjustment", causes__len__gte=1)
                | ~Q(status="adjustment") & Q(causes__len=0, corrects__isnull=True),
            ),
            models.CheckConstraint(
                name="entry_counts_no_more_than_it_claims",
                condition=Q(counted=F("claimed")) | Q(counted__gte=0, counted__lt=F("claimed")),
            ),
            models.CheckConstraint(
                name="entry_ends_after_it_starts", condition=Q(interval_start__lt=F("interval_end"))
            ),
        ]

    @property
    def booked_at(self) -> datetime:
        """When the amount counts: at the end of its interval, an adjustment at the instant at which it was booked."""
        return self.computed_at if self.status == self.Status.ADJUSTMENT else self.interval_end


class Trace(models.Model):
    """Where the time that a driver saved went: what a follow-up KPI shows of it in one of its own intervals.

    amount = the smaller of `booked`, the driver's freed time of the interval, and (±(counterfactual − actual) − taken)
    · unit_factor · unit_value, never below zero. `counterfactual` and `actual` are the follow-up's, in its unit;
    `taken` is what drivers before this one have of it already. `unit_factor` turns the follow-up's unit into what
    `unit_value` prices; money is taken at face value.

    It is a part of the driver's entries, not added to them. Open traces follow the data; closed ones and adjustments
    stay (trigger `booked_trace_is_frozen`), as `LedgerEntry`.
    """

    class Basis(models.TextChoices):
        BASELINE = "baseline"  # the follow-up's approved baseline, long enough
        DECLARED = "declared"  # its baseline is a statement
        PLAIN = "plain_difference"  # too few intervals before go-live, or none approved: their plain mean

    class Cause(models.TextChoices):
        LATE_DATA = "late_data"  # more measurements of the follow-up than before
        CORRECTED_DATA = "corrected_data"  # other values, or fewer
        SAVING = "saving"  # the driver's own amount
        ASSUMPTION = "assumption"  # price, or unit factor
        BASELINE = "baseline"  # what the follow-up is compared with
        DRIVER = "driver"  # another follow-up KPI, or one that came after the period was closed
        SHARED = "shared"  # another driver takes more or less of the same follow-up

    initiative = models.ForeignKey(Initiative, on_delete=models.CASCADE, related_name="traces")
    driver = models.ForeignKey(ValueDriver, on_delete=models.CASCADE, related_name="traces")
    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="+")
    baseline = models.ForeignKey(Baseline, null=True, on_delete=models.CASCADE, related_name="+")
    basis = models.CharField(max_length=16, choices=Basis)
    intervals_before = models.PositiveIntegerField(default=0)  # behind `counterfactual`
    interval_start = models.DateTimeField()
    interval_end = models.DateTimeField()
    direction = models.CharField(max_length=8, choices=Kpi.Direction)
    counterfactual = models.FloatField()
    actual = models.FloatField()
    taken = models.DecimalField(max_digits=24, decimal_places=9, default=0)
    unit_factor = models.DecimalField(max_digits=24, decimal_places=15)
    unit_value = models.DecimalField(max_digits=18, decimal_places=6)
    booked = models.DecimalField(max_digits=18, decimal_places=2)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=LedgerEntry.Status, default=LedgerEntry.Status.OPEN)
    provisional = models.BooleanField(default=False)
    measurements = models.PositiveIntegerField()  # rows behind `actual`; 0: the interval does not count any more
    computed_at = models.DateTimeField()
    corrects = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="adjustments")
    causes = ArrayField(models.CharField(max_length=14, choices=Cause), default=list, blank=True)

    class Meta:
        ordering = ["interval_start", "driver_id", "id"]
        indexes = [
            models.Index(fields=["driver", "interval_start"], name="trace_by_driver"),
            models.Index(fields=["initiative", "interval_start"], name="trace_by_initiative"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["driver", "kpi", "interval_start"],
                condition=Q(status="open"),
                name="open_trace_once_per_driver_and_interval",
            ),
            models.UniqueConstraint(
                fields=["driver", "kpi", "interval_start", "interval_end"],
                condition=Q(status="closed"),
                name="closed_trace_once_per_driver_and_interval",
            ),
            models.CheckConstraint(
                name="adjusted_traces_alone_have_causes",
                condition=Q(status="adjustment", causes__len__gte=1)
                | ~Q(status="adjustment") & Q(causes__len=0, corrects__isnull=True),
            ),
            models.CheckConstraint(
                name="trace_is_within_what_was_saved",
                condition=Q(status="adjustment") | Q(amount__gte=0) & (Q(amount=0) | Q(amount__lte=F("booked"))),
            ),
            models.CheckConstraint(
                name="trace_ends_after_it_starts", condition=Q(interval_start__lt=F("interval_end"))
            ),
        ]

    @property
    def booked_at(self) -> datetime:
        """When the amount counts, as of an entry."""
        return self.computed_at if self.status == LedgerEntry.Status.ADJUSTMENT else self.interval_end


class Period(models.Model):
    """A month or fiscal quarter that a controller has closed: its entries and costs stay as they were then.

    `first` and `last` are local dates; `starts_at` and `ends_at` the instants that they were when it was closed, and
    each period begins where the one before ended. The sample company has periods of its own. A row never changes
    (trigger `closed_period_is_frozen`); there is no reopening. `account`: by the initiative's slug, what was frozen.
    """

    class Kind(models.TextChoices):
        MONTH = "month"
        QUARTER = "quarter"

    kind = models.CharField(max_length=7, choices=Kind)
    is_sample = models.BooleanField(default=False)
    first = models.DateField()
    last = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    closed_at = models.DateTimeField()
    closed_by = models.ForeignKey("kpis.User", null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=300, blank=True)  # why it was closed although intervals hold no data
    account = models.JSONField(default=dict)

    class Meta:
        ordering = ["-ends_at"]
        constraints = [
            models.UniqueConstraint(fields=["is_sample", "first"], name="period_closed_once"),
            models.CheckConstraint(name="period_ends_after_it_starts", condition=Q(starts_at__lt=F("ends_at"))),
            models.CheckConstraint(name="period_is_over_when_closed", condition=Q(ends_at__lte=F("closed_at"))),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        """Its name in addresses and the trail: `2026-09`, `2026-07-to-2026-09`, of the sample `sample-2026-09`."""
        months = f"{self.first:%Y-%m}" if self.kind == self.Kind.MONTH else f"{self.first:%Y-%m}-to-{self.last:%Y-%m}"
        return f"sample-{months}" if self.is_sample else months

    def status(self, now: datetime) -> str:
        """`closed`, `open` (over, and to be closed) or `running`."""
        if self.is_closed:
            return "closed"
        return "open" if self.ends_at <= now else "running"

    @property
    def is_closed(self) -> bool:
        """Whether it is a row. One that is still open exists in the calendar only."""
        return self.pk is not None
