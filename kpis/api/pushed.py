"""What the forms have in common that bring named series: whose source it is, and what is answered.

The answer is JSON for whoever looks; the senders themselves go by the status.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec
from django.http import HttpResponse
from django.http.request import RawPostDataException
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from kpis.access.models import Token
from kpis.api import errors, measurement_forms, sampling
from kpis.api.idempotency import Idempotent
from kpis.api.permissions import HasScope, asker
from kpis.api.refusal import Refusal
from kpis.api.throttles import PerAsker, PointsAMinute
from kpis.ingest import rates
from kpis.ingest.named import NamedSamples
from kpis.ingest.parcels import Parcel
from kpis.ingest.refusals import BatchRefused, BodyTooLarge, UnsupportedMediaType
from kpis.plumbing import clock
from kpis.sources import health
from kpis.sources.models import DataSource
from kpis.sources.receiving import Received, SourceClosed, receive

COUNT = measurement_forms.COUNT
REFUSED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "code": {
            "type": "string",
            "enum": [
                "unmapped_series",
                "too_many_series",
                "too_late",
                "unknown_kpi",
                "rows_gone",
                "invalid_value",
                "invalid_time",
                "time_in_future",
                "invalid_labels",
                "invalid_id",
                "invalid_weight",
                "invalid_row",
                "too_many_label_sets",
                "rows_gone",
            ],
        },
        "detail": {"type": "string"},
        "count": COUNT,
        "first": {"type": "string", "description": "The first such sample, as it was sent."},
    },
    "required": ["code", "detail", "count", "first"],
}
COUNTS: dict[str, Any] = {
    "received": COUNT | {"description": "Samples in the request."},
    "accepted": COUNT | {"description": "New measurements."},
    "replaced": COUNT | {"description": "Measurements that changed: a late sample also changes the one after it."},
    "unchanged": COUNT | {"description": "Measurements that were there already."},
    "remembered": COUNT
    | {"description": "Samples without a measurement of their own: the first of a counter, an end."},
    "rejected": {"type": "array", "items": REFUSED, "description": "Samples that were not stored, by reason."},
}
RECEIVED: dict[str, Any] = {"type": "object", "properties": COUNTS, "required": list(COUNTS)}
SOURCE = OpenApiParameter(
    "source", str, description="Slug of the pushing source; not needed where the sender sees exactly one."
)
STORED = OpenApiResponse(
    RECEIVED, "Committed. What no rule maps, or what is no finite number, is counted in `rejected`."
)


class AnyAnswer(BaseContentNegotiation):
    """Senders ask for their own media type and go by the status: nobody is sent away for what he would accept."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0] if parsers else None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class Pushed(Idempotent):
    """A view that takes in one form: decode, receive, answer."""

    form: str  # as the rows of batches name it
    permission_classes = [HasScope("ingest")]
    content_negotiation_class = AnyAnswer
    throttle_classes = [PerAsker, PointsAMinute]
    work_is_one_transaction = False

    def decoded(self, request: Request) -> NamedSamples:
        """The samples of the body. Refuses (BatchRefused) another form and what cannot be read."""
        raise NotImplementedError

    def taken_in(self, request: Request, slug: str | None, *, missing: int = 400) -> Received:
        """Store what the request brings. Refuses (Refusal) with the status that tells the sender what to do next.

        missing : the status where there is no source of this name.
        """
        source, who = source_of(request, slug, missing=missing), asker(request)
        try:
            received = receive(
                self.decoded(request),
                source=source,
                actor=who,  # type: ignore[arg-type]
                parcel=Parcel(self.form, len(body_of(request))),
                at=clock.now(),
            )
            if isinstance(who, Token):
                rates.spend(who, received.received)
            return received
        except BatchRefused as refused:
            sampling.note_refused(request, body_of(request), refused, at=clock.now(), source=source)
            raise Refusal(_status_of(refused), refused.code, refused.detail) from refused
        except SourceClosed as closed:
            raise Refusal(409, "source_paused", _("The source is paused; nothing is taken in for it.")) from closed


def source_of(request: Request, slug: str | None, *, missing: int = 400) -> DataSource:
    """The pushing source that is meant. Refuses (Refusal) one out of sight, and none where there is a choice."""
    sources = health.sources_seen_by(asker(request)).filter(kind=DataSource.Kind.PUSH).select_related(None)
    if slug is not None:
        found = sources.filter(slug=slug[:80]).first() if "\x00" not in slug else None
        if found is None:
            raise Refusal(
                missing, "unknown_source", _("There is no pushing source of this name in sight."), attr="source"
            )
        return found
    first, *others = [*sources[:2], None]
    if first is None:
        sentence = _("There is no pushing source in sight; make one, and map its series to KPIs.")
        raise Refusal(400, "source_needed", sentence, attr="source")
    if len(others) > 1:
        raise Refusal(
            400, "source_needed", _("There are several pushing sources: name one as ?source=."), attr="source"
        )
    return first


def body_of(request: Request) -> bytes:
    try:
        return request.body
    except RawPostDataException as error:  # a form with files: looked through for a CSRF token before us
        raise Refusal(415, "unsupported_media_type", _("Samples do not come as a form.")) from error


def answer(received: Received) -> HttpResponse:
    """200; 400 with what is wrong where samples are the sender's fault, though all others are stored."""
    return _problem(received, 400) if received.has_senders_faults else _as_json(asdict(received))


def answer_in_parts(received: Received) -> HttpResponse:
    """As measurements are answered: 200, 207 where samples are the sender's fault, 422 where none was stored."""
    if not received.has_senders_faults:
        return _as_json(asdict(received))
    stored = received.accepted + received.replaced + received.unchanged + received.remembered
    return _as_json(asdict(received), status=207) if stored else _problem(received, 422)


def _problem(received: Received, status: int) -> HttpResponse:
    causes = [errors.error(one.code, f"{one.detail} ({one.count}: {one.first})") for one in received.rejected]
    sentence = _("Some samples can never be stored; all others are. Do not send the request again.")
    problem = errors.problem(status, causes, sentence)
    return _as_json(problem | asdict(received), status=status, media_type=errors.MEDIA_TYPE)


def _as_json(content: object, *, status: int = 200, media_type: str = "application/json") -> HttpResponse:
    return HttpResponse(msgspec.json.encode(content), status=status, content_type=media_type)


def _status_of(refused: BatchRefused) -> int:
    return {BodyTooLarge: 413, UnsupportedMediaType: 415}.get(type(refused), 400)
