"""Every address of the product: the API, then the pages."""

from __future__ import annotations

from django.urls import include, path, re_path

from kpis.api.errors import UnknownAddress
from kpis.dashboards import sign_in

urlpatterns = [
    path("api/v1/", include("kpis.api.urls")),
    re_path(r"^api/", UnknownAddress.as_view()),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("language/", sign_in.set_language, name="set_language"),
    path("theme/", sign_in.set_theme, name="set-theme"),
]
