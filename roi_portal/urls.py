from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from roi_portal import telemetry

urlpatterns = [
    path("metrics", telemetry.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("", include("kpis.urls")),
]
