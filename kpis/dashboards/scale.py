"""`/initiatives/{slug}/scale/`: what would the pilot come to for more users, and where does the evidence end?"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kpis.calculations.scaling import Projection
from kpis.dashboards.frame import page
from kpis.dashboards.scale_form import ScaleForm
from kpis.definitions import organisation
from kpis.definitions.sight import initiatives_seen_by
from kpis.figures.projection_still import ProjectionWords, projection_still
from kpis.plumbing import clock
from kpis.roi.at_scale import at_scale, pilot_of
from kpis.roi.statement import Statement, roi_statement
from kpis.wording import amounts
from kpis.wording.scaling import missing_said, scale_headline

DESK, PHONE = (760, 300), (328, 220)
EVERY = 3  # months between two rows of the table


@login_required
@require_safe
@organisation.read_once()
def of_initiative(request: HttpRequest, slug: str) -> HttpResponse:
    """The question, and the answer where one was asked."""
    initiative = get_object_or_404(initiatives_seen_by(request.user), slug=slug)
    statement, reasons = roi_statement(initiative, as_of=clock.now()), dict[str, str]()
    form = ScaleForm(request.GET or None, initial={"months": initiative.horizon_months})
    context: dict[str, Any] = {"initiative": initiative, "form": form, "reasons": reasons}
    context |= {"pilot": pilot_of(statement, reasons=reasons), "sample": initiative.is_sample}
    if form.is_valid():
        context |= _answer(statement, form, reasons)
    return page(request, "dashboards/scale.html", context, current="portfolio")


def _answer(statement: Statement, form: ScaleForm, reasons: dict[str, str]) -> dict[str, Any]:
    found = at_scale(statement, form.rollout(), form.costs(), kept=form.kept_share(), reasons=reasons)
    if found is None:
        return {}
    ahead, currency = found.projection, statement.currency
    rows = list(zip(ahead.months, ahead.cumulative_net(), strict=True))
    return {
        "found": found,
        "headline": scale_headline(ahead, currency=currency),
        "missing": missing_said(ahead),
        "rows": [row for row in rows if row[0].month % EVERY == 0 or row[0].month in (1, len(rows))],
        "chart": {"desk": _drawn(ahead, currency, "desk", DESK), "phone": _drawn(ahead, currency, "phone", PHONE)},
    }


def _drawn(ahead: Projection, currency: str, name: str, size: tuple[int, int]) -> SafeString:
    words = ProjectionWords(
        summary=scale_headline(ahead, currency=currency),
        unit=amounts.thousands_unit(currency),
        tick=amounts.thousands,
        month=lambda month: _("month %(number)s") % {"number": month} if month == 0 else amounts.number(month),
        evidence=_("evidence ends here"),
    )
    width, height = size
    svg = projection_still(
        ahead.cumulative_net(), ahead.evidence_ends, words=words, name=f"scale-{name}", width=width, height=height
    )
    return mark_safe(svg)  # noqa: S308 - the builder escapes every text
