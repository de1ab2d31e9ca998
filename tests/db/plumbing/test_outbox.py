"""The outbox against a mail server that says what a test wants: yes, no, later, or nothing."""

from __future__ import annotations

import smtplib
import threading
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connections, transaction

from kpis.plumbing import outbox
from kpis.plumbing.models import OutboxMail
from kpis.plumbing.outbox import HeaderRefused, Mail

NOW = datetime(2026, 6, 8, 5, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


class Server(BaseEmailBackend):
    """`answers` is what happens to the next mails: an exception to raise, or None for a yes."""

    answers: list[BaseException | None] = []
    taken: list[bytes] = []
    lock = threading.Lock()

    def send_messages(self, messages):
        for message in messages:
            with Server.lock:
                answer = Server.answers.pop(0) if Server.answers else None
                if answer is None:
                    Server.taken.append(message.message().as_bytes(linesep="\r\n"))
            if answer is not None:
                raise answer
        return len(messages)


@pytest.fixture(autouse=True)
def server(settings):
    settings.MAIL_IS_SENT = True
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    Server.answers, Server.taken = [], []
    import sys

    sys.modules.setdefault(__name__, sys.modules[Server.__module__])
    return Server


def queued(identity="digest:1:2", **more):
    given = {"recipient": "cfo@company.example", "subject": "Week 23", "text": "Net 1", "html": "<p>Net 1</p>"} | more
    return outbox.queue(Mail(**given), identity=identity, at=NOW)


def again(row):
    row.refresh_from_db()
    return row


def refused(code, said=b"no"):
    return smtplib.SMTPRecipientsRefused({"cfo@company.example": (code, said)})


def test_a_mail_is_sent_once_and_marked(server):
    row = queued()
    assert outbox.send_due(at=NOW) == 1
    assert outbox.send_due(at=NOW + timedelta(days=1)) == 0
    assert (again(row).state, row.sent_at, row.attempts, len(server.taken)) == ("sent", NOW, 1, 1)


def test_a_mail_that_was_rolled_back_with_its_reason_is_never_sent(server):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        queued()
        raise ZeroDivisionError
    assert outbox.send_due(at=NOW) == 0


def test_the_mail_has_both_forms_its_pictures_and_headers_that_stay(server):
    queued(images={"chart": PNG}, headers={"Auto-Submitted": "auto-generated"})
    outbox.send_due(at=NOW)
    message = message_from_bytes(server.taken[0], policy=policy.default)
    assert message.get_body(("plain",)).get_content().strip() == "Net 1"
    assert message.get_body(("html",)).get_content().strip() == "<p>Net 1</p>"
    (picture,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert (picture["Content-ID"], picture.get_content()) == ("<chart>", PNG)
    assert message["Date"].datetime == NOW and message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == outbox.message_id_of("digest:1:2")


def test_an_address_that_is_refused_for_good_fails_at_once_with_the_server_s_words(server):
    server.answers = [refused(550, b"5.1.1 no such\r\n person here")]
    row = queued()
    outbox.send_due(at=NOW)
    assert (again(row).state, row.error_code, row.last_error) == (
        "failed", "recipient_refused", "550 5.1.1 no such person here",
    )  # fmt: skip
    assert outbox.send_due(at=NOW + timedelta(days=9)) == 0


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (refused(451), "recipient_refused"),
        (smtplib.SMTPDataError(452, b"disk full"), "mail_refused"),
        (smtplib.SMTPServerDisconnected("gone after the dot"), "server_unreachable"),
        (ConnectionRefusedError(111, "refused"), "server_unreachable"),
        (TimeoutError("timed out"), "server_unreachable"),
        (smtplib.SMTPAuthenticationError(535, b"wrong"), "not_let_in"),
        (smtplib.SMTPSenderRefused(530, b"who are you", "roi@x.example"), "server_refused"),
    ],
)
def test_what_may_pass_is_tried_again_with_the_same_message_id(server, trouble, code):
    server.answers = [trouble]
    row = queued()
    outbox.send_due(at=NOW)
    assert (again(row).state, row.error_code) == ("waiting", code)
    assert outbox.send_due(at=NOW + timedelta(seconds=14)) == 0
    outbox.send_due(at=NOW + timedelta(seconds=15))
    assert (again(row).state, row.error_code, row.last_error, row.attempts) == ("sent", "", "", 2)
    assert row.message_id in server.taken[0].decode()


