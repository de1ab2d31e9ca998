"""`measurements/`: points in. `kpis/{key}/measurements/`: the rows behind a figure, page by page.

A million points never meet a serializer: bytes go in to `ingest`, bytes come out of msgspec.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpResponse
from django.http.request import RawPostDataException
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from prometheus_client import Histogram
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from kpis.access.models import Token
from kpis.access.rights import Action
from kpis.api import errors, measurement_forms, sampling, spans
from kpis.api.idempotency import Idempotent
from kpis.api.permissions import HasScope, ReadOrManage, asker
from kpis.api.refusal import Refusal
from kpis.api.throttles import PerAsker, PointsAMinute
from kpis.definitions import organisation
from kpis.definitions.models import Kpi
from kpis.definitions.sight import kpis_seen_by
from kpis.ingest import rates
from kpis.ingest.accepting import accept_batch
from kpis.ingest.receipts import Receipt
from kpis.ingest.refusals import BatchRefused, BodyTooLarge, UnsupportedMediaType
from kpis.measurements import reading, removing, retention
from kpis.plumbing import clock
from kpis.wording.moments import rows_gone

SECONDS = Histogram("roi_ingest_request_seconds", "From a batch's arrival to its answer, commit included.")
STATUS = {"all_stored": 200, "some_stored": 207, "none_stored": 422}
CAUSES_AT_MOST = 100  # in the problem's own list; `rejected` names every point
LARGEST_PAGE = 1000


class Measurements(Idempotent):
    """Send measurements

    As JSON (rows or columns), NDJSON or CSV, packed with gzip or not. Good points are stored though others are
    rejected; `rejected` names each with its index in the request. The answer comes after the commit. Sending the same
    again is harmless: the identity of a point is (kpi, labels, at, id).
    """

    permission_classes = [HasScope("ingest")]
    throttle_classes = [PerAsker, PointsAMinute]
    work_is_one_transaction = False

    @extend_schema(
        operation_id="measurements_create",
        request=measurement_forms.REQUEST,
        responses=measurement_forms.ANSWERS,
        parameters=measurement_forms.OPTIONS,
        examples=measurement_forms.EXAMPLES,
    )
    def post(self, request: Request) -> HttpResponse:
        with SECONDS.time():
            body, who, at = _body(request), asker(request), clock.now()
            dry_run = spans.asked_flag(request, "dry_run")
            try:
                receipt = accept_batch(
                    body,
                    request.content_type or "",
                    encoding=request.headers.get("Content-Encoding", ""),
                    actor=who,  # type: ignore[arg-type]
                    atomic=spans.asked_flag(request, "atomic"),
                    dry_run=dry_run,
                    at=at,
                )
            except BatchRefused as refused:
                sampling.note_refused(request, body, refused, at=at)
                raise Refusal(_status_of(refused), refused.code, refused.detail) from refused
            if isinstance(who, Token) and not dry_run:
                rates.spend(who, receipt.received)
                sampling.note(request, body, at=at)
            return _answer(receipt)


def _body(request: Request) -> bytes:
    try:
        return request.body
    except RawPostDataException as error:  # a form with files: looked through for a CSRF token before us
        raise Refusal(415, "unsupported_media_type", _("Points do not come as a form.")) from error


def _status_of(refused: BatchRefused) -> int:
    return {BodyTooLarge: 413, UnsupportedMediaType: 415}.get(type(refused), 400)


def _answer(receipt: Receipt) -> HttpResponse:
    status = STATUS[receipt.outcome]
    if status == 422:
        problem = errors.problem(422, _causes(receipt), _("None of the points was stored."))
        return _bytes(problem | receipt.as_json(), status, errors.MEDIA_TYPE)
    return _bytes(receipt.as_json(), status)


def _causes(receipt: Receipt) -> list[dict[str, Any]]:
    return [
        errors.error(entry.code, entry.detail, f"measurements.{entry.index}" + (f".{entry.attr}" if entry.attr else ""))
        for entry in receipt.rejected[:CAUSES_AT_MOST]
    ]


def _bytes(content: object, status: int = 200, media_type: str = "application/json") -> HttpResponse:
    return HttpResponse(msgspec.json.encode(content), status=status, content_type=media_type)


class Rows(Idempotent):
    """List the measurements of a KPI

    Oldest first, with their origin: the rows behind a figure. `next` is the address of the following page.
    """

    permission_classes = [ReadOrManage]
    changes = Action.CHANGE_KPIS

    @extend_schema(
        operation_id="kpis_measurements_list",
        responses=measurement_forms.ROWS,
        parameters=[
            spans.FROM,
            spans.TO,
            spans.LABELS,
            OpenApiParameter("cursor", str, description="As `next` of the page before has it."),
            OpenApiParameter("page_size", {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": 100}),
        ],
    )
    def get(self, request: Request, key: str) -> HttpResponse:
        kpi = get_object_or_404(kpis_seen_by(asker(request)), key=key)
        spans.refuse_unknown(request, {"from", "to", "cursor", "page_size"})
        start, end = spans.asked_span(request, organisation.calendar())
        size = _page_size(request)
        found = reading.rows_between(
            kpi.pk, start, end, after=_place(request), limit=size + 1, labels=spans.asked_labels(request)
        )
        rows, more = found[:size], len(found) > size
        answer = {"next": _next(request, rows[-1]) if more else None, "previous": None, "results": _shown(rows)}
        return _bytes(answer | {"rows_gone": _rows_gone(kpi, start)})

    @extend_schema(
        operation_id="kpis_measurements_destroy",
        responses=measurement_forms.REMOVED,
        parameters=[spans.FROM, spans.TO, spans.LABELS, measurement_forms.OPTIONS[1]],
    )
    def delete(self, request: Request, key: str) -> HttpResponse:
        """Remove measurements of a KPI

        Both bounds are needed. Intervals in which the rows lay are computed anew, with effect, ledger and ROI; closed
        periods stay. `dry_run=true` says how many rows would go. At most a million rows at once.
        """
        kpi = get_object_or_404(kpis_seen_by(asker(request)), key=key)
        spans.refuse_unknown(request, {"from", "to", "dry_run"})
        start, end = spans.asked_span(request, organisation.calendar())
        for bound in ("from", "to"):
            if not request.query_params.get(bound):
                raise Refusal(400, "missing_bound", _("What is removed needs both bounds, from and to."), attr=bound)
        dry_run = spans.asked_flag(request, "dry_run")
        labels, who = spans.asked_labels(request), asker(request)
        try:
            removed = removing.remove(kpi, start, end, labels=labels, dry_run=dry_run, by=who, at=clock.now())  # type: ignore[arg-type]
        except removing.TooManyRows as error:
            sentence = _("One request removes at most %(most)d measurements; ask for a shorter span.")
            raise Refusal(422, "too_many_rows", sentence % {"most": removing.ROWS_AT_MOST}, attr="from") from error
        return _bytes({"removed": removed, "dry_run": dry_run})


def _page_size(request: Request) -> int:
    text = request.query_params.get("page_size", "100")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= LARGEST_PAGE):
        sentence = _("A page holds 1 to %(most)d measurements.") % {"most": LARGEST_PAGE}
        raise Refusal(400, "invalid_page_size", sentence, attr="page_size")
    return int(text)


def _place(request: Request) -> reading.Place | None:
    text = request.query_params.get("cursor")
    try:
        return reading.Place.from_text(text) if text else None
    except reading.CursorUnreadable as error:
        raise Refusal(400, "invalid_cursor", _("Take the cursor from the page before."), attr="cursor") from error


def _next(request: Request, last: reading.Row) -> str:
    return str(replace_query_param(request.build_absolute_uri(), "cursor", last.place.as_text()))


def _rows_gone(kpi: Kpi, start: datetime) -> dict[str, object] | None:
    standing = retention.retention_of(kpi)
    if standing is None or start >= standing.rows_from:
        return None
    return {
        "before": standing.rows_from,
        "detail": rows_gone(standing.rows_from),
        "removed": standing.removed,
        "to_remove": standing.to_remove,
    }


def _shown(rows: list[reading.Row]) -> list[dict[str, object]]:
    return [
        {
            "at": row.at,
            "value": row.value,
            "weight": row.weight,
            "id": row.event_id or None,
            "labels": row.labels,
            "source": row.source,
            "token": row.token,
            "arrived_at": row.arrived_at,
        }
        for row in rows
    ]
