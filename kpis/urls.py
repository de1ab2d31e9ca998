"""Every address of the product: the API, then the pages."""

from __future__ import annotations

from django.urls import include, path, re_path

from kpis.api.errors import UnknownAddress
from kpis.dashboards import (
    benchmarks,
    digests,
    how,
    initiative,
    kpi,
    ledger,
    portfolio,
    sample,
    sign_in,
    source_rules,
    sources,
)

KEY = r"[a-z0-9-]+\.[a-z0-9-]+"

urlpatterns = [
    path("api/v1/", include("kpis.api.urls")),
    re_path(r"^api/", UnknownAddress.as_view()),
    path("", portfolio.index, name="portfolio"),
    path("figures/", portfolio.figures, name="portfolio-figures"),
    path("figures/net/", portfolio.net_figure, name="portfolio-net-figure"),
    path("initiatives/<slug:slug>/", initiative.one, name="initiative"),
    path("initiatives/<slug:slug>/figures/", initiative.figures, name="initiative-figures"),
    path("initiatives/<slug:slug>/figures/net/", initiative.net_figure, name="initiative-net-figure"),
    path("initiatives/<slug:slug>/ledger/", ledger.of_initiative, name="ledger"),
    path("initiatives/<slug:slug>/ledger.csv", ledger.as_csv, name="ledger-csv"),
    re_path(rf"^kpis/(?P<key>{KEY})/$", kpi.one, name="kpi"),
    re_path(rf"^kpis/(?P<key>{KEY})/figures/$", kpi.figures, name="kpi-figures"),
    re_path(rf"^kpis/(?P<key>{KEY})/figures/line/$", kpi.line_figure, name="kpi-line-figure"),
    re_path(rf"^kpis/(?P<key>{KEY})/rows/$", kpi.rows, name="kpi-rows"),
    path("how/portfolio/<slug:member>/", how.of_portfolio, name="how-portfolio"),
    path("how/initiatives/<slug:slug>/<slug:member>/", how.of_initiative, name="how-initiative"),
    path("how/drivers/<int:pk>/", how.of_driver, name="how-driver"),
    path("how/entries/<int:pk>/", how.of_entry, name="how-entry"),
    path("benchmarks/", benchmarks.listing, name="benchmarks"),
    path("benchmarks/<slug:slug>/", benchmarks.one, name="benchmark"),
    path("sources/", sources.listing, name="sources"),
    path("sources/new/", source_rules.create, name="source-new"),
    path("sources/<slug:slug>/", sources.one, name="source"),
    path("sources/<slug:slug>/map/", source_rules.map_name, name="source-map"),
    path("sources/<slug:slug>/rules/new/", source_rules.new_rule, name="rule-new"),
    path("sources/<slug:slug>/rules/<int:pk>/", source_rules.change_rule, name="rule"),
    path("sources/<slug:slug>/rules/<int:pk>/delete/", source_rules.delete_rule, name="rule-delete"),
    path("sources/<slug:slug>/rules/<int:pk>/raise/", source_rules.raise_rule, name="rule-raise"),
    path("sources/<slug:slug>/run/", sources.run, name="source-run"),
    path("sources/<slug:slug>/trial/", sources.trial, name="source-trial"),
    path("digests/", digests.listing, name="digests"),
    path("digests/new/", digests.create, name="digest-new"),
    path("digests/<slug:slug>/", digests.one, name="digest"),
    path("digests/<slug:slug>/change/", digests.change, name="digest-change"),
    path("digests/<slug:slug>/send/", digests.send_now, name="digest-send"),
    path("digests/<slug:slug>/leave/", digests.leave, name="digest-leave"),
    path("digests/<slug:slug>/editions/<int:pk>/", digests.edition, name="edition"),
    path("digests/<slug:slug>/editions/<int:pk>/again/", digests.send_again, name="edition-again"),
    path("sample/", sample.remove, name="sample"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("language/", sign_in.set_language, name="set_language"),
    path("theme/", sign_in.set_theme, name="set-theme"),
]
