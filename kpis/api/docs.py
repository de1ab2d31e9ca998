"""`schema/` and `docs/`: the published schema, and pages to read it with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

KEPT = Path(__file__).with_name("openapi.json")  # written by `manage.py openapi`


class SchemaView(APIView):
    """The schema itself: nothing in it is a secret."""

    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
    renderer_classes = [OpenApiJsonRenderer, JSONRenderer]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        media_type = request.accepted_renderer.media_type
        return HttpResponse(KEPT.read_bytes(), content_type=media_type)


class DocsView(LoginRequiredMixin, SpectacularSwaggerSplitView):
    """Swagger UI from our own files, its script apart from the page: no inline script."""

    url_name = "api-schema"
    permission_classes = [AllowAny]
