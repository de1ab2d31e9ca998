"""Periods as pages without scripts: what was booked, what changed since, and closing with a look at it first."""

from __future__ import annotations

from datetime import UTC, date, datetime
from html import unescape

import pytest
from django.test import Client
from django.utils import translation

from kpis.access.models import User
from kpis.ledger.models import LedgerEntry, Period
from tests.db.dashboards.conftest import client_of
from tests.db.ledger.conftest import IN_APRIL, IN_MAY, MARCH, arrive, books, march, open_books, stand_at
from tests.factories import ControllerFactory, CostEntryFactory, InitiativeFactory, UserFactory

__all__ = ["arrive", "books", "march", "stand_at"]

LATER = datetime(2026, 4, 10, 9, tzinfo=UTC)


def text_of(client, path, status=200):
    response = client.get(path)
    assert response.status_code == status
    return (
        unescape(response.content.decode())
        .replace("\xa0", " ")
        .replace('<span class="cents">', "")
        .replace("</span>", "")
    )


@pytest.fixture
def controller(march):
    return client_of(march.controller)


def test_before_anything_is_booked_the_page_says_when_periods_begin():
    seen = text_of(client_of(UserFactory()), "/periods/")
    assert "Periods begin with the first cost or ledger entry." in seen
    assert "<table" not in seen


def test_the_list_says_how_far_the_books_are_closed_and_what_waits(controller, march):
    seen = text_of(controller, "/periods/")
    assert "No period is closed yet" in seen and "March 2026 is over and waits to be closed." in seen
    assert "120.00" in seen and "−100.00" in seen

    march.close(MARCH, at=IN_APRIL)
    march.stand_at(IN_MAY)
    seen = text_of(controller, "/periods/")
    assert "Everything up to March 2026 is closed and stays as it is. April 2026 is over" in seen


def test_closing_shows_what_will_be_frozen_and_is_one_button_away(controller, march):
    seen = text_of(controller, "/periods/2026-03/")
    assert "What would be frozen" in seen and "Close March 2026 for good" in seen
    assert "So far €120.00 came back and €100.00 went in: a net of €20.00." in seen

    response = controller.post("/periods/2026-03/close/", follow=True)

    told = unescape(response.content.decode())
    assert "March 2026 is closed." in told and "a net of €20.00, which stays" in told
    assert march.controller.username in told and "Close March" not in told


def test_what_stands_in_the_way_is_said_and_there_is_no_button(controller):
    seen = text_of(controller, "/periods/2026-04/")
    assert "It cannot be closed yet:" in seen and "close March 2026 first" in seen
    assert "for good" not in seen
    told = unescape(controller.post("/periods/2026-04/close/", follow=True).content.decode())
    assert "close March 2026 first" in told.replace("\xa0", " ")
    assert not Period.objects.exists()


def test_gaps_ask_for_a_reason_which_stays(controller, march):
    march.initiative.go_live_on = date(2026, 3, 29)
    march.initiative.save()
    march.measure(28, 20)
    march.bring_up_to_date(at=IN_APRIL)
    seen = text_of(controller, "/periods/2026-03/")
    assert "support.minutes has no data in 1 interval (Sun 29 Mar 2026)" in seen and 'name="reason"' in seen

    assert "has no data" in controller.post("/periods/2026-03/close/", follow=True).content.decode()
    controller.post("/periods/2026-03/close/", {"reason": "Export down"})

    assert "Export down" in text_of(controller, "/periods/2026-03/")


@pytest.mark.parametrize("role", [User.Role.VIEWER, User.Role.ENGINEER, User.Role.PRODUCT_OWNER])
def test_who_may_not_close_reads_who_may(march, role):
    client = client_of(UserFactory(role=role))
    seen = text_of(client, "/periods/2026-03/")
    assert "can be closed, by a controller who sees all initiatives" in seen
    assert "for good" not in seen
    assert client.post("/periods/2026-03/close/").status_code == 403
    assert not Period.objects.exists()


def test_a_controller_who_sees_a_part_does_not_close_the_whole(march):
    client = client_of(ControllerFactory(initiatives=[march.initiative]))
    assert "for good" not in text_of(client, "/periods/2026-03/")
    assert client.post("/periods/2026-03/close/").status_code == 403


def test_a_get_closes_nothing_and_a_stranger_finds_nothing(controller, march):
    assert controller.get("/periods/2026-03/close/").status_code == 405
    assert Client().get("/periods/").status_code == 302
    for key in ("2026-13", "sample-2026-03", "2026-02-to-2026-04"):
        text_of(controller, f"/periods/{key}/", status=404)


def test_what_changed_since_leads_to_what_was_booked_and_why(controller, march):
    march.close(MARCH, at=IN_APRIL)
    march.measure(31, 8, event="ticket-9")
    march.bring_up_to_date(at=LATER)
    frozen, row = march.rows("closed")[1], march.rows("adjustment")[0]

    seen = text_of(controller, "/periods/2026-03/")
    assert "What changed since" in seen and "late data" in seen and "+60.00" in seen
    assert f'href="/how/entries/{frozen.pk}/"' in seen and f'href="/how/entries/{row.pk}/"' in seen

    proof = text_of(controller, f"/how/entries/{row.pk}/")
    assert "Booked on 10 Apr 2026 for a closed period: the interval comes to €120.00 since then, and €60.00" in proof
    assert "Closed, and corrected since:" in text_of(controller, f"/how/entries/{frozen.pk}/")
    ledger = text_of(controller, "/initiatives/support/ledger/")
    assert "booked 10 Apr 2026" in ledger and "closed period" in ledger and "adjustment" in ledger
    assert "with €60.00 for closed months" in text_of(controller, "/initiatives/support/")


def test_the_file_says_what_a_row_corrects_when_it_was_booked_and_why(controller, march):
    march.close(MARCH, at=IN_APRIL)
    march.measure(31, 8, event="ticket-9")
    march.bring_up_to_date(at=LATER)
    lines = controller.get("/initiatives/support/ledger.csv").content.decode("utf-8-sig").splitlines()
    row = LedgerEntry.objects.get(status="adjustment")
    assert f"adjustment,2026-04-10T11:00:00+02:00,{row.corrects_id},late data" in "\n".join(lines)


def test_one_sees_the_sums_of_the_initiatives_in_sight_only(march):
    CostEntryFactory(initiative=InitiativeFactory(name="Secret"), on=date(2026, 3, 5), amount=777)
    seen = text_of(client_of(UserFactory(initiatives=[march.initiative])), "/periods/2026-03/")
    assert "Secret" not in seen and "777" not in seen and "a net of €20.00" in seen


def test_the_sample_s_periods_are_marked(controller, arrive, stand_at):
    sample = open_books(arrive, stand_at, "made-up", is_sample=True)
    sample.close("sample-2026-03", at=IN_APRIL, reason="x")
    seen = text_of(controller, "/periods/")
    assert "/periods/sample-2026-03/" in seen and "these figures are made up" in seen
    assert "No period is closed yet" in seen  # the sentence is about one's own


def test_in_german_it_reads_german(march):
    with translation.override("en"):  # what the request leaves behind in this thread
        seen = text_of(client_of(march.controller, "de"), "/periods/2026-03/")
    assert "März 2026 endgültig abschließen" in seen and "Was festgeschrieben würde" in seen
    assert "Abschlüsse" in seen
