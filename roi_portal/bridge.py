"""Pages and API behind the ASGI server: Django's WSGI application, each request in a thread of its own.

The whole body is taken in before a thread is: a slow sender holds none. What comes back goes out in one piece, unless
it is a stream. A general bridge, which hands every piece of both ways from loop to thread, costs twice as much as
Django itself (docs/decisions/0012).
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Coroutine[Any, Any, None]]
Environ = dict[str, Any]
Headers = list[tuple[str, str]]

IN_MEMORY = 1024 * 1024  # bytes of a body; what is longer waits on disk for its thread


class Bridge:
    """An ASGI application for `http` around a WSGI application.

    threads : requests that are worked on at once. body_at_most : bytes of a body that are taken in; of a longer one
    the application gets what was read so far and its true or least length, and has to refuse it.
    """

    def __init__(self, wsgi: Callable[..., Any], *, threads: int, body_at_most: int) -> None:
        self.wsgi = wsgi
        self.body_at_most = body_at_most
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="request")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as body:
            length = await self._take_in(body, receive)
            if length is None:
                return  # the sender left in the middle: nobody waits for an answer
            environ = environ_of(scope, body, length)
            answer = await loop.run_in_executor(self.pool, self._answer, environ, send, loop)
        if answer is not None:
            start, content = answer
            await send(start)
            await send({"type": "http.response.body", "body": content})

    async def _take_in(self, body: IO[bytes], receive: Receive) -> int | None:
        length, more = 0, True
        while more and length <= self.body_at_most:
            message = await receive()
            if message["type"] != "http.request":
                return None
            piece = message.get("body", b"")
            length += len(piece)
            body.write(piece)
            more = message.get("more_body", False)
        body.seek(0)
        return length

    def _answer(self, environ: Environ, send: Send, loop: asyncio.AbstractEventLoop) -> tuple[Message, bytes] | None:
        """The answer's start and content; None where it was a stream, which is sent from here piece by piece."""
        given: list[tuple[str, Headers]] = []

        def start_response(status: str, headers: Headers, exc_info: object = None) -> None:
            given[:] = [(status, headers)]

        response = self.wsgi(environ, start_response)
        try:
            status, headers = given[0]
            start = {
                "type": "http.response.start",
                "status": int(status[:3]),
                "headers": [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers],
            }
            if not getattr(response, "streaming", False):
                return start, b"".join(response)

            def out(message: Message) -> None:
                asyncio.run_coroutine_threadsafe(send(message), loop).result()

            out(start)
            for piece in response:
                out({"type": "http.response.body", "body": piece, "more_body": True})
            out({"type": "http.response.body", "body": b""})
            return None
        finally:
            if hasattr(response, "close"):
                response.close()


def environ_of(scope: Message, body: IO[bytes], length: int) -> Environ:
    """What PEP 3333 asks for. A header with an underscore could pass for one with a hyphen, and is left out."""
    host, port = scope.get("server") or ("localhost", 80)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": str(host),
        "SERVER_PORT": str(port or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if scope.get("client"):
        environ["REMOTE_ADDR"] = scope["client"][0]
    for name, text in scope["headers"]:
        if b"_" in name:
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        value = text.decode("latin-1")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    # As it came, also where it was sent in chunks; of a body that was cut off here, what its sender announced.
    announced = environ.pop("HTTP_CONTENT_LENGTH", "")
    environ["CONTENT_LENGTH"] = str(max(length, int(announced) if announced.isascii() and announced.isdigit() else 0))
    return environ
