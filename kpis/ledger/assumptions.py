"""Assumptions, and what was stated of them when: two tables of the room, looked up in `ledger.models` by Django."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from functools import cached_property

from django.db import models
from django.db.models import F, Q


class Assumption(models.Model):
    """A number that nobody measures: low, likely and high, with an owner, a source and a time it holds for.

    One row may serve several drivers (the service hour): it is then drawn once for all of them. `low`, `likely`,
    `high`, `owner`, `source` and `valid_to` are those of its newest version, which counts from `valid_from` on; null:
    it is the only one. What holds on a day is said by `on`.
    """

    name = models.CharField(max_length=120)
    low = models.DecimalField(max_digits=18, decimal_places=6)
    likely = models.DecimalField(max_digits=18, decimal_places=6)
    high = models.DecimalField(max_digits=18, decimal_places=6)
    is_share = models.BooleanField(default=False)  # realisation, attribution: within 0..1
    owner = models.CharField(max_length=120, blank=True)
    source = models.CharField(max_length=300, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)  # inclusive; afterwards it has run out, and pages say so
    review_on = models.DateField(null=True, blank=True)  # when its owner should look at it again
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="assumption_range_is_in_order", condition=Q(low__lte=F("likely"), likely__lte=F("high"))
            ),
            models.CheckConstraint(
                name="assumption_share_is_within_0_and_1", condition=Q(is_share=False) | Q(low__gte=0, high__lte=1)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def validities(self) -> tuple[AssumptionVersion, ...]:
        """The versions that count, oldest first: each from its `valid_from` until the next one begins.

        No query for an assumption that never had another value; for several at once see `versions.attach`.
        """
        if self.valid_from is None:
            return (AssumptionVersion.standing(self),)
        return tuple(self.versions.filter(replaced_at=None).order_by(F("valid_from").asc(nulls_first=True)))

    def on(self, day: date) -> AssumptionVersion:
        """What it holds for an interval that begins on a local day; before the first version, the first."""
        begins = [version.valid_from or date.min for version in self.validities]
        return self.validities[max(bisect_right(begins, day) - 1, 0)]


class AssumptionVersion(models.Model):
    """One statement of an assumption: its values from a day on (null: from the beginning), who made it, when and why.

    Written from the first change on, the statement before it included. A dated change adds a row; a correction takes
    the place of the row that it corrects, which stays with the time at which it was replaced.
    """

    STATED = ("low", "likely", "high", "owner", "source", "valid_from", "valid_to", "review_on")

    assumption = models.ForeignKey(Assumption, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()  # as `Assumption.version` was then
    low = models.DecimalField(max_digits=18, decimal_places=6)
    likely = models.DecimalField(max_digits=18, decimal_places=6)
    high = models.DecimalField(max_digits=18, decimal_places=6)
    owner = models.CharField(max_length=120, blank=True)
    source = models.CharField(max_length=300, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    review_on = models.DateField(null=True, blank=True)
    author = models.ForeignKey("kpis.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(null=True, blank=True)  # null: from before the first change
    reason = models.CharField(max_length=300, blank=True)
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["assumption", "version"], name="assumption_version_once"),
            models.UniqueConstraint(
                fields=["assumption", "valid_from"],
                condition=Q(replaced_at=None),
                name="one_version_of_an_assumption_from_a_day",
            ),
            models.UniqueConstraint(
                fields=["assumption"],
                condition=Q(replaced_at=None, valid_from=None),
                name="one_version_of_an_assumption_from_the_beginning",
            ),
            models.CheckConstraint(
                name="version_of_assumption_is_in_order", condition=Q(low__lte=F("likely"), likely__lte=F("high"))
            ),
            models.CheckConstraint(
                name="version_of_assumption_is_valid_in_order",
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_from__lte=F("valid_to")),
            ),
        ]

    @classmethod
    def standing(cls, assumption: Assumption) -> AssumptionVersion:
        """As the assumption's own row stands, not stored."""
        stated = {name: getattr(assumption, name) for name in cls.STATED}
        return cls(assumption=assumption, version=assumption.version, **stated)

    def has_run_out(self, day: date) -> bool:
        """Whether it was meant to hold for a shorter time than until this day."""
        return self.valid_to is not None and self.valid_to < day
