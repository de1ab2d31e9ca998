"""Compressed bodies, unpacked step by step, so that a small bomb never becomes a large one."""

from __future__ import annotations

import zlib

from kpis.ingest import limits
from kpis.ingest.limits import MEBIBYTE
from kpis.ingest.refusals import BodyTooLarge, UnreadableBody, UnsupportedMediaType

GZIP = 16 + zlib.MAX_WBITS
STEP = 1024 * 1024


def unpacked(body: bytes, encoding: str, *, at_most: int) -> bytes:
    """The body behind its Content-Encoding: none, `identity` or `gzip` (of one member or several).

    Refuses what unpacks to more than `at_most` bytes as soon as it has, cut-off and damaged data, other encodings.
    """
    match encoding.strip().lower():
        case "" | "identity":
            if len(body) > at_most:
                raise too_large(at_most)
            return body
        case "gzip" | "x-gzip":
            return _gunzipped(body, at_most)
        case _:
            raise UnsupportedMediaType(
                "unsupported_encoding", "Send the body as it is or with Content-Encoding: gzip; others are not read."
            )


def too_large(at_most: int) -> BodyTooLarge:
    return BodyTooLarge(
        "body_too_large",
        f"The body has more than {at_most:,} bytes unpacked, the limit INGEST_MAX_BYTES. Send it in several requests.",
    )


def _gunzipped(body: bytes, at_most: int) -> bytes:
    pieces: list[bytes] = []
    size, rest = 0, body
    try:
        while rest:
            member = zlib.decompressobj(GZIP)
            while not member.eof:
                piece = member.decompress(rest, STEP)
                rest = member.unconsumed_tail or member.unused_data
                pieces.append(piece)
                size += len(piece)
                if size > at_most:
                    raise too_large(at_most)
                if size > max(MEBIBYTE, limits.ratio_at_most() * len(body)):
                    raise limits.inflated()
                if not piece and not member.eof:
                    raise UnreadableBody("invalid_gzip", "The gzip data end before they are complete.")
    except zlib.error as error:
        raise UnreadableBody(
            "invalid_gzip", "The body is not valid gzip, although Content-Encoding says so."
        ) from error
    return b"".join(pieces)


def beginning(body: bytes, *, at_most: int) -> bytes:
    """The first bytes of gzip data, as far as they can be unpacked; nothing of other data."""
    try:
        return zlib.decompressobj(GZIP).decompress(body, at_most)
    except zlib.error:
        return b""
