"""`/methods/`: by which formulas is everything calculated, and what do they make of one's own figures?"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from kpis.calculations import handbook
from kpis.dashboards.frame import page
from kpis.definitions.sight import kpis_seen_by
from kpis.evaluation.worked import WorkedEffect, worked_effect
from kpis.plumbing import clock
from kpis.roi.statement import roi_statement

TITLES = {
    "measured": _("From measurements to interval values"),
    "effect": _("From interval values to an effect"),
    "money": _("From an effect to money and its return"),
    "position": _("Beside published figures"),
    "comparison": _("Comparing cases, shares, rates and variants"),
    "model": _("Watching a model"),
}


@login_required
@require_safe
def methods(request: HttpRequest) -> HttpResponse:
    """Worked examples of the reader's own figures, then the engine in its own words."""
    chapters = [(TITLES[key], entries) for key, entries in handbook.chapters().items()]
    context = {"chapters": chapters, **_worked(worked_effect(kpis_seen_by(request.user)))}
    return page(request, "dashboards/methods.html", context, current="methods")


def _worked(found: WorkedEffect | None) -> dict[str, Any]:
    """The effect, and the return of its initiative."""
    if found is None:
        return {}
    initiative = found.row.kpi.initiative
    statement = roi_statement(initiative, as_of=clock.now())
    return {"worked": found, "statement": statement, "initiative": initiative, "sample": initiative.is_sample}
