from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from kpis.definitions.models import Kpi


class Series(models.Model):
    """One KPI and one label set. `labels_hash` is the SHA-256 of the canonical JSON of `labels`."""

    id = models.AutoField(primary_key=True)
    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="series")
    labels = models.JSONField(default=dict)
    labels_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kpi", "labels_hash"], name="series_once_per_label_set")]


class Batch(models.Model):
    """What arrived together: one request, one pull. Keeps who sent it and what became of its points.

    reasons : how many were rejected by code, null for none. form : "json", "ndjson", …, empty where it was no body.
    size : bytes as sent. newest_at : the newest good point's own time, null where there is none or it is not known.
    """

    id = models.BigAutoField(primary_key=True)
    arrived_at = models.DateTimeField()
    token = models.ForeignKey("kpis.Token", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    user = models.ForeignKey("kpis.User", null=True, on_delete=models.SET_NULL, related_name="+")
    source = models.ForeignKey(
        "kpis.DataSource", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    received = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    replaced = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(null=True)
    form = models.CharField(max_length=20, default="", db_default="")
    size = models.PositiveIntegerField(default=0, db_default=0)
    newest_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["-arrived_at"], name="batch_by_arrival"),
            # They also serve as the foreign keys' own; a batch costs no index more than before.
            models.Index(fields=["token", "arrived_at"], name="batch_by_token"),
            models.Index(fields=["source", "arrived_at"], name="batch_by_source"),
        ]


class Weight(models.FloatField):
    """A weight of 1 lies in the table as NULL, which takes no room."""

    def from_db_value(self, value: float | None, expression: Any, connection: Any) -> float:
        return 1.0 if value is None else value


class Measurement(models.Model):
    """One point `(series, at, event_id)` with its value in the KPI's unit and its weight.

    The table is one of parts, a month each (`partitions`).
    `event_id` is the event's own identity, empty for a sample of a gauge. Written by `store` only (COPY), never
    through the ORM; the same identity again replaces the value. No foreign key is checked for each row, which would
    cost more than the row: the writer locks the series, and the trigger `series_takes_its_rows_along` follows it.
    """

    pk = models.CompositePrimaryKey("series_id", "at", "event_id")
    at = models.DateTimeField()
    value = models.FloatField()
    weight = Weight(default=1, null=True)
    batch = models.ForeignKey(Batch, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    series = models.ForeignKey(
        Series, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    event_id = models.CharField(max_length=200, default="")
    replaced = models.BooleanField(default=False, db_default=False)  # it took the place of another value

    class Meta:
        constraints = [
            # NaN sorts above every number in PostgreSQL, so one pair of comparisons refuses NaN and both infinities.
            models.CheckConstraint(
                name="measurement_value_is_finite",
                condition=Q(value__gte=-1.7976931348623157e308, value__lte=1.7976931348623157e308),
            ),
            models.CheckConstraint(
                name="measurement_weight_is_finite_and_not_negative",
                condition=Q(weight__gte=0, weight__lte=1.7976931348623157e308),
            ),
        ]


class SeriesRewrite(models.Model):
    """When stored rows of a series were last changed or removed: a number of the sequence of batches.

    A row of its own, so that a correction does not queue behind the rolling up, which locks the series.
    """

    series = models.OneToOneField(
        Series, on_delete=models.DO_NOTHING, primary_key=True, related_name="+", db_constraint=False
    )
    stamp = models.BigIntegerField()


class Retention(models.Model):
    """How far a KPI's measurements are gone (`retention`). No row: all of them are there.

    Points before `rows_from` are refused and no longer promised, since `since`. Rows before `gone_until` are removed,
    or being removed: no interval value before is ever computed anew. Both are local midnights, and only move on.
    """

    kpi = models.OneToOneField(Kpi, on_delete=models.CASCADE, primary_key=True, related_name="retention")
    rows_from = models.DateTimeField()
    since = models.DateTimeField()
    gone_until = models.DateTimeField(null=True)
    to_remove = models.BigIntegerField(default=0)  # rows, of all removals so far
    removed = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)  # null while rows before `gone_until` are left

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="retention_removes_only_what_was_said",
                condition=Q(gone_until__isnull=True) | Q(gone_until__lte=F("rows_from")),
            )
        ]


class Arrival(models.Model):
    """To do: these quarter hours of a series have changed and their interval values must be computed anew.

    `slots` are numbers of quarter hours since 1970 (every zone's offset is a multiple of them). Written in the
    transaction of the points, removed in the transaction of the interval values.
    """

    id = models.BigAutoField(primary_key=True)
    series = models.ForeignKey(
        Series, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    slots = ArrayField(models.IntegerField())
    arrived_at = models.DateTimeField()
