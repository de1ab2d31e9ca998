"""A digest arrives at a real mail server: refused first, visible on its page, then delivered under the same id."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller

from roi_portal import processes
from tests.portal import Portal, start_portal

pytestmark = pytest.mark.slow


@dataclass
class Desk:
    """What the mail server's operator decides, and what came in."""

    refuse: str = ""
    tried: list[str] = field(default_factory=list)
    letters: list[EmailMessage] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        self.tried.append(address)
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.senders.append(envelope.mail_from)
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 taken"


@pytest.fixture(scope="module")
def desk() -> Iterator[tuple[Desk, int]]:
    found, port = Desk(), processes.free_port()
    server = Controller(found, hostname="127.0.0.1", port=port)
    server.start()
    yield found, port
    server.stop()


@pytest.fixture(scope="module")
def portal(desk: tuple[Desk, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """With the sample, and a mail server that is really there."""
    home = tmp_path_factory.mktemp("mailing")
    sender = "ROI Portal <roi@portal.example>"
    mail = {"EMAIL_URL": f"smtp://127.0.0.1:{desk[1]}/", "DEFAULT_FROM_EMAIL": sender}
    for portal in start_portal(home, number=3, **mail):
        with portal.api() as api:  # the sample's own digest would come in between, at a time of its own
            assert api.delete("digests/steering-committee/").status_code == 204
        yield portal


def eventually(read: Callable[[], Any], ready: Callable[[Any], bool], *, seconds: float = 90) -> Any:
    until = time.monotonic() + seconds
    while not ready(found := read()) and time.monotonic() < until:
        time.sleep(0.2)
    assert ready(found), found
    return found


def newest(api: httpx.Client, slug: str) -> dict[str, Any]:
    results = api.get(f"digests/{slug}/editions/").json()["results"]
    return results[0] if results else {"state": None}


def signed_in(portal: Portal) -> httpx.Client:
    client = httpx.Client(base_url=portal.url, follow_redirects=True, timeout=30)
    client.get("/sign-in/")
    form = {"username": portal.sign_in, "password": portal.password, "csrfmiddlewaretoken": client.cookies["roi-csrf"]}
    assert client.post("/sign-in/", data=form).status_code == 200
    return client


def test_a_refused_digest_is_visible_and_arrives_later_under_the_same_id(
    portal: Portal, desk: tuple[Desk, int]
) -> None:
    server, _port = desk
    portal.rows("update kpis_user set email = 'cfo@company.example' where username = %s returning 1", portal.sign_in)
    server.refuse = "451 4.3.0 come back later"
    with portal.api() as api:
        made = {"slug": "board", "name": "Board", "zone": "Europe/Berlin", "recipients": [portal.sign_in]}
        assert api.post("digests/", json=made).status_code == 201
        assert api.post("digests/board/send/").status_code == 202
        waiting = eventually(lambda: newest(api, "board"), lambda row: bool(row.get("error_code")))
        assert (waiting["state"], waiting["error_code"], waiting["error"]) == (
            "waiting", "recipient_refused", "451 4.3.0 come back later",
        )  # fmt: skip
        page = signed_in(portal).get("/digests/board/").text
        assert "The mail server refuses this address." in page and "451 4.3.0 come back later" in page

        server.refuse = ""  # nobody touches the portal: its own next attempt
        sent = eventually(lambda: newest(api, "board"), lambda row: row["state"] == "sent")
    assert (sent["attempts"] >= 2, sent["error"], sent["message_id"]) == (True, "", waiting["message_id"])
    (letter,) = [m for m in server.letters if m["Message-ID"] == sent["message_id"]]
    _is_a_whole_digest(letter, portal)


def _is_a_whole_digest(letter: EmailMessage, portal: Portal) -> None:
    assert (letter["To"], letter["From"]) == ("cfo@company.example", "ROI Portal <roi@portal.example>")
    assert letter["Subject"].strip().startswith("[sample data] AI portfolio, week")
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None and html is not None
    text = plain.get_content()
    with portal.api() as api:
        totals = api.get("portfolio/").json()["totals"]
    assert f"{float(totals['invested']):,.2f}" in text
    assert f"{float(totals['invested']):,.2f}" in html.get_content()
    assert portal.url in text
    pictures = {p["Content-ID"]: p.get_content() for p in letter.walk() if p.get_content_type() == "image/png"}
    assert set(pictures) == {"<chart-wide>", "<chart-phone>", "<chart-wide-dark>", "<chart-phone-dark>"}
    assert all(png.startswith(b"\x89PNG") for png in pictures.values())


def test_an_address_that_is_refused_for_good_is_not_tried_again_by_itself(
    portal: Portal, desk: tuple[Desk, int]
) -> None:
    server, _port = desk
    portal.rows("update kpis_user set email = 'gone@company.example' where username = %s returning 1", portal.sign_in)
    server.refuse = "550 5.1.1 no such person"
    with portal.api() as api:
        made = {"slug": "gone", "name": "Gone", "zone": "Europe/Berlin", "recipients": [portal.sign_in]}
        assert api.post("digests/", json=made).status_code == 201
        assert api.post("digests/gone/send/").status_code == 202
        failed = eventually(lambda: newest(api, "gone"), lambda row: row["state"] == "failed")
        assert failed["error"] == "550 5.1.1 no such person"
        tried = server.tried.count("gone@company.example")
        time.sleep(20)  # longer than the first pause
        assert server.tried.count("gone@company.example") == tried == 1


def test_when_the_time_has_come_the_scheduler_sends_by_itself_and_once(portal: Portal, desk: tuple[Desk, int]) -> None:
    server, _port = desk
    server.refuse = ""
    portal.rows("update kpis_user set email = 'weekly@company.example' where username = %s returning 1", portal.sign_in)
    with portal.api() as api:
        made = {"slug": "weekly", "name": "Weekly", "zone": "Europe/Berlin", "recipients": [portal.sign_in]}
        assert api.post("digests/", json=made).status_code == 201
        portal.rows(
            "update kpis_digest set next_due_at = now() - interval '1 second' where slug = 'weekly' returning 1"
        )
        eventually(lambda: newest(api, "weekly"), lambda row: row["state"] == "sent")
        assert api.get("digests/weekly/editions/").json()["count"] == 1
    time.sleep(12)
    assert sum(m["To"] == "weekly@company.example" for m in server.letters) == 1
    assert not list(Path(portal.home, "mail").glob("*"))
