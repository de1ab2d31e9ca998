"""A company in miniature: a baseline from January on, go-live on the 30th of March 2026, values drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from kpis.baselines import approving, measuring
from kpis.baselines.models import Baseline
from kpis.definitions.models import Kpi
from kpis.rollups import rolling
from tests.db.rollups.conftest import arrive
from tests.factories import (
    ControllerFactory,
    InitiativeFactory,
    KpiFactory,
    OrganisationFactory,
    ProductOwnerFactory,
    SeriesFactory,
)

__all__ = ["arrive"]

FIRST = date(2026, 1, 5)  # a Monday
GO_LIVE = date(2026, 3, 30)  # twelve weeks later, after the clocks went forward
DAYS_BEFORE = (GO_LIVE - FIRST).days
APPROVED = datetime(2026, 3, 29, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def house():
    return OrganisationFactory(zone="Europe/Berlin")


@pytest.fixture
def kpi():
    return KpiFactory(initiative=InitiativeFactory(go_live_on=GO_LIVE))


@pytest.fixture
def measured(arrive) -> Callable[..., None]:
    """`measured(kpi, values, labels)`: one measurement a day at noon from FIRST on, rolled up; None is a gap."""

    def measured(
        kpi: Kpi, values: Sequence[float | None], labels: dict[str, str] | None = None, first: int = 0
    ) -> None:
        series = kpi.series.filter(labels=labels or {}).first() or SeriesFactory(kpi=kpi, labels=labels or {})
        arrive(series, [(noon(first + n), float(v)) for n, v in enumerate(values) if v is not None])
        rolling.roll_up_arrivals(at_most=100)

    return measured


@pytest.fixture
def approved() -> Callable[..., Baseline]:
    """`approved(kpi, treated=…, control=…)`: measured from FIRST to the day before the approval, and approved."""

    def approved(kpi: Kpi, **more: object) -> Baseline:
        given = {"window_start": FIRST, "window_end": date(2026, 3, 28), "by": ProductOwnerFactory(), "at": APPROVED}
        return approving.approve(measuring.measure(kpi, **(given | more)), by=ControllerFactory(), at=APPROVED)

    return approved


def noon(n: int) -> datetime:
    return datetime(2026, 1, 5, 11, tzinfo=UTC) + timedelta(days=n)


def as_of(days_live: int) -> datetime:
    """The morning after so many whole days since go-live."""
    return datetime(2026, 3, 30, 7, tzinfo=UTC) + timedelta(days=days_live)


def noise(n: int, seed: int, *, phi: float = 0.4, sd: float = 1.0) -> np.ndarray:
    """AR(1) around zero."""
    rng = np.random.default_rng(seed)
    shocks = rng.normal(0, sd * np.sqrt(1 - phi**2), n)
    values = [rng.normal(0, sd)]
    for shock in shocks[1:]:
        values.append(phi * values[-1] + shock)
    return np.array(values)
