from __future__ import annotations

from datetime import UTC, date, datetime

from kpis.access.models import AuditEvent
from kpis.phases.entering import note_phase
from kpis.phases.history import enter_phase, phase_rail
from tests.factories import ControllerFactory, InitiativeFactory, PhaseEntryFactory


def test_the_rail_shows_four_phases_with_the_days_between_which_each_lasted():
    initiative = InitiativeFactory(phase="integration")
    PhaseEntryFactory(initiative=initiative, phase="proof_of_concept", on=date(2026, 1, 5))
    PhaseEntryFactory(initiative=initiative, phase="integration", on=date(2026, 4, 1))

    rail = [(step.since, step.until, step.is_current, step.is_reached) for step in phase_rail(initiative)]

    assert rail == [
        (date(2026, 1, 5), date(2026, 4, 1), False, True),
        (None, date(2026, 4, 1), False, True),
        (date(2026, 4, 1), None, True, True),
        (None, None, False, False),
    ]


def test_a_retired_initiative_has_been_through_all_of_them():
    assert all(step.is_reached and not step.is_current for step in phase_rail(InitiativeFactory(phase="retired")))


def test_entering_a_phase_moves_the_initiative_and_leaves_a_trail_entering_again_corrects_the_day():
    initiative, controller = InitiativeFactory(), ControllerFactory()
    for day in (1, 2):
        enter_phase(initiative, "stabilisation", on=date(2026, 4, day), by=controller)

    initiative.refresh_from_db()
    assert initiative.phase == "stabilisation"
    assert [entry.on for entry in initiative.phase_entries.all()] == [date(2026, 4, 2)]
    events = AuditEvent.objects.filter(what="initiative.phase_entered")
    assert [event.subject for event in events] == [f"initiative:{initiative.slug}"] * 2


def test_a_phase_is_noted_at_the_local_day_on_which_it_was_first_seen():
    initiative = InitiativeFactory()
    late = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)  # half past midnight in Berlin
    note_phase(initiative, at=late)
    note_phase(initiative, at=datetime(2026, 5, 1, tzinfo=UTC))

    assert [entry.on for entry in initiative.phase_entries.all()] == [date(2026, 4, 1)]
