"""Approving a baseline: by another than its author, while there is another who may."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from kpis.access.models import User
from kpis.baselines.models import Baseline
from kpis.definitions.models import Kpi


class ApprovalRefused(Exception):
    """Says why, in words that the page shows; `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def approve(baseline: Baseline, *, by: User, at: datetime) -> Baseline:
    """Freeze the baseline; it supersedes lower versions. Approving it again changes nothing."""
    raise NotImplementedError


def current(kpi: Kpi, as_of: datetime | None = None) -> Baseline | None:
    """The highest version that was approved by `as_of`."""
    raise NotImplementedError


def current_of(
    kpi_ids: Collection[int], as_of: datetime | None = None
) -> dict[int, Baseline]:
    """The same for many KPIs, by KPI id; KPIs without an approved baseline are absent."""
    raise NotImplementedError
