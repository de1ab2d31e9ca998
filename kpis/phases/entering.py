"""When an initiative entered which phase."""

from __future__ import annotations

from datetime import datetime

from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.phases.models import PhaseEntry


def note_phase(initiative: Initiative, *, at: datetime) -> PhaseEntry:
    """Remember that the initiative is in its present phase since the local day of `at`; the first entry counts."""
    on = organisation.calendar().local_date(at)
    entry, _new = PhaseEntry.objects.get_or_create(initiative=initiative, phase=initiative.phase, defaults={"on": on})
    return entry
