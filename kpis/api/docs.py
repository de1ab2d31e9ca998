"""`schema/` and `docs/`: the published schema, and pages to read it with."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny


class SchemaView(SpectacularAPIView):
    """The schema itself: nothing in it is a secret."""

    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []


class DocsView(LoginRequiredMixin, SpectacularSwaggerSplitView):
    """Swagger UI from our own files, its script apart from the page: no inline script."""

    url_name = "api-schema"
    permission_classes = [AllowAny]
