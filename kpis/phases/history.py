"""When an initiative entered each of its phases, and entering one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from kpis.access import audit
from kpis.access.models import Token, User
from kpis.definitions.models import Initiative
from kpis.phases.models import PhaseEntry
from kpis.plumbing import clock

RAIL = (
    Initiative.Phase.PROOF_OF_CONCEPT,
    Initiative.Phase.STABILISATION,
    Initiative.Phase.INTEGRATION,
    Initiative.Phase.OPTIMISATION,
)


@dataclass(frozen=True, slots=True)
class PhaseStep:
    """One phase of the rail: `since` and `until` (the day the next one began) where known."""

    phase: str
    since: date | None
    until: date | None
    is_current: bool
    is_reached: bool


def phase_rail(initiative: Initiative) -> list[PhaseStep]:
    """The four phases in order, with the days on which the initiative entered them."""
    entered = {entry.phase: entry.on for entry in initiative.phase_entries.all()}
    current = RAIL.index(initiative.phase) if initiative.phase in RAIL else len(RAIL)
    steps = []
    for k, phase in enumerate(RAIL):
        later = [entered[p] for p in RAIL[k + 1 :] if p in entered]
        steps.append(PhaseStep(phase, entered.get(phase), min(later, default=None), k == current, k <= current))
    return steps


@transaction.atomic
def enter_phase(initiative: Initiative, phase: str, *, on: date, by: User | Token | None) -> None:
    """Move an initiative into a phase; entering it again only corrects the day."""
    PhaseEntry.objects.update_or_create(initiative=initiative, phase=phase, defaults={"on": on})
    if initiative.phase != phase:
        initiative.phase = phase
        initiative.save(update_fields=["phase"])
    audit.record(
        "initiative.phase_entered",
        by=by,
        subject=f"initiative:{initiative.slug}",
        details={"phase": phase, "on": on.isoformat()},
        at=clock.now(),
    )
