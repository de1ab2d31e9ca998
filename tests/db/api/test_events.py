"""The event stream on a real database, its application called in this process. Real servers: tests/running."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, connections
from psycopg.conninfo import make_conninfo

from kpis.access import people, tokens
from kpis.access.models import User
from kpis.api import events
from kpis.plumbing import changes, stream
from tests.factories import InitiativeFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROI = ("roi", "support-triage", "support-triage")
OTHER = ("roi", "invoice-reading", "invoice-reading")


@pytest.fixture(autouse=True)
def on_the_test_database(settings):
    wanted = connection.get_connection_params()
    known = {name: wanted[name] for name in ("host", "port", "user", "password", "dbname")}
    settings.EVENTS_DATABASE_URL = make_conninfo(**known)
    tokens.forget_all()


class Reader:
    """One client of the stream: what it was sent, and a way to leave."""

    def __init__(self, path: str = "/events/", query: str = "", method: str = "GET", **headers: str) -> None:
        named = {"host": "127.0.0.1", **{name.replace("_", "-"): value for name, value in headers.items()}}
        self.scope = {
            "type": "http", "method": method, "path": path, "query_string": query.encode(), "scheme": "http",
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        }  # fmt: skip
        self.status = 0
        self.body = b""
        self._left = asyncio.Event()

    async def __aenter__(self) -> Reader:
        self._task = asyncio.create_task(events.stream(self.scope, self._receive, self._send))
        await self.until(lambda: self.status and self.body)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._left.set()
        await asyncio.wait_for(self._task, 2)

    async def ended(self) -> None:
        await asyncio.wait_for(self._task, 3)

    async def until(self, met: Callable[[], Any]) -> None:
        async with asyncio.timeout(3):
            while not met():
                if self._task.done():
                    self._task.result()
                await asyncio.sleep(0.005)

    @property
    def heard(self) -> list[tuple[str, str]]:
        blocks = [block.split("\n") for block in self.body.decode().split("\n\n") if block.startswith("id: ")]
        return [
            (block[1].removeprefix("event: "), json.loads(block[2].removeprefix("data: "))["key"]) for block in blocks
        ]

    async def _receive(self) -> dict[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message["body"]


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def with_a_hub_of_its_own() -> None:
        try:
            await story()
        finally:
            await stream.hub().close()

    asyncio.run(with_a_hub_of_its_own())


async def tell(*what: changes.Told) -> None:
    await asyncio.to_thread(lambda: (changes.announce(what), connections.close_all()))


def bearer(*scopes: str, initiatives=(), by: User | None = None) -> dict[str, str]:
    _, text = tokens.issue("t", scopes or ["read"], initiatives, by=by, at=NOON)
    return {"authorization": f"Bearer {text}"}


def cookie(user: User) -> dict[str, str]:
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session.save()
    return {"cookie": f"{django_settings.SESSION_COOKIE_NAME}={session.session_key}"}


def test_a_reader_hears_a_change_with_its_event_its_key_and_its_id():
    headers = bearer()

    async def story():
        async with Reader(**headers) as reader:
            assert reader.status == 200
            assert reader.headers[b"content-type"].startswith(b"text/event-stream")
            await tell(ROI)
            await reader.until(lambda: reader.heard)
            assert reader.heard == [("roi", "support-triage")]
            assert b"\nid: " in reader.body

    run(story)


def test_who_is_signed_in_hears_too():
    headers = cookie(UserFactory())

    async def story():
        async with Reader(**headers) as reader:
            await tell(ROI)
            await reader.until(lambda: reader.heard)

    run(story)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer roi_wrong"},
        {"authorization": "Basic YWRtaW46YWRtaW4="},
        {"authorization": ""},
        {"cookie": "roi-session=nosuchsession"},
        {"cookie": "\x00=;;=\xff"},
    ],
)
def test_who_is_not_known_is_refused_with_a_problem(headers):
    async def story():
        async with Reader(**headers) as reader:
            assert reader.status == 401
            assert json.loads(reader.body)["errors"][0]["code"] == "not_authenticated"
            assert reader.headers[b"content-type"] == b"application/problem+json"

    run(story)


def test_a_token_that_only_sends_may_not_listen():
    headers = bearer("ingest")

    async def story():
        async with Reader(**headers) as reader:
            assert reader.status == 401

    run(story)


def test_a_token_in_the_address_is_not_looked_at():
    _, text = tokens.issue("t", ["read"], by=None, at=NOON)

    async def story():
        async with Reader(query=f"token={text}&authorization=Bearer%20{text}") as reader:
            assert reader.status == 401

    run(story)


def test_another_host_name_and_another_method_are_refused():
    headers = bearer()

    async def story():
        async with Reader(**headers | {"host": "evil.example"}) as reader:
            assert reader.status == 400
        async with Reader(method="POST", **headers) as reader:
            assert (reader.status, reader.headers[b"allow"]) == (405, b"GET")

    run(story)


def test_a_reader_hears_only_of_initiatives_in_sight_and_nothing_that_belongs_to_none():
    mine = InitiativeFactory(slug="support-triage")
    person = UserFactory()
    people.limit_sight(person, [mine], by=None, at=NOON)
    by_person, by_token = cookie(person), bearer("read", initiatives=[mine])

    async def story():
        async with Reader(**by_person) as one, Reader(**by_token) as two:
            await tell(OTHER, ("source", "shared", ""), ROI)
            for reader in (one, two):
                await reader.until(lambda reader=reader: reader.heard)
                assert reader.heard == [("roi", "support-triage")]
                assert b"invoice" not in reader.body

    run(story)


@pytest.mark.parametrize("how", ["header", "query"])
def test_a_reader_who_comes_back_hears_what_was_missed_and_each_change_once(how):
    headers = bearer()

    async def story():
        async with Reader(**headers) as first:
            await tell(ROI)
            await first.until(lambda: first.heard)
            last = first.body.decode().split("id: ")[1].split("\n")[0]
        await tell(OTHER)
        await tell(OTHER)
        back = {"header": {"last_event_id": last}, "query": {"query": f"last-event-id={last}"}}[how]
        async with Reader(**headers, **back) as again:
            await again.until(lambda: again.heard)
            await tell(("interval", "support-triage.volume", "support-triage"))
            await again.until(lambda: len(again.heard) > 1)
            assert again.heard == [("roi", "invoice-reading"), ("interval", "support-triage.volume")]

    run(story)


@pytest.mark.parametrize("last", ["x", "-1", "1e3", "9" * 40, "٣", "1;drop"])
def test_a_last_event_id_that_is_none_is_passed_over(last):
    headers = bearer()

    async def story():
        async with Reader(**headers, query=f"last-event-id={last}") as reader:
            assert reader.status == 200

    run(story)


def test_what_changed_while_the_page_was_on_its_way_is_told_to_a_new_reader():
    headers = bearer()

    async def story():
        async with Reader(**headers) as first:
            await tell(ROI)
            await first.until(lambda: first.heard)
            async with Reader(**headers) as second:
                await second.until(lambda: second.heard)
                assert second.heard == [("roi", "support-triage")]

    run(story)


def test_a_silent_stream_beats(monkeypatch):
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    headers = bearer()

    async def story():
        async with Reader(**headers) as reader:
            await reader.until(lambda: reader.body.count(events.HEARTBEAT) >= 3)

    run(story)


@pytest.fixture
def checked_at_every_beat(monkeypatch):
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(events, "CHECKED_EVERY", 0.0)


def test_the_stream_of_a_person_who_was_disabled_ends(checked_at_every_beat):
    person = UserFactory()
    headers = cookie(person)

    async def story():
        async with Reader(**headers) as reader:
            await asyncio.to_thread(lambda: (User.objects.update(is_active=False), connections.close_all()))
            await reader.ended()

    run(story)


def test_the_stream_of_a_revoked_token_ends(checked_at_every_beat):
    token, text = tokens.issue("t", ["read"], by=None, at=NOON)

    async def story():
        async with Reader(authorization=f"Bearer {text}") as reader:
            await asyncio.to_thread(lambda: (tokens.revoke(token, by=None, at=NOON), connections.close_all()))
            await reader.ended()

    run(story)


def test_a_sight_that_was_narrowed_counts_for_a_stream_that_is_open(checked_at_every_beat):
    mine = InitiativeFactory(slug="support-triage")
    person = UserFactory()
    headers = cookie(person)

    async def story():
        async with Reader(**headers) as reader:
            await asyncio.to_thread(
                lambda: (people.limit_sight(person, [mine], by=None, at=NOON), connections.close_all())
            )
            beats = reader.body.count(events.HEARTBEAT)
            await reader.until(lambda: reader.body.count(events.HEARTBEAT) > beats + 1)
            await tell(OTHER)
            await tell(ROI)
            await reader.until(lambda: reader.heard)
            assert reader.heard == [("roi", "support-triage")]

    run(story)


def test_one_asker_may_not_take_all_places(monkeypatch):
    monkeypatch.setattr(events, "STREAMS_OF_AN_ASKER", 2)
    headers, others = bearer(), bearer()

    async def story():
        async with Reader(**headers), Reader(**headers):
            async with Reader(**headers) as third:
                assert (third.status, third.headers[b"retry-after"]) == (429, b"30")
            async with Reader(**others) as other:
                assert other.status == 200
        async with Reader(**headers) as after:
            assert after.status == 200

    run(story)


def test_a_database_out_of_reach_is_answered_with_when_to_come_back(monkeypatch, settings, free_port):
    settings.EVENTS_DATABASE_URL = f"postgresql://nobody@127.0.0.1:{free_port}/none"
    monkeypatch.setattr(events, "READY_WITHIN", 0.2)
    headers = bearer()

    async def story():
        async with Reader(**headers) as reader:
            assert (reader.status, reader.headers[b"retry-after"]) == (503, b"5")

    run(story)


def test_a_hub_that_lost_its_connection_catches_up_with_what_was_told_meanwhile():
    headers = bearer()

    def cut() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'roi-events'"
            )
        connections.close_all()

    async def story():
        async with Reader(**headers) as reader:
            await asyncio.to_thread(cut)
            await tell(ROI)
            await reader.until(lambda: reader.heard)
            assert reader.heard == [("roi", "support-triage")]

    run(story)


def test_a_reader_who_does_not_read_is_let_go_instead_of_filling_the_memory():
    async def story():
        box = stream.Mailbox()
        for number in range(stream.UNREAD_AT_MOST + 5):
            box.put(stream.Told.spell(number, "roi", "a", "a"))
        assert box.is_closed
        assert len(await box.take()) == stream.UNREAD_AT_MOST

    asyncio.run(story())
