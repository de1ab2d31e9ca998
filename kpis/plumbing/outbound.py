"""HTTP to the outside, for sources and webhooks. An address that somebody typed must not become a tunnel inwards.

The name is resolved once, every address that it has is checked, and the connection goes to the checked address with
the original name in Host and TLS; so a resolver that answers differently the second time gains nothing. No
redirects, no proxies from the environment, one budget of time, bytes and unpacked bytes for each answer.

    with outbound.client(timeout=20) as client:
        answer = outbound.must_succeed(client.get(address))
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import certifi
import httpcore
import httpx
from django.conf import settings

from kpis.plumbing.addresses import Address, Exceptions, is_public

MEGABYTE = 1024 * 1024
CONNECT_SECONDS = 5.0
CHUNK = 64 * 1024
AGENT = "roi-portal"


class OutboundError(Exception):
    """Why nothing came back, as a stable code and a sentence that names no inner address and no driver's words."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class OutboundRefused(OutboundError):
    """We did not even try: the address is not one that the portal may reach."""

    def __init__(self, detail: str) -> None:
        super().__init__("outbound_refused", detail)


class OutboundFailed(OutboundError):
    """We tried: outbound_unreachable, outbound_timeout, outbound_too_large, outbound_unreadable, outbound_status."""


def client(
    *,
    timeout: float = 30.0,
    max_bytes: int = 32 * MEGABYTE,
    headers: dict[str, str] | None = None,
    base_url: str = "",
    allow: Iterable[str] | None = None,
) -> httpx.Client:
    """A client whose every request is checked. Use it in one thread, and in a `with`.

    timeout : seconds for one whole answer, from the name's resolution to the last byte.
    max_bytes : of one answer, as sent and as unpacked.
    allow : exceptions in place of settings.OUTBOUND_ALLOW.
    """
    try:
        exceptions = Exceptions.read(settings.OUTBOUND_ALLOW if allow is None else allow)
    except ValueError as error:
        raise OutboundRefused(f"OUTBOUND_ALLOW cannot be read: {error}.") from error
    return httpx.Client(
        transport=CheckedTransport(exceptions, timeout=timeout, max_bytes=max_bytes),
        headers={"User-Agent": AGENT, "Accept-Encoding": "gzip", **(headers or {})},
        base_url=base_url,
        timeout=httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
        follow_redirects=False,
        trust_env=False,
    )


def must_succeed(response: httpx.Response) -> httpx.Response:
    """The answer, if its status is 2xx. Refuses (OutboundFailed, outbound_status) every other, redirects included."""
    if response.is_redirect:
        raise OutboundFailed(
            "outbound_status",
            f"The source answered with status {response.status_code}, a redirect, which is not followed: "
            "enter the address that it leads to.",
        )
    if not response.is_success:
        raise OutboundFailed("outbound_status", f"The source answered with status {response.status_code}.")
    return response


class Budget:
    """The time that is left for one answer, on the monotonic stopwatch; shared by all that wait for its bytes."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.until = 0.0

    def start(self) -> None:
        self.until = time.monotonic() + self.seconds

    def left(self, at_most: float | None) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise OutboundFailed(
                "outbound_timeout", f"The source did not answer in full within {self.seconds:g} seconds."
            )
        return left if at_most is None else min(left, at_most)


class CheckedTransport(httpx.HTTPTransport):
    """httpx's own transport on top of connections that are checked; answers are counted while they come in."""

    def __init__(self, exceptions: Exceptions, *, timeout: float, max_bytes: int) -> None:
        super().__init__(verify=_trust(), trust_env=False)
        self._budget = Budget(timeout)
        self._max_bytes = max_bytes
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trust(), network_backend=CheckedNetwork(exceptions, self._budget), max_connections=4
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme not in ("http", "https") or not request.url.host:
            raise OutboundRefused("The address must begin with http:// or https:// and name a host.")
        if request.url.userinfo:
            raise OutboundRefused("The address must not hold a name or password: use the source's secret header.")
        self._budget.start()
        try:
            response = super().handle_request(request)
        except httpx.TransportError as error:
            raise _failure(error) from error
        encoding = response.headers.pop("content-encoding", "identity").strip().lower()
        response.headers.pop("content-length", None)  # of the packed bytes
        response.stream = Counted(response.stream, encoding, self._max_bytes)
        return response


