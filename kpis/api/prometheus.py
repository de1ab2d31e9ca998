"""`prometheus/write`: Prometheus remote write 1.0, by the rules of its specification for receivers.

2xx after the commit. A request with samples that can never be stored is answered with 400, though all others are: the
sender reports them and goes on. 5xx and 429 are sent again, so they are answered only where that helps.
"""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from kpis.api.pushed import SOURCE, STORED, Pushed, answer, body_of
from kpis.ingest.decoding import remote_write
from kpis.ingest.named import NamedSamples

BINARY = {"type": "string", "format": "binary"}
COMPRESSED = OpenApiParameter(
    "Content-Encoding", {"type": "string", "enum": ["snappy"]}, OpenApiParameter.HEADER, required=True
)


class RemoteWrite(Pushed):
    """Send samples by Prometheus remote write

    Version 1.0: a `prometheus.WriteRequest` in protocol buffers, compressed with snappy. Which series feed which KPI is
    said by the source's rules. Samples may come late and in any order, within 48 hours; sending the same again is
    harmless. Version 2.0 is answered with 415.
    """

    form = "remote_write"

    @extend_schema(
        operation_id="prometheus_write",
        request={"application/x-protobuf": BINARY},
        responses={200: STORED},
        parameters=[SOURCE, COMPRESSED],
    )
    def post(self, request: Request) -> HttpResponse:
        return answer(self.taken_in(request, request.query_params.get("source")))

    def decoded(self, request: Request) -> NamedSamples:
        return remote_write.samples_from(
            body_of(request), request.content_type or "", request.headers.get("Content-Encoding", "")
        )
