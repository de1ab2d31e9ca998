from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kpis.baselines import declaring
from kpis.baselines.models import Baseline
from kpis.baselines.readiness import BaselineNotReady
from tests.factories import KpiFactory, ProductOwnerFactory

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)


def declare(**more) -> Baseline:
    given = {"value": Decimal("3.5"), "source": "Estimate of the Head of Legal"} | more
    return declaring.declare(KpiFactory(), by=ProductOwnerFactory(), at=NOW, **given)


def test_a_declared_baseline_keeps_value_range_and_source_and_has_no_spread():
    baseline = declare(low=Decimal("2.8"), high=Decimal("4.2"))

    baseline.refresh_from_db()
    assert (baseline.value, baseline.low, baseline.high) == (Decimal("3.5"), Decimal("2.8"), Decimal("4.2"))
    assert (baseline.method, baseline.source) == ("declared", "Estimate of the Head of Legal")
    assert (baseline.spread, baseline.window_start, baseline.method_choice) == (None, None, "")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"source": "  "}, "source_missing"),
        ({"low": Decimal(2)}, "range_incomplete"),
        ({"high": Decimal(5)}, "range_incomplete"),
        ({"low": Decimal(4), "high": Decimal(5)}, "range_without_value"),
        ({"low": Decimal(1), "high": Decimal(3)}, "range_without_value"),
        ({"value": Decimal("NaN")}, "value_out_of_range"),
        ({"value": Decimal("1e15")}, "value_out_of_range"),
    ],
)
def test_what_a_declared_baseline_lacks_is_refused_in_words(wrong, code):
    with pytest.raises(BaselineNotReady) as caught:
        declare(**wrong)

    assert caught.value.code == code
    assert caught.value.detail.endswith(".")
