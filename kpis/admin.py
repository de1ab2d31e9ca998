"""Django's admin: a way to look at every table. Changed here are people, the organisation and its holidays only.

Everything else is changed through pages and the API, where the rules and the trail are; and the few changes that are
made here are in the trail as well.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest  # noqa: TID251 - the admin is a door like pages and endpoints

from kpis.access import audit
from kpis.access.models import AuditEvent, Token, User
from kpis.baselines.models import Baseline
from kpis.benchmarks.models import Benchmark, Comparison
from kpis.definitions.models import Annotation, Holiday, Initiative, Kpi, Organisation, Target
from kpis.digests.models import Digest, Edition
from kpis.evaluation.models import Effect
from kpis.ingest.models import Rejection
from kpis.ledger.models import Assumption, CostEntry, LedgerEntry, ValueDriver
from kpis.measurements.models import Arrival, Batch, Series
from kpis.phases.models import PhaseEntry
from kpis.plumbing import clock
from kpis.plumbing.models import Change, OutboxMail
from kpis.rollups.models import KpiState
from kpis.sources.models import DataSource, Feed, Pull

admin.site.site_header = admin.site.site_title = "ROI Portal"


class ToLookAt(admin.ModelAdmin):
    """Rows to find and read. Secrets and long binary columns are left out."""

    show_full_result_count = False  # counting a large table would be the slowest part of the page
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class InTheTrail(admin.ModelAdmin):
    """Rows that are changed here, each change with its row in the trail."""

    actions = None  # one at a time: a bulk change would pass the trail by

    def save_model(self, request: HttpRequest, obj: models.Model, form: ModelForm[Any], change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            fields = [name for name in form.changed_data if "password" not in name]
            self._record(request, obj, "changed" if change else "created", {"fields": fields})

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        with transaction.atomic():
            self._record(request, obj, "deleted", {})
            super().delete_model(request, obj)

    def _record(self, request: HttpRequest, obj: models.Model, what: str, details: dict[str, Any]) -> None:
        noun = "person" if isinstance(obj, User) else type(obj).__name__.lower()
        subject = f"{'user' if isinstance(obj, User) else noun}:{obj.pk}"
        by = request.user if isinstance(request.user, User) else None
        audit.record(f"{noun}.{what}", by=by, subject=subject, details=details, at=clock.now())


@admin.register(User)
class People(InTheTrail, UserAdmin):
    list_display = ("username", "email", "role", "is_active", "limited", "last_login")
    list_filter = ("role", "is_active", "limited")
    filter_horizontal = ("initiatives",)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email", "language")}),
        ("Rights", {"fields": ("role", "is_active", "is_staff", "is_superuser", "limited", "initiatives")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    add_fieldsets = ((None, {"fields": ("username", "usable_password", "password1", "password2", "role")}),)


@admin.register(Organisation)
class OrganisationAdmin(InTheTrail):
    list_display = ("name", "zone", "fiscal_year_start", "reporting_currency", "language")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Holiday)
class HolidayAdmin(InTheTrail):
    list_display = ("on", "name")


LOOKED_AT: dict[type[models.Model], dict[str, Any]] = {
    Initiative: {"list_display": ("slug", "name", "phase", "business_unit", "go_live_on", "is_sample")},
    Kpi: {"list_display": ("key", "name", "category", "unit", "aggregation", "interval"), "search_fields": ("key",)},
    Target: {"list_display": ("kpi", "on", "value", "shape")},
    Annotation: {"list_display": ("initiative", "on", "kind", "text")},
    PhaseEntry: {"list_display": ("initiative", "phase", "on")},
    Baseline: {"list_display": ("kpi", "version", "method", "value", "author", "approved_by", "approved_at")},
    Effect: {"list_display": ("kpi", "verdict", "effect", "low", "high", "method", "evidence_grade", "as_of")},
    Benchmark: {"list_display": ("slug", "metric", "kind", "evidence_grade", "data_year", "is_catalogue")},
    Comparison: {"list_display": ("kpi", "metric", "reading")},
    Assumption: {"list_display": ("name", "low", "likely", "high", "owner", "source")},
    ValueDriver: {"list_display": ("name", "initiative", "kpi", "benefit_type", "version")},
    CostEntry: {"list_display": ("name", "initiative", "cost_category", "amount", "currency", "on", "recurrence")},
    LedgerEntry: {"list_display": ("driver", "interval_start", "amount", "low", "high", "currency", "status")},
    Series: {"list_display": ("kpi", "labels"), "exclude": ("labels_hash",)},
    Batch: {"list_display": ("id", "arrived_at", "source", "received", "accepted", "replaced", "rejected")},
    Rejection: {"list_display": ("batch_id", "index", "code", "detail")},
    Arrival: {"list_display": ("id", "series_id", "arrived_at"), "exclude": ("slots",)},
    KpiState: {"list_display": ("kpi", "newest_at", "arrived_at", "evaluated_at")},
    DataSource: {
        "list_display": ("slug", "kind", "enabled", "next_due_at", "last_data_at"),
        "exclude": ("auth_header",),
    },
    Feed: {"list_display": ("source", "kpi", "query", "until")},
    Pull: {"list_display": ("source", "due_at", "state", "received", "accepted", "rejected", "error_code")},
    Digest: {"list_display": ("slug", "name", "weekday", "at", "zone", "enabled", "next_due_at")},
    Edition: {"list_display": ("digest", "user", "due_at", "as_of")},
    OutboxMail: {"list_display": ("recipient", "subject", "state", "attempts", "written_at", "sent_at")},
    Change: {"list_display": ("id", "event", "key", "at")},
    Token: {"list_display": ("name", "prefix", "scopes", "expires_at", "revoked_at"), "exclude": ("digest",)},
    AuditEvent: {
        "list_display": ("sequence", "at", "actor", "what", "subject"),
        "search_fields": ("what", "subject"),
        "exclude": ("previous", "digest"),
    },
}

for model, how in LOOKED_AT.items():
    admin.site.register(model, type(f"{model.__name__}ToLookAt", (ToLookAt,), how))
