"""A whole request that cannot be taken, in words for its sender. Bad points are not here: they cost only themselves."""

from __future__ import annotations


class BatchRefused(Exception):
    """Nothing of the request was read or stored. `code` is stable, `detail` a sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class UnreadableBody(BatchRefused):
    """The body is not what its media type claims."""


class BodyTooLarge(BatchRefused):
    """The body, unpacked, exceeds a limit; the sentence names the limit."""


class UnsupportedMediaType(BatchRefused):
    """Nobody here reads this media type or this content encoding."""
