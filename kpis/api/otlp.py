"""`otlp/v1/metrics`: OTLP over HTTP, protocol buffers or JSON. A partial success says what was not stored."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from rest_framework.request import Request

from kpis.api.pushed import SOURCE, Pushed, body_of
from kpis.ingest.decoding import otlp
from kpis.ingest.named import NamedSamples
from kpis.sources.receiving import Received

BINARY: dict[str, Any] = {"type": "string", "format": "binary"}
REQUEST: dict[str, Any] = {
    "type": "object",
    "description": "An ExportMetricsServiceRequest, as OTLP writes it in JSON.",
    "properties": {"resourceMetrics": {"type": "array", "items": {"type": "object"}}},
}
ANSWER: dict[str, Any] = {
    "type": "object",
    "description": "An ExportMetricsServiceResponse; without `partialSuccess` everything was stored.",
    "properties": {
        "partialSuccess": {
            "type": "object",
            "properties": {
                "rejectedDataPoints": {"type": "string", "description": "A whole number; parts of a histogram count."},
                "errorMessage": {"type": "string"},
            },
        }
    },
}
EXAMPLE = {
    "resourceMetrics": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "desk"}}]},
            "scopeMetrics": [
                {
                    "metrics": [
                        {
                            "name": "desk.tickets",
                            "sum": {
                                "aggregationTemporality": 2,
                                "isMonotonic": True,
                                "dataPoints": [{"timeUnixNano": "1772353800000000000", "asInt": "4711"}],
                            },
                        }
                    ]
                }
            ],
        }
    ]
}


class OtlpMetrics(Pushed):
    """Send metrics by OTLP

    OTLP over HTTP as protocol buffers or JSON, also compressed with gzip. Sums (cumulative and delta), gauges,
    histograms (as `name_sum`, `name_count`, `name_bucket`), exponential ones (sum and count) and summaries. Names and
    attributes are written with underscores; the resource's attributes become labels. Which series feed which KPI is
    said by the source's rules.
    """

    form = "otlp"

    @extend_schema(
        operation_id="otlp_metrics",
        request={otlp.PROTOBUF: BINARY, otlp.JSON: REQUEST},
        responses={
            (200, otlp.JSON): OpenApiResponse(ANSWER, "Committed; what was not stored is said in `partialSuccess`."),
            (200, otlp.PROTOBUF): BINARY,
        },
        parameters=[
            SOURCE,
            OpenApiParameter("Content-Encoding", {"type": "string", "enum": ["gzip"]}, OpenApiParameter.HEADER),
        ],
        examples=[OpenApiExample("A counter", EXAMPLE, request_only=True, media_type=otlp.JSON)],
    )
    def post(self, request: Request) -> HttpResponse:
        received = self.taken_in(request, request.query_params.get("source"))
        answer = ExportMetricsServiceResponse()
        if received.rejected:
            answer.partial_success.rejected_data_points = sum(one.count for one in received.rejected)
            answer.partial_success.error_message = _in_words(received)
        if (request.content_type or "").partition(";")[0].strip().lower() == otlp.PROTOBUF:
            return HttpResponse(answer.SerializeToString(), content_type=otlp.PROTOBUF)
        return HttpResponse(json_format.MessageToJson(answer, indent=None), content_type=otlp.JSON)

    def decoded(self, request: Request) -> NamedSamples:
        return otlp.samples_from(
            body_of(request), request.content_type or "", request.headers.get("Content-Encoding", "")
        )


def _in_words(received: Received) -> str:
    return " ".join(f"{one.code} ({one.count}): {one.detail} First: {one.first}" for one in received.rejected)
