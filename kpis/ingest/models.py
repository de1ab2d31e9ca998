from __future__ import annotations

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
