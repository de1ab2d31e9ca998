from __future__ import annotations

from django.db import models
from django.db.models import Q

from kpis.definitions.models import SLUG, Kpi
from kpis.plumbing.models import OutboxMail


class Digest(models.Model):
    """A scheduled e-mail report: which weekday and local time, in which zone and language, to whom."""

    slug = models.CharField(max_length=80, unique=True, validators=[SLUG])
    name = models.CharField(max_length=120)
    weekday = models.PositiveSmallIntegerField(default=0)  # 0 Monday … 6 Sunday
    at = models.TimeField(default="07:00")
    zone = models.CharField(max_length=64)
    language = models.CharField(max_length=5, default="en")
    enabled = models.BooleanField(default=True)
    next_due_at = models.DateTimeField(null=True, blank=True)
    is_sample = models.BooleanField(default=False)  # goes when the sample company goes

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(name="digest_weekday_exists", condition=Q(weekday__lte=6))]

    def __str__(self) -> str:
        return self.name


class Recipient(models.Model):
    """Who gets a digest: a user of the portal, with that person's sight."""

    digest = models.ForeignKey(Digest, on_delete=models.CASCADE, related_name="recipients")
    user = models.ForeignKey("kpis.User", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest", "user"], name="recipient_once_per_digest")]


class Edition(models.Model):
    """What one recipient is told at one due instant: first a to-do row, then what was said, readable in the portal.

    `mail` null: it is still to be made. `next_attempt_at` is when that may be tried (again); null: nothing is to do.
    `missed`: so many earlier due instants passed while nothing ran; this edition stands for them too. `on_request`:
    somebody asked for it outside of the schedule. `told`: the figures and initiatives that it named, to compare later.
    """

    digest = models.ForeignKey(Digest, on_delete=models.CASCADE, related_name="editions")
    user = models.ForeignKey("kpis.User", on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField()
    missed = models.PositiveIntegerField(default=0)
    on_request = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    as_of = models.DateTimeField(null=True)
    told = models.JSONField(default=dict)
    mail = models.OneToOneField(OutboxMail, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-due_at"]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(mail__isnull=True), name="edition_waiting"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["digest", "user", "due_at"], name="edition_once_per_due_instant"),
            models.CheckConstraint(
                name="edition_with_mail_says_as_of_when", condition=Q(mail__isnull=True) | Q(as_of__isnull=False)
            ),
        ]


class BaselineWarning(models.Model):
    """That one person was told by mail how a KPI's baseline stands, seen from one go-live: each state once.

    `state` and what is worse are of `baselines.clock`. Several KPIs of an initiative share a mail.
    """

    class State(models.TextChoices):
        JUST_SUFFICES = "just_suffices"
        WILL_NOT_SUFFICE = "will_not_suffice"
        RECOVERABLE = "recoverable"
        MISSED = "missed"

    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey("kpis.User", on_delete=models.CASCADE, related_name="+")
    go_live_on = models.DateField()
    state = models.CharField(max_length=16, choices=State)
    mail = models.ForeignKey(OutboxMail, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kpi", "user", "go_live_on", "state"], name="baseline_warning_once")
        ]
