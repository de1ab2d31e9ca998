"""`kpis/{key}/peers/`: where a KPI stands among the other business units of the house."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from kpis.api.benchmark_forms import EXACTNESS, POSITIONS, REASONS
from kpis.api.permissions import Read, asker
from kpis.api.roi import refuse_unknown
from kpis.api.statement_forms import SHARE, TEXT, Form, closed, nullable
from kpis.api.statements import answered
from kpis.calculations.defaults import PEERS_FEWEST
from kpis.definitions import organisation
from kpis.definitions.sight import kpis_seen_by
from kpis.evaluation.peers import PeerStanding, peer_standings_of
from kpis.plumbing import clock
from kpis.wording.peers import among_text, why_no_peers

QUARTILES = closed({"p25": {"type": "number"}, "p50": {"type": "number"}, "p75": {"type": "number"}})
PEER = closed(
    {
        "metric": TEXT,
        "reading": {"type": "string", "enum": ["level", "change", "rate_change"]},
        "unit": TEXT | {"description": "Of every number here; shares have the unit 1."},
        "value": SHARE,
        "units": {"type": ["integer", "null"], "description": "How many other business units."},
        "quartiles": nullable(QUARTILES),
        "position": {"type": ["string", "null"], "enum": POSITIONS},
        "percentile": SHARE | {"description": "Share of them that the KPI is better than, two digits."},
        "exactness": {"type": "string", "enum": EXACTNESS},
        "sentence": TEXT,
        "reasons": REASONS,
    }
)
PEERS: Form = closed({"kpi": TEXT, "results": {"type": "array", "items": PEER}})


class KpiPeers(APIView):
    """Read where a KPI stands among the other business units

    One result for each metric that was chosen for the KPI, by quartiles of at least five others, each unit one value.
    Fewer are refused with a sentence: nothing of them is told. Units out of sight count only where there are as many
    of them.
    """

    permission_classes = [Read]

    @extend_schema(operation_id="kpis_peers", responses={200: PEERS})
    @organisation.read_once()
    def get(self, request: Request, key: str) -> HttpResponse:
        kpi = get_object_or_404(kpis_seen_by(asker(request)), key=key)
        refuse_unknown(request, set())
        standings = peer_standings_of(kpi, asker(request), now=clock.now())
        return answered({"kpi": kpi.key, "results": [_shown(standing) for standing in standings]})


def _shown(standing: PeerStanding) -> dict[str, Any]:
    among, fewest = standing.among, int(PEERS_FEWEST.value)
    about = {"metric": standing.metric, "reading": standing.reading, "unit": standing.unit, "value": standing.own}
    if among is None:
        why = why_no_peers(standing.reason, fewest)
        missing = dict.fromkeys(("units", "quartiles", "position", "percentile"))
        nulls = [*missing, *(["value"] if standing.own is None else [])]
        return about | missing | {"exactness": "none", "sentence": why, "reasons": dict.fromkeys(nulls, why)}
    place = among.position
    said = among_text(place.position, place.percentile, among.peers)
    return about | {
        "units": among.peers,
        "quartiles": {f"p{share * 100:.0f}": value for share, value in among.quartiles},
        "position": place.position,
        "percentile": place.percentile,
        "exactness": place.exactness,
        "sentence": said,
        "reasons": dict(place.reasons),
    }
