"""What the page of a sender tells of requests: the start of a body (`ingest.samples`), and how many were refused."""

from __future__ import annotations

from datetime import datetime

from rest_framework.request import Request

from kpis.access.models import Token
from kpis.api.permissions import asker
from kpis.ingest import refused_requests, samples
from kpis.ingest.decoding import unpacking
from kpis.ingest.refusals import BatchRefused
from kpis.sources.models import DataSource

BINARY = "application/x-protobuf"


def note(request: Request, body: bytes, *, at: datetime) -> None:
    """A body that was read."""
    for sender in _senders(request, None):
        if samples.is_time(sender):
            samples.keep(sender, _start(request, body), form=_form(request), at=at)


def note_refused(
    request: Request, body: bytes, refused: BatchRefused, *, at: datetime, source: DataSource | None = None
) -> None:
    """A body that was refused as a whole, and why: counted, and its start kept."""
    senders = _senders(request, source)
    refused_requests.note(senders, refused.code, at=at)
    for sender in senders:
        if samples.is_time(sender, refused=True):
            text = _start(request, body)
            samples.keep(sender, text, form=_form(request), at=at, code=refused.code, detail=refused.detail)


def _senders(request: Request, source: DataSource | None) -> list[str]:
    who = asker(request)
    names = [f"token:{who.pk}"] if isinstance(who, Token) else []
    return names + ([f"source:{source.pk}"] if source is not None else [])


def _form(request: Request) -> str:
    return (request.content_type or "").partition(";")[0].strip().rpartition("/")[2].removeprefix("x-")[:20]


def _start(request: Request, body: bytes) -> str:
    """Unpacked where that can be done, else nothing: packed bytes tell nobody anything."""
    if request.headers.get("Content-Encoding", "").lower() in ("", "identity"):
        return "" if BINARY in (request.content_type or "") else body[: 4 * samples.LONGEST].decode("utf-8", "replace")
    return unpacking.beginning(body, at_most=4 * samples.LONGEST).decode("utf-8", "replace")
