"""`initiatives/{slug}/bills/`: a bill as a file of lines, in FOCUS form or as a plain table."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from kpis.access.rights import Action
from kpis.api import errors, spans
from kpis.api.idempotency import Idempotent
from kpis.api.measurement_forms import COUNT
from kpis.api.permissions import ReadOrManage, asker
from kpis.api.refusal import Refusal
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger.bills import taking
from kpis.ledger.bills.lines import BillUnreadable
from kpis.plumbing import clock

LARGEST_FILE = 10 * 1024 * 1024
CAUSES_AT_MOST = 100
TAKEN: dict[str, Any] = {
    "type": "object",
    "properties": {
        "created": COUNT,
        "changed": COUNT,
        "unchanged": COUNT,
        "totals": {"type": "object", "additionalProperties": {"type": "string"}, "description": "By currency."},
        "dry_run": {"type": "boolean"},
    },
    "required": ["created", "changed", "unchanged", "totals", "dry_run"],
}


class Bills(Idempotent):
    """Import a bill

    CSV, all of it or nothing. A FOCUS file (1.0 to 1.2) is added up to one cost a service, invoice and billing period;
    charges without an invoice are estimated. Else a table with the columns `reference`, `name`, `amount`, `on` and,
    where wanted, `cost_category`, `currency`, `settlement`. A line is known by its reference: sent again it changes
    nothing, sent otherwise it changes its cost, unless its period is closed.
    """

    permission_classes = [ReadOrManage]
    changes = Action.CHANGE_COSTS

    @extend_schema(
        operation_id="initiatives_bills_create",
        request={"text/csv": {"type": "string"}},
        responses={200: TAKEN},
        parameters=[
            OpenApiParameter("dry_run", bool, description="Say what would become of the lines, and store nothing.")
        ],
    )
    def post(self, request: Request, slug: str) -> Response:
        spans.refuse_unknown(request, {"dry_run"})
        initiative = get_object_or_404(initiatives_seen_by(asker(request)), slug=slug)
        dry_run = spans.asked_flag(request, "dry_run")
        try:
            taken = taking.take_in(_file(request), initiative, dry_run=dry_run, by=asker(request), at=clock.now())  # type: ignore[arg-type]
        except BillUnreadable as unreadable:
            return _troubles(unreadable)
        totals = {currency: f"{amount:.2f}" for currency, amount in sorted(taken.totals.items())}
        counts = {"created": taken.created, "changed": taken.changed, "unchanged": taken.unchanged}
        return Response(counts | {"totals": totals, "dry_run": dry_run})


def _file(request: Request) -> bytes:
    if (request.content_type or "").partition(";")[0].strip().lower() != "text/csv":
        raise Refusal(415, "unsupported_media_type", _("A bill comes as text/csv; name it in Content-Type."))
    body = request.body
    if len(body) > LARGEST_FILE:
        sentence = _("A bill has at most %(most)d bytes; send several files.")
        raise Refusal(413, "body_too_large", sentence % {"most": LARGEST_FILE})
    return body


def _troubles(unreadable: BillUnreadable) -> Response:
    causes = [errors.error(t.code, t.detail, f"rows.{t.row}") for t in unreadable.troubles[:CAUSES_AT_MOST]]
    problem = errors.problem(422, causes, _("Nothing was stored: some rows cannot be taken."))
    return Response(problem, status=422, content_type=errors.MEDIA_TYPE)
