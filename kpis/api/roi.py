"""`initiatives/{slug}/roi/` and `portfolio/`: what went in, what came out, how sure we are."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from kpis.api import statements
from kpis.api.as_of import AS_OF, asked_as_of
from kpis.api.conditional import Conditional
from kpis.api.permissions import Read, asker
from kpis.api.refusal import Refusal
from kpis.api.variant_forms import PORTFOLIO, RETURN
from kpis.api.variants import told
from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.definitions.sight import initiatives_seen_by
from kpis.roi.portfolio import portfolio_statement
from kpis.roi.statement import roi_statement
from kpis.roi.variants import variants_of


class Roi(Conditional):
    """Read the ROI of an initiative

    Invested, benefits, net and ROI with their 80 % range, NPV, IRR and payback to date, evidence, what moves it most;
    in `variants` the same account under the other names by which returns are quoted.
    """

    permission_classes = [Read]

    @extend_schema(operation_id="initiatives_roi", parameters=[AS_OF], responses={200: RETURN})
    @organisation.read_once()
    def get(self, request: Request, slug: str) -> HttpResponse:
        initiative = get_object_or_404(initiatives_seen_by(asker(request)), slug=slug)
        refuse_unknown(request, {"as_of"})
        statement = roi_statement(initiative, as_of=asked_as_of(request))
        return statements.answered(statements.as_json(statement, _zone()) | told(variants_of(statement)))


class PortfolioView(Conditional):
    """Read the portfolio

    Totals in the reporting currency and one statement an initiative in its own. Ranges are drawn jointly: they do not
    add up.
    """

    permission_classes = [Read]

    @extend_schema(
        operation_id="portfolio",
        parameters=[
            AS_OF,
            OpenApiParameter("business_unit", str, description="Only initiatives of this unit."),
            OpenApiParameter("phase", str, enum=Initiative.Phase.values, description="Only initiatives in this phase."),
        ],
        responses={200: PORTFOLIO},
    )
    @organisation.read_once()
    def get(self, request: Request) -> HttpResponse:
        refuse_unknown(request, {"as_of", "business_unit", "phase"})
        chosen = list(_chosen(request))
        portfolio = portfolio_statement(chosen, as_of=asked_as_of(request))
        zone = _zone()
        rows = [
            {"initiative": initiative.slug, "name": initiative.name} | statements.as_json(row, zone)
            for initiative, row in zip(chosen, portfolio.rows, strict=True)
        ]
        totals = statements.as_json(portfolio.totals, zone) | told(variants_of(portfolio.totals))
        return statements.answered({"totals": totals, "results": rows})


def _chosen(request: Request) -> QuerySet[Initiative]:
    chosen = initiatives_seen_by(asker(request))
    if unit := request.query_params.get("business_unit"):
        chosen = chosen.filter(business_unit=unit)
    if phase := request.query_params.get("phase"):
        if phase not in Initiative.Phase.values:
            sentence = _("A phase is one of: %(names)s.") % {"names": ", ".join(Initiative.Phase.values)}
            raise Refusal(400, "invalid_phase", sentence, attr="phase")
        chosen = chosen.filter(phase=phase)
    return chosen


def refuse_unknown(request: Request, known: set[str]) -> None:
    """A mistyped parameter must not answer with everything."""
    for name in request.query_params:
        if name not in known:
            sentence = _("Known parameters are: %(names)s.") % {"names": ", ".join(sorted(known))}
            raise Refusal(400, "unknown_parameter", sentence, attr=name[:80])


def _zone() -> ZoneInfo:
    return ZoneInfo(organisation.current().zone)
