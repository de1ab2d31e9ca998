from __future__ import annotations

from django.db import models
from django.db.models import Q

from kpis.definitions.models import SLUG
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
    """What one recipient was told at one due instant; readable in the portal, also where no mail server is configured."""

    digest = models.ForeignKey(Digest, on_delete=models.CASCADE, related_name="editions")
    user = models.ForeignKey("kpis.User", on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField()
    as_of = models.DateTimeField()
    mail = models.OneToOneField(OutboxMail, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-due_at"]
        constraints = [
            models.UniqueConstraint(fields=["digest", "user", "due_at"], name="edition_once_per_due_instant")
        ]
