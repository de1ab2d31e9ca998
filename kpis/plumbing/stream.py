"""Changes on their way to the browsers: one database connection a process listens, every open stream gets a copy.

A stream costs a mailbox and nothing else; no thread, no database connection. Everything here runs on one event loop.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import psycopg
from django.conf import settings

from kpis.plumbing.changes import CHANNEL

log = logging.getLogger(__name__)

NEWEST = "select coalesce(max(id), 0) from kpis_change"
AFTER = "select id, event, key, initiative from kpis_change where id > %s order by id limit %s"

HEARTBEAT_SECONDS = 15.0
LOOK_SECONDS = 10.0  # looked for without having been told: a NOTIFY may be lost with its connection
ROWS = 1000
UNREAD_AT_MOST = 1000  # then the reader is too slow: its stream ends, and it comes back with Last-Event-ID
RECENT_SECONDS = 5.0  # told again to whoever connects: what changed while their page was on its way


@dataclass(frozen=True, slots=True)
class Told:
    """One change as it is told: spelled once, the same bytes for every reader."""

    id: int
    initiative: str
    message: bytes

    @classmethod
    def spell(cls, id: int, event: str, key: str, initiative: str) -> Told:
        data = json.dumps({"key": key, "initiative": initiative}, ensure_ascii=False)
        return cls(id, initiative, f"id: {id}\nevent: {event}\ndata: {data}\n\n".encode())

    def is_for(self, slugs: frozenset[str] | None) -> bool:
        """Whether a reader who sees these initiatives (None: all) may hear of it."""
        return slugs is None or self.initiative in slugs


class Mailbox:
    """What one stream has not read yet."""

    def __init__(self) -> None:
        self._letters: deque[Told] = deque()
        self._something = asyncio.Event()
        self.is_closed = False

    def put(self, letter: Told) -> None:
        if len(self._letters) >= UNREAD_AT_MOST:
            self.close()
            return
        self._letters.append(letter)
        self._something.set()

    def ring(self) -> None:
        """Wake the reader without a letter: a heartbeat is due."""
        self._something.set()

    def close(self) -> None:
        self.is_closed = True
        self._something.set()

    async def take(self) -> list[Told]:
        """Everything unread, as soon as there is something; empty for a heartbeat and after the end."""
        await self._something.wait()
        self._something.clear()
        letters = list(self._letters)
        self._letters.clear()
        return letters


class Hub:
    """Listens to the database for all streams of this process."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._mailboxes: set[Mailbox] = set()
        self._recent: deque[tuple[float, Told]] = deque(maxlen=UNREAD_AT_MOST // 2)
        self._newest: int | None = None
        self._ready = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def readers(self) -> int:
        return len(self._mailboxes)

    async def is_listening(self, within: float) -> bool:
        """Start on the first call. True once every later change will be heard; False when that takes too long."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._beat())]
        try:
            async with asyncio.timeout(within):
                await self._ready.wait()
        except TimeoutError:
            return False
        return True

    @contextmanager
    def subscribe(self, *, with_recent: bool) -> Iterator[Mailbox]:
        mailbox = Mailbox()
        if with_recent:
            since = asyncio.get_running_loop().time() - RECENT_SECONDS
            for told_at, letter in self._recent:
                if told_at >= since:
                    mailbox.put(letter)
        self._mailboxes.add(mailbox)
        try:
            yield mailbox
        finally:
            self._mailboxes.discard(mailbox)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for mailbox in self._mailboxes:
            mailbox.close()

    async def _listen(self) -> None:
        pause = 0.5
        while True:
            try:
                async with await self._connect() as connection:
                    await self._take_up(connection)
                    pause = 0.5
                    while True:
                        await self._pass_on(connection)
                        async for _ in connection.notifies(timeout=LOOK_SECONDS, stop_after=1):
                            pass
            except psycopg.Error as error:
                log.warning("The event stream has lost the database and tries again (%s).", type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(2 * pause, 5.0)

    async def _connect(self) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(
            self._address, autocommit=True, connect_timeout=5, application_name="roi-events"
        )

    async def _take_up(self, connection: psycopg.AsyncConnection) -> None:
        """Listen first, then see where we are: what comes in between is heard, not lost. A break is caught up with."""
        await connection.execute(f"listen {CHANNEL}")
        if self._newest is None:
            cursor = await connection.execute(NEWEST)
            self._newest = (await cursor.fetchone() or (0,))[0]
        self._ready.set()

    async def _pass_on(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            cursor = await connection.execute(AFTER, [self._newest, ROWS])
            rows = await cursor.fetchall()
            for row in rows:
                self._tell(Told.spell(*row))
            if len(rows) < ROWS:
                return

    def _tell(self, letter: Told) -> None:
        self._newest = letter.id
        self._recent.append((asyncio.get_running_loop().time(), letter))
        for mailbox in self._mailboxes:
            mailbox.put(letter)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            for mailbox in self._mailboxes:
                mailbox.ring()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop; a process has one loop, and so one listening connection."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(settings.EVENTS_DATABASE_URL)
    return _hubs[loop]
