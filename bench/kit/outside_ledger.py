"""What a sender knows, kept outside the portal: a line before each request and one after, on disk before it goes on.

The checker believes nothing else: *ok* must be stored once, *unknown* (given up without an answer) once or not at all,
and always a request as a whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Identity = tuple[str, int, str]  # KPI, milliseconds since 1970, event id


class OutsideLedger:
    """One sender's file. Each line is on disk when the method returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def before(self, number: int, rows: list[dict[str, Any]]) -> None:
        self._write({"request": number, "rows": [[row["kpi"], row["at"], row["id"], row["value"]] for row in rows]})

    def after(self, number: int, outcome: str) -> None:
        """outcome : "ok", or "unknown" where the sender gave up without an answer."""
        self._write({"request": number, "outcome": outcome})

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


@dataclass(slots=True)
class Told:
    """All senders' ledgers together. acknowledged : the value that stands. unknown : points of requests given up."""

    acknowledged: dict[Identity, float] = field(default_factory=dict)
    unknown: list[dict[Identity, float]] = field(default_factory=list)
    requests: int = 0


def told_by(paths: Iterable[Path]) -> Told:
    """Senders have points of their own, so within each file the last acknowledged value is the one that stands."""
    told = Told()
    for path in paths:
        sent: dict[int, dict[Identity, float]] = {}
        for line in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            number = line["request"]
            if "rows" in line:
                sent[number] = {(kpi, at, event_id): value for kpi, at, event_id, value in line["rows"]}
            elif line["outcome"] == "ok":
                told.requests += 1
                told.acknowledged |= sent.pop(number)
            else:
                told.unknown.append(sent.pop(number))
        told.unknown += sent.values()  # cut off between the two lines
    return told


@dataclass(frozen=True, slots=True)
class Verdict:
    """Points (or requests) that are not as the ledger says; all zero is what must come out."""

    lost: int  # acknowledged and not there, or there with another value
    doubled: int  # there twice, or never sent
    half_stored: int  # requests without answer of which some points are there and some are not


def verdict_on(told: Told, stored: list[tuple[str, int, str, float]]) -> Verdict:
    there = {(kpi, at, event_id): value for kpi, at, event_id, value in stored}
    lost = sum(there.get(identity) != value for identity, value in told.acknowledged.items())
    maybe = {identity for request in told.unknown for identity in request}
    strange = sum(identity not in told.acknowledged and identity not in maybe for identity in there)
    halves = sum(0 < sum(identity in there for identity in request) < len(request) for request in told.unknown)
    return Verdict(lost, len(stored) - len(there) + strange, halves)
