from __future__ import annotations

from django.db import models
from django.db.models import Q


class OutboxMail(models.Model):
    """One mail to one recipient, written in the transaction that decided on it, sent afterwards.

    `message_id` is stable: a mail sent twice because of a crash between the server's 250 and our commit can be
    recognised. `next_attempt_at` of a mail that is being sent lies in the future: it is the lease of its worker.
    `file`: no mail server is configured, so it lies in the portal's folder. `failed`: a person has to look.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        FILE = "file"
        FAILED = "failed"

    message_id = models.CharField(max_length=200, unique=True)
    recipient = models.EmailField(blank=True)  # empty: the person has no address yet
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField()
    images = models.JSONField(default=dict)  # content id -> PNG as base64
    headers = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    written_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)  # what the server said; its kind is `error_code`
    error_code = models.CharField(max_length=30, blank=True)

    class Meta:
        indexes = [models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="outbox_waiting")]
        constraints = [
            models.CheckConstraint(
                name="outbox_sent_mail_has_its_time",
                condition=~Q(state__in=["sent", "file"]) | Q(sent_at__isnull=False),
            ),
        ]


class Change(models.Model):
    """One thing that browsers may want to show anew; the id is the event id of the stream. Trimmed after a day."""

    class Event(models.TextChoices):
        INTERVAL = "interval"
        ROI = "roi"
        ALERT = "alert"
        SOURCE = "source"

    id = models.BigAutoField(primary_key=True)
    event = models.CharField(max_length=10, choices=Event)
    key = models.CharField(max_length=200)  # kpi key, initiative slug or source slug
    initiative = models.CharField(max_length=80, blank=True)  # slug: who may see it
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="change_by_time")]


class IdempotentAnswer(models.Model):
    """The stored answer to an unsafe request that carried an Idempotency-Key, kept for seven days.

    `status` null: the request is still under way (409 for a second one).
    """

    owner = models.CharField(max_length=60)  # "token:<id>" or "user:<id>"
    key = models.CharField(max_length=200)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=400)
    body_sha256 = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    content_type = models.CharField(max_length=100, blank=True)
    body = models.BinaryField(default=b"")
    started_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="idempotency_key_once_per_owner")]
        indexes = [models.Index(fields=["started_at"], name="idempotency_by_time")]


class StateStamp(models.Model):
    """A transaction that changed something that figures are made of; written by the triggers `stamp_change`."""

    xid = models.BigIntegerField(primary_key=True)  # of the transaction
    at = models.DateTimeField()
