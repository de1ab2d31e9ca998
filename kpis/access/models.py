from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class User(AbstractUser):
    """A person. The role says what they may change; `initiatives` (empty: all) what they may see.

    `limited` keeps a person's sight narrow when the last of their initiatives is deleted.
    """

    class Role(models.TextChoices):
        VIEWER = "viewer"
        PRODUCT_OWNER = "product_owner"
        ENGINEER = "engineer"
        CONTROLLER = "controller"
        ADMINISTRATOR = "administrator"

    role = models.CharField(max_length=14, choices=Role, default=Role.VIEWER)
    language = models.CharField(max_length=5, blank=True)  # empty: as the browser asks
    initiatives = models.ManyToManyField("kpis.Initiative", blank=True, related_name="+")
    limited = models.BooleanField(default=False)  # true: `initiatives` is the whole sight, even where it is empty

    @property
    def may_manage(self) -> bool:
        return self.is_superuser or self.role in {
            self.Role.ADMINISTRATOR,
            self.Role.CONTROLLER,
            self.Role.PRODUCT_OWNER,
        }

    @property
    def may_approve(self) -> bool:
        return self.is_superuser or self.role in {self.Role.ADMINISTRATOR, self.Role.CONTROLLER}


class Token(models.Model):
    """A bearer token of a system. Only a keyed hash is kept; the text is shown once.

    `initiatives` empty: all of them. Revoked and expired tokens stay for the trail.
    """

    class Scope(models.TextChoices):
        INGEST = "ingest"
        READ = "read"
        MANAGE = "manage"

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)  # the readable start, to find the row
    digest = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=6, choices=Scope))
    initiatives = models.ManyToManyField("kpis.Initiative", blank=True, related_name="+")
    limited = models.BooleanField(default=False)  # true: `initiatives` is the whole sight, even where it is empty
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("kpis.User", null=True, on_delete=models.SET_NULL, related_name="+")
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    points_a_minute = models.PositiveIntegerField(null=True, blank=True)  # null: as the portal's setting says

    class Meta:
        constraints = [
            models.CheckConstraint(name="token_has_a_scope", condition=Q(scopes__len__gte=1)),
        ]

    def __str__(self) -> str:
        return self.name


class AuditEvent(models.Model):
    """Who changed what, when: a chain in which each row's digest covers the one before.

    The table takes inserts only (trigger `audit_takes_inserts_only`).
    """

    sequence = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=60)  # "user:<id>", "token:<id>" or "system"
    what = models.CharField(max_length=60)  # "baseline.approved"
    subject = models.CharField(max_length=200)  # "baseline:support-triage.handling-time:1"
    details = models.JSONField(default=dict)
    previous = models.BinaryField(max_length=32)
    digest = models.BinaryField(max_length=32, unique=True)
