"""The gallery over HTTP, with the portal's content policy and a stream of events that a test feeds."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parents[2]
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'"
)
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".json": "application/json"}


@dataclass
class Gallery:
    """A running gallery. `fragment` is what a live part is exchanged for; `asked` counts the requests of each path."""

    url: str
    fragment: str = ""
    asked: dict[str, int] = field(default_factory=dict)
    open: bool = True  # the event stream is served
    streams: list[queue.Queue[str | None]] = field(default_factory=list)

    def tell(self, event: str, key: str) -> None:
        for stream in self.streams:
            stream.put(f'id: 7\nevent: {event}\ndata: {{"key": "{key}"}}\n\n')

    def break_connection(self) -> None:
        self.open = False
        for stream in self.streams:
            stream.put(None)
        self.streams.clear()


@contextmanager
def serving(folder: Path) -> Iterator[Gallery]:
    """Serve the pages of `folder` on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            gallery.asked[address.path] = gallery.asked.get(address.path, 0) + 1
            if address.path == "/events/":
                return self.stream()
            if address.path == "/fragment":
                return self.answer(gallery.fragment.encode(), TYPES[".html"])
            found = self.file(address.path, phone="phone" in parse_qs(address.query))
            if not found.is_file():
                return self.send_error(404)
            return self.answer(found.read_bytes(), TYPES.get(found.suffix, "image/svg+xml"))

        def file(self, path: str, *, phone: bool) -> Path:
            if path.startswith("/static/"):
                return ROOT / path.removeprefix("/")
            name = "proof.en.html" if path == "/proof.html" else path.removeprefix("/")
            return folder / (name.replace(".json", ".phone.json") if phone else name)

        def answer(self, body: bytes, media_type: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def stream(self) -> None:
            if not gallery.open:
                return self.send_error(503)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            told: queue.Queue[str | None] = queue.Queue()
            self.wfile.write(b"retry: 300\n\n")
            gallery.streams.append(told)
            while (text := told.get()) is not None:
                self.wfile.write(text.encode())
                self.wfile.flush()
            self.close_connection = True
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    gallery = Gallery(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield gallery
    finally:
        gallery.break_connection()
        server.shutdown()
        server.server_close()