class CheckedNetwork(httpcore.NetworkBackend):
    """Connects to the address that was checked, never to a name."""

    def __init__(self, exceptions: Exceptions, budget: Budget) -> None:
        self._exceptions, self._budget = exceptions, budget
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = resolve(host, port)
        if not all(is_public(address) or self._exceptions.admit(host, address, port) for address in addresses):
            raise OutboundRefused(
                "The portal may not reach this address: it is not public, and OUTBOUND_ALLOW does not list it."
            )
        for address in addresses[:-1]:  # a machine without IPv6 falls back to the next
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._connect(address, port, timeout, socket_options)
        return self._connect(addresses[-1], port, timeout, socket_options)

    def _connect(
        self, address: Address, port: int, timeout: float | None, options: Iterable[Any] | None
    ) -> httpcore.NetworkStream:
        stream = self._network.connect_tcp(str(address), port, self._budget.left(timeout), None, options)
        return TimedStream(stream, self._budget)

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        raise OutboundRefused("The portal reaches sources over the network only.")


class TimedStream(httpcore.NetworkStream):
    """A connection that also ends when its answer's time is up, however steadily single bytes drip in."""

    def __init__(self, stream: httpcore.NetworkStream, budget: Budget) -> None:
        self._stream, self._budget = stream, budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._budget.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._budget.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._budget.left(timeout))
        return TimedStream(secured, self._budget)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Counted(httpx.SyncByteStream):
    """An answer's bytes, unpacked step by step: a small bomb is stopped before it has grown."""

    def __init__(self, stream: Any, encoding: str, max_bytes: int) -> None:
        if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
            stream.close()
            raise OutboundFailed("outbound_unreadable", "The source answered in an encoding that was not asked for.")
        self._stream, self._max_bytes = stream, max_bytes
        # 47: gzip or zlib, whichever its first bytes say
        self._unpacker = zlib.decompressobj(47) if encoding not in ("identity", "") else None

    def __iter__(self) -> Iterator[bytes]:
        packed = unpacked = 0
        try:
            for chunk in self._stream:
                packed += len(chunk)
                self._limit(packed)
                for piece in self._unpack(chunk):
                    unpacked += len(piece)
                    self._limit(unpacked)
                    yield piece
        except httpx.TransportError as error:
            raise _failure(error) from error
        except zlib.error as error:
            raise OutboundFailed("outbound_unreadable", "The source's packed answer is damaged.") from error
        if self._unpacker is not None and packed and not self._unpacker.eof:
            raise OutboundFailed("outbound_unreadable", "The source's packed answer ends too early.")

    def _unpack(self, chunk: bytes) -> Iterator[bytes]:
        if self._unpacker is None:
            yield chunk
            return
        piece = self._unpacker.decompress(chunk, CHUNK)
        while piece:
            yield piece
            # The last bytes may have been read and still hold more than one piece.
            piece = b"" if self._unpacker.eof else self._unpacker.decompress(self._unpacker.unconsumed_tail, CHUNK)

    def _limit(self, size: int) -> None:
        if size > self._max_bytes:
            megabytes = self._max_bytes / MEGABYTE
            raise OutboundFailed("outbound_too_large", f"The source's answer is larger than {megabytes:g} MiB.")

    def close(self) -> None:
        self._stream.close()


def resolve(host: str, port: int) -> list[Address]:
    """Every address that the name has now, once each, in the resolver's order."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutboundFailed("outbound_unreachable", "The name of the source cannot be resolved.") from error
    return list(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found))


def _failure(error: httpx.TransportError) -> OutboundError:
    if isinstance(error, httpx.TimeoutException):
        return OutboundFailed("outbound_timeout", "The source did not answer in time.")
    if isinstance(error, httpx.ConnectError) and isinstance(_root_of(error), ssl.SSLError):
        return OutboundFailed("outbound_unreachable", "The source's certificate is not trusted.")
    if isinstance(error, httpx.NetworkError):
        return OutboundFailed("outbound_unreachable", "The source cannot be reached.")
    return OutboundFailed("outbound_unreadable", "The source's answer is not proper HTTP.")


def _root_of(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error


@cache
def _trust() -> ssl.SSLContext:
    """The machine's own authorities, so that a company's CA counts; the usual public ones where it has none."""
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(certifi.where())
    return context
