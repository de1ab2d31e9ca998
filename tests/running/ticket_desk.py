"""A business system as many are: tickets behind a secret header, in pages that come slowly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECRET = "Bearer desk-s3cret"


@dataclass
class Desk:
    """What the tests say and see. `seconds_a_page` is how long each page takes."""

    tickets: list[dict[str, Any]] = field(default_factory=list)
    page_size: int = 100
    seconds_a_page: float = 0.0
    broken: str = ""  # "" | "html" | "500" | "hang"
    asked: list[str] = field(default_factory=list)
    address: str = ""

    @property
    def host_and_port(self) -> str:
        return urlsplit(self.address).netloc


@contextmanager
def running_desk() -> Iterator[Desk]:
    """A desk that answers on a free port of this machine until the block ends."""
    desk = Desk()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            desk.asked.append(self.path)
            time.sleep(desk.seconds_a_page)
            if self.headers.get("Authorization") != SECRET:
                self._answer(401, b'{"message": "who are you?"}')
            elif desk.broken == "html":
                self._answer(200, b"<html>maintenance</html>")
            elif desk.broken == "500":
                self._answer(500, b'{"message": "oops"}')
            else:
                self._answer(200, json.dumps(self._page()).encode())

        def _page(self) -> dict[str, Any]:
            asked = parse_qs(urlsplit(self.path).query)
            page, since = int(asked.get("page", ["1"])[0]), asked.get("closed_after", [""])[0]
            found = [ticket for ticket in desk.tickets if ticket["closed_at"] >= since]
            last = page * desk.page_size >= len(found)
            following = None if last else f"/api/tickets?closed_after={since}&page={page + 1}"
            rows = found[(page - 1) * desk.page_size : page * desk.page_size]
            return {"tickets": rows, "count": len(found), "next_page": following}

        def _answer(self, status: int, body: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # whoever asked was killed

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    desk.address = f"http://127.0.0.1:{server.server_port}/api"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield desk
    finally:
        server.shutdown()
        server.server_close()


def ticket(number: int, closed_at: str, minutes: Any, team: str = "north") -> dict[str, Any]:
    return {"number": number, "closed_at": closed_at, "handling": {"minutes": minutes}, "team": {"name": team}}


FEED = {
    "query": "tickets?closed_after={from}",
    "points": "tickets",
    "fields": {
        "at": "closed_at",
        "value": "handling.minutes",
        "id": "number",
        "labels": {"team": "team.name"},
        "next": "next_page",
    },
}
