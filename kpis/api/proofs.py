"""`initiatives/{slug}/proof/`: everything that its figures rest on, as one file that is checked without the portal."""

from __future__ import annotations

from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from kpis.api.permissions import Asker, Read, asker
from kpis.api.pushed import AnyAnswer
from kpis.api.roi import refuse_unknown
from kpis.definitions.models import Initiative
from kpis.definitions.sight import initiatives_seen_by
from kpis.exports.proof.making import ProofFile, make_proof
from kpis.ledger import account
from kpis.ledger.models import Period
from kpis.plumbing import clock

PERIOD = OpenApiParameter(
    "period", str, description="Only what was booked by its end, and what it came to. It must be over."
)


class Proof(APIView):
    """Download the proof file of an initiative

    A ZIP of tables (entries with all their terms, interval values, baselines, assumptions, payments), the statement,
    notes on the methods, checksums, and `recompute.py`, which recomputes all of it with Python alone. The header
    `Proof-Digest` is the SHA-256 of its manifest; the audit trail has it as `proof.made`.
    """

    permission_classes = [Read]
    content_negotiation_class = AnyAnswer

    @extend_schema(
        operation_id="initiatives_proof",
        parameters=[PERIOD],
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, slug: str) -> FileResponse:
        refuse_unknown(request, {"period"})
        who = asker(request)
        initiative = get_object_or_404(initiatives_seen_by(who), slug=slug)
        period = asked_period(request.query_params.get("period", ""), initiative, who)
        return answered(make_proof(initiative, period, by=who, at=clock.now()))  # type: ignore[arg-type]


def asked_period(key: str, initiative: Initiative, who: Asker) -> Period | None:
    """None where none is named; a period of the other books is answered like one that does not exist."""
    if not key:
        return None
    period = account.period_seen_by(who, key)
    if period is None or period.is_sample != initiative.is_sample:
        raise Http404
    return period


def answered(proof: ProofFile) -> FileResponse:
    """Sent piece by piece, kept in no cache."""
    response = FileResponse(proof.content, as_attachment=True, filename=proof.name, content_type="application/zip")
    response.block_size = 64 * 1024
    response["Content-Length"] = str(proof.size)
    response["Proof-Digest"] = proof.digest
    response["Cache-Control"] = "private, no-store"
    return response
