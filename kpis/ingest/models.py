from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from kpis.measurements.models import Batch


class Rejection(models.Model):
    """One point that was not stored, and why: `code` as in the API, `index` its place in the batch."""

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="rejections")
    index = models.PositiveIntegerField()
    code = models.CharField(max_length=20)
    detail = models.CharField(max_length=300)
    attr = models.CharField(max_length=20, null=True)
    point = models.TextField(blank=True)  # what was sent, cut at 1,000 characters


class BatchDigest(models.Model):
    """A batch that was stored without a rejection, by the digest of who sent which bytes (`ingest.repeats`).

    `points` identities of the series `series_ids` (of the KPIs `kpi_keys`, place by place) were as sent at `stamp`.
    """

    digest = models.BinaryField(max_length=32, primary_key=True)
    at = models.DateTimeField(db_index=True)
    received = models.PositiveIntegerField()
    points = models.PositiveIntegerField()
    series_ids = ArrayField(models.IntegerField())
    kpi_keys = ArrayField(models.CharField(max_length=161))
    stamp = models.BigIntegerField()
