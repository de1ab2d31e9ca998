"""Real servers on the loopback, which is exactly where a source must not lead unless it is listed."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from kpis.plumbing import outbound

SPELLINGS = [
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1",
    "017700000001", "127.000.000.001", "0", "0.0.0.0",
    "localhost", "LOCALHOST", "localhost.", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fec0::1]", "[fc00::1]", "[ff02::1]", "[::ffff:0:7f00:1]",
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "2852039166", "0xa9fea9fe", "[::ffff:169.254.169.254]",
    "[fd00:ec2::254]", "100.64.0.1", "100.100.100.200", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255",
    "168.63.129.16", "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1", "[::ffff:10.0.0.1]", "[2002:a00:1::]",
]  # fmt: skip


class Listener(ThreadingHTTPServer):
    """Answers with `reply` and counts who knocked, also those who said nothing."""

    daemon_threads = True

    def __init__(self, reply: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.knocks = 0
        self.seen: list[tuple[str, dict[str, str]]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler) -> None:
                self.seen.append((handler.path, dict(handler.headers)))
                reply(handler)

            def log_message(handler, *args: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def get_request(self):
        self.knocks += 1
        return super().get_request()

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def door(self) -> str:
        return f"127.0.0.1:{self.port}"


@pytest.fixture
def listener() -> Iterator[Callable[..., Listener]]:
    running: list[Listener] = []

    def start(reply=lambda handler: answer(handler, b"ok")) -> Listener:
        running.append(Listener(reply))
        return running[-1]

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def answer(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_an_inner_address_is_reached(host, listener):
    server = listener()
    with outbound.client(allow=[]) as client, pytest.raises((outbound.OutboundError, httpx.InvalidURL)) as refusal:
        client.get(f"http://{host}:{server.port}/")
    assert server.knocks == 0
    assert getattr(refusal.value, "code", "outbound_refused") in ("outbound_refused", "outbound_unreachable")


def test_a_name_with_one_inner_address_among_public_ones_is_refused(listener, monkeypatch):
    server = listener()
    entry = lambda ip: (socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, server.port))  # noqa: E731
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: [entry("93.184.216.34"), entry("127.0.0.1")])
    with outbound.client(allow=[]) as client, pytest.raises(outbound.OutboundRefused):
        client.get(f"http://rebinding.example:{server.port}/")
    assert server.knocks == 0


def test_the_connection_goes_to_the_address_that_was_checked_and_the_name_is_not_resolved_again(listener, monkeypatch):
    server = listener()
    asked = []

    def resolve_once(host, port, *args, **kwargs):
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "192.0.2.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda h, *a, **k: resolve_once(h, *a, **k) if h == "source.example" else real(h, *a, **k),
    )
    with outbound.client(allow=[server.door]) as client:
        assert client.get(f"http://source.example:{server.port}/").text == "ok"
    assert asked == ["source.example"]
    assert server.seen[0][1]["Host"] == f"source.example:{server.port}"


def test_a_listed_door_is_reached_while_every_other_port_of_the_same_host_stays_shut(listener):
    allowed, other = listener(), listener()
    with outbound.client(allow=[allowed.door]) as client:
        assert client.get(f"http://127.0.0.1:{allowed.port}/").status_code == 200
        with pytest.raises(outbound.OutboundRefused):
            client.get(f"http://127.0.0.1:{other.port}/")
    assert other.knocks == 0


def test_open_and_closed_inner_ports_get_the_same_answer(listener, free_port):
    server = listener()
    said = []
    for port in (server.port, free_port):
        with outbound.client(allow=[]) as client, pytest.raises(outbound.OutboundRefused) as refusal:
            client.get(f"http://127.0.0.1:{port}/")
        said.append((refusal.value.code, refusal.value.detail))
    assert said[0] == said[1]


def test_a_redirect_is_not_followed_and_the_refusal_says_what_to_do(listener):
    inner = listener()
    outer = listener(lambda h: answer(h, b"", 302, Location=f"http://127.0.0.1:{inner.port}/secret"))
    with (
        outbound.client(allow=[outer.door]) as client,
        pytest.raises(outbound.OutboundFailed, match="redirect") as failure,
    ):
        outbound.must_succeed(client.get(f"http://127.0.0.1:{outer.port}/"))
    assert failure.value.code == "outbound_status"
    assert inner.knocks == 0


def test_a_proxy_in_the_environment_is_not_asked(listener, monkeypatch):
    proxy, server = listener(), listener()
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    with outbound.client(allow=[server.door, proxy.door]) as client:
        client.get(f"http://127.0.0.1:{server.port}/")
    assert (proxy.knocks, server.knocks) == (0, 1)


@pytest.mark.parametrize(
    "address", ["ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1:70/", "http:///x", "//example.com"]
)
def test_only_web_addresses_are_taken(address):
    with outbound.client(allow=[]) as client, pytest.raises(outbound.OutboundRefused):
        client.get(address)


def test_a_password_in_the_address_is_refused_before_anything_is_sent(listener):
    server = listener()
    with outbound.client(allow=[server.door]) as client, pytest.raises(outbound.OutboundRefused, match="secret header"):
        client.get(f"http://user:pass@127.0.0.1:{server.port}/")
    assert server.knocks == 0


def test_an_answer_larger_than_allowed_is_cut_off(listener):
    server = listener(lambda h: answer(h, b"x" * 200_000))
    with (
        outbound.client(allow=[server.door], max_bytes=100_000) as client,
        pytest.raises(outbound.OutboundFailed) as failure,
    ):
        client.get(f"http://127.0.0.1:{server.port}/")
    assert failure.value.code == "outbound_too_large"


def test_a_packed_answer_is_unpacked(listener):
    text = b"value 42\n" * 5_000
    for encoding, packed in (("gzip", gzip.compress(text)), ("deflate", zlib.compress(text))):
        server = listener(lambda h, e=encoding, p=packed: answer(h, p, Content_Encoding=e))
        with outbound.client(allow=[server.door]) as client:
            assert client.get(f"http://127.0.0.1:{server.port}/").content == text


def test_a_bomb_is_stopped_at_the_limit_and_not_after_it_has_grown(listener):
    import tracemalloc

    bomb = gzip.compress(b"\0" * 300_000_000, 9)
    server = listener(lambda h: answer(h, bomb, Content_Encoding="gzip"))
    tracemalloc.start()
    with (
        outbound.client(allow=[server.door], max_bytes=2_000_000) as client,
        pytest.raises(outbound.OutboundFailed) as failure,
    ):
        client.get(f"http://127.0.0.1:{server.port}/")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert failure.value.code == "outbound_too_large"
    assert peak < 8_000_000


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"not gzip", "gzip"), (gzip.compress(b"x" * 999, mtime=0)[:-9], "gzip"), (b"x", "br"), (b"x", "gzip, gzip")],
)
def test_a_damaged_or_unknown_packing_is_an_unreadable_answer(listener, body, encoding):
    server = listener(lambda h: answer(h, body, Content_Encoding=encoding))
    with outbound.client(allow=[server.door]) as client, pytest.raises(outbound.OutboundFailed) as failure:
        client.get(f"http://127.0.0.1:{server.port}/")
    assert failure.value.code == "outbound_unreadable"


def test_an_answer_that_drips_in_byte_by_byte_ends_when_its_time_is_up(listener):
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(100):
            try:
                handler.wfile.write(b"x")
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    server = listener(drip)
    started = time.monotonic()
    with outbound.client(allow=[server.door], timeout=0.5) as client, pytest.raises(outbound.OutboundFailed) as failure:
        client.get(f"http://127.0.0.1:{server.port}/")
    assert failure.value.code == "outbound_timeout"
    assert time.monotonic() - started < 2


def test_headers_that_drip_in_end_too(listener):
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for n in range(100):
            try:
                handler.wfile.write(f"X-{n}: y\r\n".encode())
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    server = listener(drip)
    with outbound.client(allow=[server.door], timeout=0.5) as client, pytest.raises(outbound.OutboundFailed) as failure:
        client.get(f"http://127.0.0.1:{server.port}/")
    assert failure.value.code == "outbound_timeout"


def test_nobody_listening_is_said_as_unreachable(free_port):
    with outbound.client(allow=[f"127.0.0.1:{free_port}"]) as client, pytest.raises(outbound.OutboundFailed) as failure:
        client.get(f"http://127.0.0.1:{free_port}/")
    assert failure.value.code == "outbound_unreachable"
    assert "127.0.0.1" not in failure.value.detail


def test_a_name_that_does_not_exist_is_unreachable():
    with outbound.client(allow=[]) as client, pytest.raises(outbound.OutboundFailed) as failure:
        client.get("http://no-such-name.invalid/")
    assert failure.value.code == "outbound_unreachable"


def test_what_is_not_http_is_unreadable(listener):
    server = listener(lambda h: h.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n"))
    with outbound.client(allow=[server.door]) as client, pytest.raises(outbound.OutboundFailed) as failure:
        client.get(f"http://127.0.0.1:{server.port}/")
    assert failure.value.code == "outbound_unreadable"


@pytest.mark.parametrize("status", [301, 400, 401, 404, 500, 503])
def test_every_status_but_success_is_a_failure_that_names_it(listener, status):
    server = listener(lambda h: answer(h, b"", status))
    with (
        outbound.client(allow=[server.door]) as client,
        pytest.raises(outbound.OutboundFailed, match=str(status)) as failure,
    ):
        outbound.must_succeed(client.get(f"http://127.0.0.1:{server.port}/"))
    assert failure.value.code == "outbound_status"


def test_a_list_of_exceptions_that_cannot_be_read_opens_nothing():
    with pytest.raises(outbound.OutboundRefused, match="OUTBOUND_ALLOW"):
        outbound.client(allow=["*"])
