"""`GET /events/`: server-sent events, one per change: `event: interval|roi|alert|source`, `data` with the key.

An ASGI application of its own, on the event loop: Django's handler would keep a thread for every open stream. Who may
listen is asked in a thread that gives its database connection back at once, at the beginning and again every minute.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import Any, TypeVar

from django.conf import settings
from django.contrib import auth
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db import Error as DatabaseError
from django.db import connections
from prometheus_client import Gauge

from kpis.access import rights, tokens
from kpis.access.models import Token, User
from kpis.definitions import sight
from kpis.plumbing import changes, clock
from kpis.plumbing.stream import HEARTBEAT_SECONDS, Mailbox, Told, hub

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answer = TypeVar("Answer")

CHECKED_EVERY = 60.0 - HEARTBEAT_SECONDS  # noticed at a heartbeat: so at most 60 seconds after the last time
STREAMS_OF_A_PROCESS = 1000
STREAMS_OF_AN_ASKER = 25
READY_WITHIN = 5.0
HELLO = b"retry: 2000\n\n"
HEARTBEAT = b": alive\n\n"
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy that collected events would hold them back
    (b"x-content-type-options", b"nosniff"),
]

open_streams = Gauge("roi_event_streams", "Event streams that are open now.", multiprocess_mode="livesum")
_askers: Counter[str] = Counter()
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="events")


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody who may listen: who it is, and the initiatives in sight (None: all)."""

    name: str
    slugs: frozenset[str] | None


class Refused(Exception):
    def __init__(self, status: int, code: str, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.headers = status, code, detail, headers


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request: the stream until its reader leaves or may not listen any more, or a problem."""
    try:
        if scope["method"] != "GET":
            raise Refused(405, "method_not_allowed", "The event stream is only read.", allow="GET")
        listener = await _ask(scope)
        _take_place(listener)
    except Refused as refusal:
        await _refuse(refusal, send)
        return
    try:
        if await hub().is_listening(within=READY_WITHIN):
            await _serve(listener, scope, receive, send)
        else:
            await _refuse(_database_away(), send)
    finally:
        _give_place(listener)


# -- who may listen -------------------------------------------------------------------------------------------------


def listener_behind(scope: Scope) -> Listener:
    """Who asks, by token or session. Refuses (Refused) everybody who may not read; asks the database."""
    request = ASGIRequest(scope, BytesIO())
    try:
        request.get_host()
    except DisallowedHost as error:
        raise Refused(400, "unknown_host", "The portal is not reached under this name.") from error
    actor = _token(request) if "authorization" in request.headers else _person(request)
    if actor is None or not rights.may(actor, rights.Action.READ):
        raise Refused(
            401, "not_authenticated", "Sign in, or send a token with the scope read.", **{"www-authenticate": "Bearer"}
        )
    return Listener(f"{type(actor).__name__}:{actor.pk}", sight.slugs_seen_by(actor))


def _token(request: ASGIRequest) -> Token | None:
    kind, _, text = request.headers["authorization"].partition(" ")
    return tokens.check(text.strip(), at=clock.now()) if kind.lower() == "bearer" else None


def _person(request: ASGIRequest) -> User | None:
    sessions = import_module(settings.SESSION_ENGINE)
    request.session = sessions.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = auth.get_user(request)
    return user if isinstance(user, User) else None


async def _ask(scope: Scope) -> Listener:
    try:
        return await _aside(lambda: listener_behind(scope))
    except DatabaseError as error:
        raise _database_away() from error


async def _aside(question: Callable[[], Answer]) -> Answer:
    """Ask the database in a thread that keeps no connection afterwards."""

    def ask() -> Answer:
        try:
            return question()
        finally:
            connections.close_all()

    return await asyncio.get_running_loop().run_in_executor(_threads, ask)


def _take_place(listener: Listener) -> None:
    if _askers.total() >= STREAMS_OF_A_PROCESS:
        raise Refused(503, "too_many_streams", "Too many pages are open. Please try again.", **{"retry-after": "30"})
    if _askers[listener.name] >= STREAMS_OF_AN_ASKER:
        raise Refused(429, "too_many_streams", "Too many streams are open at once.", **{"retry-after": "30"})
    _askers[listener.name] += 1
    open_streams.inc()


def _give_place(listener: Listener) -> None:
    _askers[listener.name] -= 1
    _askers.__isub__(Counter())  # forget who is at zero
    open_streams.dec()


# -- what they hear -------------------------------------------------------------------------------------------------


async def _serve(listener: Listener, scope: Scope, receive: Receive, send: Send) -> None:
    last = _last_event_id(scope)
    with hub().subscribe(with_recent=last is None) as mailbox:
        leaving = asyncio.create_task(_close_when_gone(receive, mailbox))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            missed = await _missed(last) if last is not None else []
            heard_until = missed[-1].id if missed else 0
            await _say(send, HELLO, missed, listener.slugs)
            await _pass_on(listener, scope, mailbox, heard_until, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:
            pass  # the reader has left in the middle of a word
        finally:
            leaving.cancel()


async def _pass_on(listener: Listener, scope: Scope, mailbox: Mailbox, heard_until: int, send: Send) -> None:
    """Until the mailbox is closed (the reader left, or reads too slowly) or the listener may not listen any more."""
    now = asyncio.get_running_loop().time
    checked_at = now() - random.uniform(0, CHECKED_EVERY / 2)  # noqa: S311 (not all of them in the same second)
    while True:
        letters = await mailbox.take()
        if mailbox.is_closed:
            return
        if now() - checked_at >= CHECKED_EVERY:
            try:
                listener = await _ask(scope)
            except Refused:
                return
            checked_at = now()
        await _say(send, b"" if letters else HEARTBEAT, [x for x in letters if x.id > heard_until], listener.slugs)


async def _say(send: Send, first: bytes, letters: list[Told], slugs: frozenset[str] | None) -> None:
    body = first + b"".join(letter.message for letter in letters if letter.is_for(slugs))
    if body:
        await send({"type": "http.response.body", "body": body, "more_body": True})


async def _close_when_gone(receive: Receive, mailbox: Mailbox) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    mailbox.close()


async def _missed(last: int) -> list[Told]:
    """What was told since then; nothing where the database is away: the reader hears on from here."""
    try:
        rows = await _aside(lambda: changes.since(last))
    except DatabaseError:
        return []
    return [Told.spell(row.pk, row.event, row.key, row.initiative) for row in rows]


def _last_event_id(scope: Scope) -> int | None:
    """Where the reader stopped: the header that browsers send by themselves, or `?last-event-id=`."""
    request = ASGIRequest(scope, BytesIO())
    text = request.headers.get("last-event-id") or request.GET.get("last-event-id") or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


# -- refusals -------------------------------------------------------------------------------------------------------


def _database_away() -> Refused:
    return Refused(503, "database_away", "The database is out of reach. Please try again.", **{"retry-after": "5"})


async def _refuse(refusal: Refused, send: Send) -> None:
    problem = {
        "type": "about:blank",
        "title": refusal.detail,
        "status": refusal.status,
        "detail": refusal.detail,
        "errors": [{"code": refusal.code, "detail": refusal.detail, "attr": None}],
    }
    body = json.dumps(problem).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in refusal.headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
