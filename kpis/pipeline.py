"""HOW A NUMBER COMES TO BE, in order. Start reading here.

    arrivals  ──►  interval values  ──►  effects  ──►  ledger entries, their traces  ──►  said to the browsers
             roll up               evaluate        post                              announce

A trace says what of an entry's freed time a follow-up KPI shows; it is posted with the entries that it is a part of.
ROI is not stored: a page, the API and the digest compute it from the ledger and the costs (`roi.statement`). Each
step commits by itself and leaves its own to-do rows (`Arrival`, `KpiState.evaluated_version`), so a stop in between
loses nothing, and a second run of any step changes nothing.
"""

from __future__ import annotations

from kpis.definitions.models import Initiative, Kpi
from kpis.evaluation import effects
from kpis.ledger import posting
from kpis.plumbing import changes, clock
from kpis.rollups import rolling


def bring_up_to_date(*, at_most: int) -> bool:
    """Carry what has arrived, and what has become complete by time alone, through to the ledger.

    at_most : arrivals to take in one go. True when there is more to do.
    """
    touched = rolling.roll_up_arrivals(at_most=at_most)
    now = clock.now()
    waiting = rolling.waiting_for_evaluation(now=now)  # KPI id -> version
    effects.evaluate_kpis(waiting.keys(), now=now)
    initiatives = posting.post_entries(waiting.keys(), now=now)
    rolling.mark_evaluated(waiting, at=now)
    changes.announce(_changes_of(touched.kpis | waiting.keys(), initiatives))
    return touched.more_waiting


def _changes_of(kpi_ids: frozenset[int], initiative_ids: frozenset[int]) -> list[tuple[str, str, str]]:
    kpis = Kpi.objects.filter(pk__in=kpi_ids).values_list("key", "initiative__slug")
    slugs = Initiative.objects.filter(pk__in=initiative_ids).values_list("slug", flat=True)
    return [("interval", key, slug) for key, slug in kpis] + [("roi", slug, slug) for slug in slugs]