def test_attempts_have_an_end_and_the_pauses_grow(server):
    server.answers = [ConnectionRefusedError()] * 99
    row, at, tried = queued(), NOW, []
    while at < NOW + timedelta(days=4):
        if outbox.send_due(at=at):
            tried.append(at)
        at += timedelta(minutes=10)
    assert (again(row).state, len(tried)) == ("failed", outbox.MOST_ATTEMPTS)
    pauses = [b - a for a, b in pairwise(tried)]
    assert pauses == sorted(pauses) and tried[-1] - tried[0] < timedelta(days=3)


def test_one_bad_address_of_twenty_keeps_nobody_else_from_their_mail(server):
    server.answers = [None] * 7 + [refused(550)] + [None] * 12
    for k in range(20):
        queued(f"digest:1:{k}")
    outbox.send_due(at=NOW)
    states = list(OutboxMail.objects.order_by("pk").values_list("state", flat=True))
    assert (states.count("sent"), states[7]) == (19, "failed")


def test_a_worker_that_dies_between_yes_and_commit_sends_the_same_mail_again(server):
    row = queued()
    outbox.claim(at=NOW)  # and dies
    assert outbox.send_due(at=NOW + timedelta(minutes=4)) == 0
    assert outbox.send_due(at=NOW + outbox.LEASE) == 1
    assert again(row).state == "sent"


def test_a_mail_that_kills_its_worker_each_time_is_given_up(server):
    row, at = queued(), NOW
    while outbox.claim(at=at) is not None:
        at += outbox.LEASE
    assert (again(row).state, row.error_code, row.attempts) == ("failed", "worker_died", outbox.MOST_ATTEMPTS)


def test_sent_again_by_hand_it_goes_to_the_new_address_under_the_same_id(server):
    server.answers = [refused(550)]
    row = queued()
    outbox.send_due(at=NOW)
    outbox.try_again(row, at=NOW, recipient="new@company.example")
    outbox.send_due(at=NOW)
    assert again(row).state == "sent"
    assert b"To: new@company.example" in server.taken[0] and row.message_id.encode() in server.taken[0]


def test_what_was_sent_is_not_sent_again_by_hand(server):
    row = queued()
    outbox.send_due(at=NOW)
    outbox.try_again(row, at=NOW)
    assert outbox.send_due(at=NOW) == 0


def test_without_an_address_it_fails_and_says_what_to_do(server):
    row = queued(recipient="")
    outbox.send_due(at=NOW)
    assert (again(row).state, row.error_code) == ("failed", "no_address")


@pytest.mark.parametrize(
    "evil", ["a\r\nBcc: all@x.example", "a\nb", "a\rb", "a\x00b", "a\u0085b", "a\u2028b", "a\u2029b"]
)
@pytest.mark.parametrize("field", ["subject", "recipient", "header", "header name"])
def test_nothing_breaks_out_of_a_header(server, evil, field):
    more = {"header": {"headers": {"List-Id": evil}}, "header name": {"headers": {evil: "x"}}}.get(field, {field: evil})
    with pytest.raises(HeaderRefused):
        queued(**more)
    assert not OutboxMail.objects.exists()


def test_the_message_id_is_the_identity_s_and_names_only_our_host(settings):
    settings.PUBLIC_URL = "https://roi.company.example"
    first = outbox.message_id_of("digest:1:2")
    assert first == outbox.message_id_of("digest:1:2") != outbox.message_id_of("digest:1:3")
    assert first.endswith("@roi.company.example>")


def test_without_a_server_it_is_a_file_that_a_mail_program_opens(settings, tmp_path):
    settings.MAIL_IS_SENT, settings.EMAIL_FILE_PATH = False, tmp_path / "mail"
    row = queued(images={"chart": PNG})
    outbox.send_due(at=NOW)
    (place,) = Path(settings.EMAIL_FILE_PATH).iterdir()
    message = message_from_bytes(place.read_bytes(), policy=policy.default)
    assert (again(row).state, place.suffix, message["Subject"]) == ("file", ".eml", "Week 23")


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_send_each_mail_once(server):
    for k in range(40):
        queued(f"digest:1:{k}")
    barrier = threading.Barrier(8)

    def worker():
        barrier.wait()
        try:
            outbox.send_due(at=NOW)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.taken) == 40
    assert OutboxMail.objects.filter(state="sent", attempts=1).count() == 40
