"""`openmetrics/{source}/`: a page of metrics that a job pushes, in Prometheus' text format or as OpenMetrics."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from kpis.api.errors import MEDIA_TYPE
from kpis.api.pushed import RECEIVED, STORED, Pushed, answer_in_parts, body_of
from kpis.ingest.decoding import openmetrics
from kpis.ingest.named import NamedSamples
from kpis.plumbing import clock

TEXT = {"type": "string", "examples": ['# TYPE desk_tickets counter\ndesk_tickets_total{team="a"} 4711\n# EOF\n']}


class PushedPage(Pushed):
    """Send a page of metrics

    Prometheus' text format (`text/plain`) or OpenMetrics (`application/openmetrics-text`), also compressed with gzip.
    A sample without a time of its own is of the instant at which it arrives. Which series feed which KPI is said by
    the source's rules.
    """

    form = "openmetrics"

    @extend_schema(
        operation_id="openmetrics_push",
        request={openmetrics.CLASSIC: TEXT, openmetrics.OPENMETRICS: TEXT},
        responses={
            200: STORED,
            207: OpenApiResponse(RECEIVED, "Some samples can never be stored; all others are."),
            (422, MEDIA_TYPE): OpenApiResponse(RECEIVED, "No sample was stored."),
        },
        parameters=[
            OpenApiParameter("Content-Encoding", {"type": "string", "enum": ["gzip"]}, OpenApiParameter.HEADER)
        ],
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        return answer_in_parts(self.taken_in(request, slug, missing=404))

    def decoded(self, request: Request) -> NamedSamples:
        return openmetrics.samples_from(
            body_of(request), request.content_type or "", request.headers.get("Content-Encoding", ""), at=clock.now()
        )
