"""The bridge between the event loop and Django's threads: requests whole, answers whole, streams piece by piece."""

from __future__ import annotations

import asyncio
import threading

import pytest

from roi_portal.bridge import IN_MEMORY, Bridge

LIMIT = 4 * IN_MEMORY


class Answer(list):
    """What a WSGI application gives back; notes its closing."""

    streaming = False
    closed_in: str | None = None

    def close(self):
        self.closed_in = threading.current_thread().name


class App:
    """A WSGI application that keeps what it was asked."""

    def __init__(self, *pieces: bytes, streaming: bool = False):
        self.answer = Answer(pieces or [b"done"])
        self.answer.streaming = streaming
        self.environs = []
        self.bodies = []

    def __call__(self, environ, start_response):
        self.environs.append(environ)
        self.bodies.append(environ["wsgi.input"].read())
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-Ü", "ü")])
        return self.answer


def call(app, *messages, headers=(), path="/x/", **scope):
    """The messages that the bridge sends for a request whose body comes in these messages."""
    coming, sent = list(messages), []

    async def receive():
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    asked = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"a=1",
        "http_version": "1.1",
        "headers": list(headers),
        "server": ("portal", 8000),
        "client": ("10.0.0.7", 4711),
        **scope,
    }
    asyncio.run(Bridge(app, threads=2, body_at_most=LIMIT)(asked, receive, send))
    return sent


def piece(body: bytes, more: bool = False):
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_request_arrives_whole_and_its_answer_leaves_in_one_piece():
    app = App(b"he", b"llo")
    start, body = call(app, piece(b"one ", True), piece(b"two"), headers=[(b"content-type", b"text/csv")])
    assert app.bodies == [b"one two"]
    environ = app.environs[0]
    assert (environ["CONTENT_LENGTH"], environ["CONTENT_TYPE"]) == ("7", "text/csv")
    assert (environ["REMOTE_ADDR"], environ["QUERY_STRING"], environ["SERVER_PORT"]) == ("10.0.0.7", "a=1", "8000")
    assert (start["status"], body["body"], body.get("more_body", False)) == (200, b"hello", False)
    assert (b"x-\xfc", b"\xfc") in start["headers"]


def test_the_answer_is_closed_in_the_thread_that_made_it():
    app = App()
    call(app, piece(b""))
    assert app.answer.closed_in.startswith("request")


def test_a_sender_that_leaves_in_the_middle_is_not_taken_for_one_that_is_done():
    app = App()
    assert call(app, piece(b"half of it", True), {"type": "http.disconnect"}) == []
    assert app.bodies == []


def test_a_long_body_arrives_as_it_was_sent():
    sent = bytes(range(256)) * (IN_MEMORY // 128)
    app = App()
    call(app, *(piece(sent[n : n + 65_536], True) for n in range(0, len(sent), 65_536)), piece(b""))
    assert app.bodies == [sent]


@pytest.mark.parametrize("announced", [None, 10 * LIMIT])
def test_of_a_body_without_end_only_the_limit_is_taken_in_and_its_length_says_so(announced):
    app = App()
    headers = [(b"content-length", str(announced).encode())] if announced else []
    call(app, *(piece(bytes(IN_MEMORY), True) for _ in range(100)), headers=headers)
    assert LIMIT < len(app.bodies[0]) <= LIMIT + IN_MEMORY
    assert int(app.environs[0]["CONTENT_LENGTH"]) == (announced or len(app.bodies[0]))


def test_a_stream_goes_out_piece_by_piece():
    sent = call(App(b"a", b"b", streaming=True), piece(b""))
    assert [message.get("body") for message in sent] == [None, b"a", b"b", b""]
    assert [message.get("more_body", False) for message in sent[1:]] == [True, True, False]


def test_a_header_with_an_underscore_does_not_pass_for_another():
    app = App()
    call(app, piece(b""), headers=[(b"x_forwarded_proto", b"https"), (b"x-request-id", b"7")])
    assert "HTTP_X_FORWARDED_PROTO" not in app.environs[0]
    assert app.environs[0]["HTTP_X_REQUEST_ID"] == "7"


def test_a_path_in_any_script_arrives_as_pep_3333_wants_it():
    app = App()
    call(app, piece(b""), path="/märz/")
    assert app.environs[0]["PATH_INFO"].encode("latin-1").decode() == "/märz/"
