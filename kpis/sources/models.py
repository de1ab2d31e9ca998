from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kpis.definitions.models import SLUG, Initiative, Kpi


class DataSource(models.Model):
    """A configured connector, or the name of something that pushes.

    `auth_header` is ciphertext (bound to the row); it is written through `sources.credentials` and never shown.
    """

    class Kind(models.TextChoices):
        PROMETHEUS = "prometheus"
        HTTP_JSON = "http_json"
        SCRAPE = "scrape"  # a /metrics page, read directly
        PUSH = "push"

    slug = models.CharField(max_length=80, unique=True, validators=[SLUG])
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind)
    initiative = models.ForeignKey(Initiative, null=True, blank=True, on_delete=models.CASCADE, related_name="sources")
    address = models.CharField(max_length=500, blank=True)
    auth_header = models.BinaryField(null=True, blank=True)
    every = models.DurationField(null=True, blank=True)  # between two pulls; null: does not pull
    overlap = models.DurationField(null=True, blank=True)  # asked again each time, so that late samples are not lost
    stale_after = models.DurationField(null=True, blank=True)
    enabled = models.BooleanField(default=True)
    next_due_at = models.DateTimeField(null=True, blank=True)
    last_data_at = models.DateTimeField(null=True, blank=True)  # the newest point's own time
    is_sample = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="source_that_pulls_has_address_and_rhythm",
                condition=Q(kind="push") | (~Q(address="") & Q(every__isnull=False, overlap__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Feed(models.Model):
    """Which part of a source becomes measurements of which KPI.

    prometheus: `query` is PromQL. scrape: `query` is an expression over the page's metrics. http_json: `query` is a
    path added to the address, `points` a jmespath to the list and `fields` the jmespaths of a point's members.
    `memory` is what a connector wants to be told next time (the last counters of a page); it is written in the
    transaction of the points that were made from it, so no increase is counted twice or lost.
    """

    source = models.ForeignKey(DataSource, on_delete=models.CASCADE, related_name="feeds")
    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="feeds")
    query = models.TextField(blank=True)
    points = models.TextField(blank=True)
    fields = models.JSONField(default=dict, blank=True)
    keep_labels = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    factor = models.FloatField(default=1)  # multiplies the value into the KPI's unit
    step = models.DurationField(null=True, blank=True)  # between two samples of a query; null: the connector's own
    until = models.DateTimeField(null=True, blank=True)  # pulled up to here
    memory = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            # NaN sorts above every number, so the pair of comparisons refuses it and both infinities.
            models.CheckConstraint(
                name="feed_factor_is_finite",
                condition=Q(factor__gte=-1.7976931348623157e308, factor__lte=1.7976931348623157e308),
            ),
        ]


class Pull(models.Model):
    """One run of a source: what was asked, what came, what became of it. Every run ends in a final state."""

    class State(models.TextChoices):
        RUNNING = "running"
        OK = "ok"
        PARTIAL = "partial"
        FAILED = "failed"

    source = models.ForeignKey(DataSource, on_delete=models.CASCADE, related_name="pulls")
    due_at = models.DateTimeField()
    started_at = models.DateTimeField()
    lease_until = models.DateTimeField()  # a run that is still `running` after this has died
    fence = models.PositiveIntegerField(default=1)  # raised when another worker takes the run over
    finished_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    asked_from = models.DateTimeField(null=True)
    asked_until = models.DateTimeField(null=True)
    received = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    replaced = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)  # samples that are no number (NaN, infinite): not sent to ingest
    remarks = models.JSONField(default=list)  # [{"kpi", "code", "detail"}]: each feed that failed or warned
    error_code = models.CharField(max_length=40, blank=True)
    error_detail = models.TextField(blank=True)

    class Meta:
        ordering = ["-due_at"]
        constraints = [
            models.UniqueConstraint(fields=["source", "due_at"], name="pull_once_per_due_instant"),
            models.CheckConstraint(
                name="pull_that_ended_has_its_time", condition=Q(state="running") | Q(finished_at__isnull=False)
            ),
            models.CheckConstraint(name="pull_that_failed_says_why", condition=~Q(state="failed") | ~Q(error_code="")),
        ]


class MappingRule(models.Model):
    """Which received series feed a KPI: of a source's rules the first one that matches a series decides.

    `matchers` are `{"label", "op", "value"}` as in PromQL, the metric's name under `__name__`; all must hold.
    `keep_labels` become labels of the KPI ("*": all), less `drop_labels`, under other names by `rename_labels`.
    """

    class Kind(models.TextChoices):
        COUNTER = "counter"
        GAUGE = "gauge"
        AS_IS = "as_is"

    source = models.ForeignKey(DataSource, on_delete=models.CASCADE, related_name="rules")
    position = models.PositiveIntegerField()
    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="mapping_rules")
    matchers = models.JSONField()
    kind = models.CharField(max_length=7, choices=Kind)
    keep_labels = ArrayField(models.CharField(max_length=128), default=list, blank=True)
    drop_labels = ArrayField(models.CharField(max_length=128), default=list, blank=True)
    rename_labels = models.JSONField(default=dict, blank=True)
    factor = models.FloatField(default=1)  # multiplies the value into the KPI's unit

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                name="rule_factor_is_finite",
                condition=Q(factor__gte=-1.7976931348623157e308, factor__lte=1.7976931348623157e308),
            ),
        ]


class ReceivedSeries(models.Model):
    """One metric's name and label set as a pushing source sends it, and the rule that maps it (null: none does).

    `labels_hash` is the SHA-256 of the canonical JSON of `labels`, which holds the name under `__name__`.
    """

    id = models.AutoField(primary_key=True)
    source = models.ForeignKey(DataSource, on_delete=models.CASCADE, related_name="received_series")
    labels = models.JSONField()
    labels_hash = models.BinaryField(max_length=32)
    name = models.CharField(max_length=1000)
    kind = models.CharField(max_length=7, default="unknown")  # as the sender says it: `ingest.named.Kind`
    rule = models.ForeignKey(MappingRule, null=True, on_delete=models.SET_NULL, related_name="received_series")
    to_map_anew = models.BooleanField(default=False)  # its rule changed: what the memory holds is still to be stored
    first_seen_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "labels_hash"], name="received_series_once_per_label_set")
        ]
        indexes = [
            models.Index(fields=["source", "name"], name="received_series_by_name"),
            models.Index(fields=["id"], name="received_series_to_map_anew", condition=Q(to_map_anew=True)),
        ]


class ReceivedSample(models.Model):
    """The memory of a received series: its last samples, so that the next one has a predecessor.

    `value` is as it was sent, NaN where the series ended. Written by `sources.memory` only.
    """

    pk = models.CompositePrimaryKey("series_id", "at")
    series = models.ForeignKey(ReceivedSeries, on_delete=models.CASCADE, related_name="samples", db_constraint=False)
    at = models.DateTimeField()
    value = models.FloatField()
