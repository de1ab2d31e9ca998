from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from kpis.calculations import overlap
from kpis.definitions.models import CURRENCY


class Pool(models.Model):
    """Hours of a team, or money of a cost line, on which value drivers draw. What counts of their claims: `rule`.

    `slug` is how a driver names it, in whatever writing. `share`: how much of the capacity may be claimed, None for the
    usual (`pools.counting.share_of`). The sample company has pools of its own.
    """

    class Unit(models.TextChoices):
        HOURS = "hours"
        MONEY = "money"

    class Rule(models.TextChoices):
        BEST_EVIDENCE = overlap.Rule.BEST_EVIDENCE.value
        IN_ORDER = overlap.Rule.IN_ORDER.value
        PRO_RATA = overlap.Rule.PRO_RATA.value
        ONE_PROCESS = overlap.Rule.ONE_PROCESS.value

    is_sample = models.BooleanField(default=False)
    slug = models.CharField(max_length=80)
    name = models.CharField(max_length=120)
    unit = models.CharField(max_length=5, choices=Unit, default=Unit.HOURS)
    currency = models.CharField(max_length=3, validators=[CURRENCY], blank=True)  # of money
    share = models.DecimalField(max_digits=4, decimal_places=3, null=True, blank=True)
    rule = models.CharField(max_length=13, choices=Rule, default=Rule.BEST_EVIDENCE)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint("is_sample", Lower("slug"), name="pool_is_named_once"),
            models.CheckConstraint(name="pool_has_a_name", condition=~Q(slug="") & ~Q(name="")),
            models.CheckConstraint(
                name="pool_share_is_within_0_and_1", condition=Q(share__isnull=True) | Q(share__gt=0, share__lte=1)
            ),
            models.CheckConstraint(
                name="pool_of_money_has_a_currency",
                condition=Q(unit="money") & ~Q(currency="") | Q(unit="hours", currency=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Capacity(models.Model):
    """What a pool holds in a month, from the month of `since` on until a later row: paid hours, or money."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="capacities")
    since = models.DateField()  # the first of a month
    quantity = models.DecimalField(max_digits=18, decimal_places=2)
    owner = models.CharField(max_length=120)
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ["since"]
        constraints = [
            models.UniqueConstraint(fields=["pool", "since"], name="capacity_once_a_month"),
            models.CheckConstraint(name="capacity_is_not_negative", condition=Q(quantity__gte=0)),
            models.CheckConstraint(name="capacity_begins_with_a_month", condition=Q(since__day=1)),
            models.CheckConstraint(name="capacity_has_owner_and_source", condition=~Q(owner="") & ~Q(source="")),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} from {self.since:%Y-%m}"

    def holds_in(self, month: date) -> bool:
        return self.since <= month


class Apart(models.Model):
    """A controller decided that the claims of two drivers on one pool are different hours, and said why."""

    first = models.ForeignKey("kpis.ValueDriver", on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey("kpis.ValueDriver", on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=300)
    decided_by = models.ForeignKey("kpis.User", null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="claims_are_apart_once"),
            models.CheckConstraint(name="apart_pair_is_in_order", condition=Q(first__lt=F("second"))),
            models.CheckConstraint(name="apart_has_a_reason", condition=~Q(reason="")),
        ]

    @property
    def pair(self) -> frozenset[int]:
        return frozenset((self.first_id, self.second_id))
