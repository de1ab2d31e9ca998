"""The judge of the fault runs sees what it is there to see."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.kit.outside_ledger import OutsideLedger, Verdict, told_by, verdict_on


def row(n: int, value: float) -> dict[str, object]:
    return {"kpi": "a.b", "at": 1000 * n, "id": f"e{n}", "value": value}


@pytest.fixture
def told(tmp_path: Path):
    """Points 1 and 2 acknowledged, 2 corrected, 3 and 4 given up in one request, 5 cut off by the end of the run."""
    ledger = OutsideLedger(tmp_path / "sender.jsonl")
    for number, rows, outcome in (
        (0, [row(1, 1.0), row(2, 2.0)], "ok"),
        (1, [row(2, 20.0)], "ok"),
        (2, [row(3, 3.0), row(4, 4.0)], "unknown"),
        (3, [row(5, 5.0)], None),
    ):
        ledger.before(number, rows)
        if outcome:
            ledger.after(number, outcome)
    return told_by([tmp_path / "sender.jsonl"])


def stored(*points: tuple[int, float]):
    return [("a.b", 1000 * n, f"e{n}", value) for n, value in points]


@pytest.mark.parametrize(
    ("points", "verdict"),
    [
        ([(1, 1.0), (2, 20.0)], Verdict(0, 0, 0)),
        ([(1, 1.0), (2, 20.0), (3, 3.0), (4, 4.0), (5, 5.0)], Verdict(0, 0, 0)),
        ([(1, 1.0)], Verdict(1, 0, 0)),
        ([(1, 1.0), (2, 2.0)], Verdict(1, 0, 0)),  # the correction is lost
        ([(1, 1.0), (2, 20.0), (2, 20.0)], Verdict(0, 1, 0)),
        ([(1, 1.0), (2, 20.0), (9, 9.0)], Verdict(0, 1, 0)),  # nobody sent it
        ([(1, 1.0), (2, 20.0), (3, 3.0)], Verdict(0, 0, 1)),
    ],
)
def test_lost_doubled_and_half_stored_points_are_seen(told, points, verdict):
    assert verdict_on(told, stored(*points)) == verdict
