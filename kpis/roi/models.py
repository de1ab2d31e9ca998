from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class ExactDecoder(json.JSONDecoder):
    """Numbers with a point as decimals: amounts come back digit by digit."""

    def __init__(self, **more: Any) -> None:
        super().__init__(parse_float=Decimal, **more)


class Snapshot(models.Model):
    """The figures of a portfolio or of one initiative as they were shown to somebody, kept for good.

    `scope` is the initiative's slug, "" for a portfolio; `initiatives` are the slugs of all that it holds: only who
    sees all of them sees it. `statement`: `totals` in `currency` and one row an initiative in its own; `costs`: by slug
    each payment that was counted. A row never changes (trigger `snapshot_stays`); its `digest` stands in the trail.
    """

    title = models.CharField(max_length=160)
    note = models.TextField(blank=True, max_length=2000)
    scope = models.CharField(max_length=80, blank=True)
    initiatives = ArrayField(models.CharField(max_length=80))
    filters = models.JSONField(default=dict)  # of the portfolio's page: business unit, phase
    is_sample = models.BooleanField(default=False)  # of the sample company alone
    as_of = models.DateTimeField()
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey("kpis.User", null=True, on_delete=models.SET_NULL, related_name="+")
    currency = models.CharField(max_length=3)
    statement = models.JSONField()
    costs = models.JSONField()
    digest = models.CharField(max_length=64, blank=True)  # SHA-256 of all that is kept, entries too

    class Meta:
        ordering = ["-taken_at", "-id"]
        constraints = [models.CheckConstraint(name="snapshot_has_a_title", condition=~Q(title=""))]

    def __str__(self) -> str:
        return self.title


class SnapshotEntry(models.Model):
    """One ledger entry as it stood when a snapshot was taken: the whole row, with all that its amount followed from."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="entries")
    entry = models.BigIntegerField()  # its id then; a number, since entries of open periods come and go
    row = models.JSONField(decoder=ExactDecoder)

    class Meta:
        ordering = ["snapshot_id", "entry"]
        constraints = [models.UniqueConstraint(fields=["snapshot", "entry"], name="snapshot_holds_an_entry_once")]
