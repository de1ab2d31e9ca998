"""`kpis/{key}/baseline-clock/`: how far the baseline is before go-live, and what can be recovered after it."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from kpis.api import spans
from kpis.api.conditional import Conditional
from kpis.api.permissions import Read, asker
from kpis.baselines.clock import BaselineClock, clock_of
from kpis.baselines.told import words_of
from kpis.definitions.models import Kpi
from kpis.definitions.sight import kpis_seen_by
from kpis.plumbing import clock

Form = dict[str, Any]

DAY: Form = {"type": ["string", "null"], "format": "date"}
COUNT: Form = {"type": ["integer", "null"]}
STATES = [
    "enough", "will_suffice", "just_suffices", "will_not_suffice", "no_go_live_date", "recoverable", "missed",
    "settled",
]  # fmt: skip
MEMBERS: Form = {
    "kpi": {"type": "string"},
    "state": {
        "type": "string",
        "enum": STATES,
        "description": "`settled`: a measured baseline is approved, or the KPI is a volume and needs none. "
        "After go-live `recoverable` (enough lies before it) or `missed`.",
    },
    "intervals": COUNT | {"description": "Complete intervals with data, before go-live."},
    "needed": COUNT,
    "first_on": DAY,
    "go_live_on": DAY,
    "days_left": COUNT,
    "pace": {"type": ["number", "null"], "description": "Share of the intervals of late that had a value."},
    "enough_on": DAY | {"description": "When there will be enough at that pace."},
    "begin_by": DAY | {"description": "The last day on which measuring may begin; null once it has begun."},
    "archive": {
        "type": ["object", "null"],
        "properties": {"first": DAY, "last": DAY},
        "description": "The days before go-live whose measurements would be enough; null before go-live.",
    },
    "only_declared": {"type": "boolean"},
    "draft": COUNT | {"description": "Version that waits for approval."},
    "message": {"type": "string", "description": "In the asker's language."},
    "advice": {"type": "string"},
}
FORM: Form = {"type": "object", "properties": MEMBERS, "required": list(MEMBERS)}


class KpiBaselineClock(Conditional):
    """Read how far the baseline of a KPI is

    Before go-live: how many intervals of how many are there, and whether there will be enough in time. Afterwards: what
    lies before go-live, and which days an archive would have to fill.
    """

    permission_classes = [Read]

    @extend_schema(operation_id="kpis_baseline_clock_retrieve", responses={200: FORM})
    def get(self, request: Request, key: str) -> HttpResponse:
        kpi = get_object_or_404(kpis_seen_by(asker(request)), key=key)
        spans.refuse_unknown(request, set())
        found = _shown(kpi, clock_of(kpi, now=clock.now()))
        return HttpResponse(msgspec.json.encode(found), content_type="application/json")


def _shown(kpi: Kpi, found: BaselineClock | None) -> dict[str, Any]:
    shown: dict[str, Any] = dict.fromkeys(MEMBERS) | {"kpi": kpi.key, "go_live_on": kpi.initiative.go_live_on}
    if found is None:
        return shown | {"state": "settled", "only_declared": False, "message": "", "advice": ""}
    words = words_of(found)
    return shown | {
        "state": found.state,
        "intervals": found.n,
        "needed": found.needed,
        "first_on": found.first_on,
        "days_left": found.days_left,
        "pace": found.pace,
        "enough_on": found.enough_on,
        "begin_by": found.begin_by,
        "archive": dict(zip(("first", "last"), found.archive, strict=True)) if found.archive else None,
        "only_declared": found.declared,
        "draft": found.draft,
        "message": words.sentence,
        "advice": words.advice,
    }
