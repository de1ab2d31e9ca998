from __future__ import annotations

from django.db import models

from kpis.definitions.models import Initiative


class PhaseEntry(models.Model):
    """The day on which an initiative entered a phase."""

    initiative = models.ForeignKey(Initiative, on_delete=models.CASCADE, related_name="phase_entries")
    phase = models.CharField(max_length=16, choices=Initiative.Phase)
    on = models.DateField()

    class Meta:
        ordering = ["initiative_id", "on", "id"]
        constraints = [models.UniqueConstraint(fields=["initiative", "phase"], name="phase_entered_once")]
