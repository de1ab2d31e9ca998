from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kpis.measurements.models import Batch


class Rejection(models.Model):
    """One point that was not stored, and why: `code` as in the API, `index` its place in the batch."""

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="rejections")
    index = models.PositiveIntegerField()
    code = models.CharField(max_length=20)
    detail = models.CharField(max_length=300)
    attr = models.CharField(max_length=20, null=True)
    point = models.TextField(blank=True)  # what was sent, cut at 8,000 characters


class PayloadSample(models.Model):
    """The start of what a sender ("token:5", "source:3") sent last, one that was read and one refused as a whole."""

    id = models.BigAutoField(primary_key=True)
    sender = models.CharField(max_length=40)
    refused = models.BooleanField()
    at = models.DateTimeField()
    form = models.CharField(max_length=20, blank=True)
    text = models.TextField(blank=True)
    code = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sender", "refused"], name="sample_once_a_sender")]


class SentQuarter(models.Model):
    """What one sender sent within a quarter of an hour that is over: its batches, added up (`ingest.quarters`).

    The sender is a token or a source; what came by one for the other counts for both. Quarters, since in every zone a
    day begins on one.
    """

    id = models.BigAutoField(primary_key=True)
    start = models.DateTimeField()
    token = models.ForeignKey("kpis.Token", null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    source = models.ForeignKey("kpis.DataSource", null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    requests = models.BigIntegerField()
    received = models.BigIntegerField()
    accepted = models.BigIntegerField()
    replaced = models.BigIntegerField()
    unchanged = models.BigIntegerField()
    rejected = models.BigIntegerField()
    size = models.BigIntegerField()
    reasons = models.JSONField(null=True)  # rejected points by code

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["start", "token", "source"], nulls_distinct=False, name="quarter_once_a_sender"
            ),
            models.CheckConstraint(
                name="quarter_is_of_one_sender",
                condition=Q(token__isnull=False, source__isnull=True) | Q(token__isnull=True, source__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["token", "start"], name="quarter_by_token"),
            models.Index(fields=["source", "start"], name="quarter_by_source"),
        ]


class RefusedMinute(models.Model):
    """How many requests of one sender were refused as a whole within a minute for one reason.

    One row however many there were, so a flood of them writes no more rows than a day has minutes.
    """

    id = models.BigAutoField(primary_key=True)
    start = models.DateTimeField()
    sender = models.CharField(max_length=40)  # "token:5", "source:3"
    code = models.CharField(max_length=40)
    requests = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sender", "start", "code"], name="refused_once_a_minute")]


class TokenRate(models.Model):
    """What a token may still send this minute, as all processes share it (`ingest.rates`)."""

    token = models.OneToOneField("kpis.Token", on_delete=models.CASCADE, primary_key=True, related_name="+")
    points_left = models.FloatField()
    filled_at = models.DateTimeField()


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
