"""Senders that do not give up: requests of 1 to 500 points, sent again until they are acknowledged."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.kit.outside_ledger import OutsideLedger

PATH = "/api/v1/measurements/"
FIRST_MS = 1_735_689_600_000  # 2025-01-01
STEP_MS = 7_000
PATIENCE_SECONDS = 90
LARGEST = 500


@dataclass(slots=True)
class Answers:
    """What all senders have seen. `last_ok` by the monotonic clock."""

    statuses: dict[str, int] = field(default_factory=dict)
    last_ok: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, status: str) -> None:
        with self._lock:
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == "200":
                self.last_ok = time.monotonic()


class Sender(threading.Thread):
    """Sends points of its own (their ids begin with its number), corrects some, and keeps the outside ledger."""

    def __init__(self, number: int, *, port: int, token: str, kpis: list[str], folder: Path, answers: Answers) -> None:
        super().__init__(name=f"sender {number}", daemon=True)
        self.number, self.port, self.kpis, self.answers = number, port, kpis, answers
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.path = folder / f"sender-{number}.jsonl"
        self.rng = random.Random(number)
        self.stopping = threading.Event()
        self.failed: BaseException | None = None
        self._points = 0
        self._client: http.client.HTTPConnection | None = None
        self._recent: list[dict[str, Any]] = []

    def run(self) -> None:
        ledger, request = OutsideLedger(self.path), 0
        try:
            while not self.stopping.is_set():
                rows, only_new = self._rows()
                ledger.before(request, rows)
                patient = not only_new or self.rng.random() < 0.9
                acknowledged = self._sent(rows, patient=patient)
                ledger.after(request, "ok" if acknowledged else "unknown")
                self._recent = rows[:20] if acknowledged else []  # only what is there for certain is corrected
                request += 1
        except BaseException as error:
            self.failed = error

    def _rows(self) -> tuple[list[dict[str, Any]], bool]:
        rows = [self._new_row() for _ in range(self.rng.choice([1, 5, 50, self.rng.randint(1, LARGEST)]))]
        again = self._recent[: self.rng.randint(1, 20)] if self.rng.random() < 0.3 else []
        corrected = [row | {"value": row["value"] + 1000} for row in again]
        return rows + corrected, not corrected

    def _new_row(self) -> dict[str, Any]:
        self._points += 1
        at = FIRST_MS + (self._points * 8 + self.number) * STEP_MS % (400 * 86_400_000)
        value = self.rng.randrange(100_000) / 100
        return {"kpi": self.rng.choice(self.kpis), "at": at, "value": value, "id": f"{self.number}-{self._points}"}

    def _sent(self, rows: list[dict[str, Any]], *, patient: bool) -> bool:
        """True after an acknowledgement; False where it was not patient and the first try got none."""
        body = json.dumps({"measurements": rows}).encode()
        headers = self.headers | ({"Idempotency-Key": str(uuid.uuid4())} if self.rng.random() < 0.5 else {})
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            status = self._try(body, headers)
            self.answers.note(status)
            if status == "200":
                return True
            if not patient:
                return False
            time.sleep(0.05)
        raise TimeoutError(f"Request without an answer for {PATIENCE_SECONDS} s; the last status was {status}.")

    def _try(self, body: bytes, headers: dict[str, str]) -> str:
        try:
            if self._client is None:
                self._client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            self._client.request("POST", PATH, body, headers)
            response = self._client.getresponse()
            response.read()
            return str(response.status)
        except (OSError, http.client.HTTPException):
            if self._client is not None:
                self._client.close()
            self._client = None
            return "none"
