"""The pages of what was presented: saved from where it is shown, read again, and each difference with its cause."""

from __future__ import annotations

from datetime import UTC, datetime
from html import unescape

import pytest
from django.test import Client
from django.utils import translation

from kpis.roi.models import Snapshot
from kpis.roi.snapshots import Wish, take_snapshot
from tests.db.ledger.conftest import IN_APRIL, arrive, books, march, stand_at
from tests.factories import ControllerFactory, InitiativeFactory, UserFactory

__all__ = ["arrive", "books", "march", "stand_at"]

LATER = datetime(2026, 4, 10, 9, tzinfo=UTC)


@pytest.fixture
def controller(march):
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(ControllerFactory(username="carla"))
    return client


def text_of(client, path, status=200):
    response = client.get(path)
    assert response.status_code == status
    page = unescape(response.content.decode()).replace("\xa0", " ")
    return page.replace('<span class="cents">', "").replace("</span>", "")


def test_the_portfolio_is_saved_and_says_later_what_changed(controller, march):
    assert 'href="/snapshots/new/"' in text_of(controller, "/")
    answer = controller.post("/snapshots/new/", {"title": "Board <b>", "note": "line one\nline two"}, follow=True)
    assert "Saved as presented. It stays as it is." in answer.content.decode()
    march.measure(32, 8, event="late")
    march.bring_up_to_date(at=LATER)

    pk = Snapshot.objects.get().pk
    page = text_of(controller, f"/snapshots/{pk}/")

    assert "Then the net was €80.00. Today it is €140.00: +€60.00." in page
    assert "Late data" in page
    assert "line one<br>line two" in page
    assert "Board <b>" in text_of(controller, "/snapshots/")
    assert "<b>" not in controller.get("/snapshots/").content.decode().split("Board ")[1][:10]


def test_one_initiative_is_saved_from_its_own_page(controller, march):
    assert "/snapshots/new/?initiative=support" in text_of(controller, "/initiatives/support/")
    controller.post("/snapshots/new/?initiative=support", {"title": "Gate"})
    snapshot = Snapshot.objects.get()
    assert (snapshot.scope, snapshot.statement["totals"]["figures"]["net"]) == ("support", "80.00")
    assert "nothing changed" not in text_of(controller, f"/snapshots/{snapshot.pk}/")
    assert "It is the same today." in text_of(controller, f"/snapshots/{snapshot.pk}/")


def test_without_a_title_the_form_says_so_and_nothing_is_kept(controller):
    answer = controller.post("/snapshots/new/", {"title": " "})
    assert answer.status_code == 200
    assert "This field is required." in answer.content.decode()
    assert not Snapshot.objects.exists()


def test_who_may_not_take_one_is_offered_none_and_reads_all_the_same(march):
    reader = Client(HTTP_ACCEPT_LANGUAGE="en")
    reader.force_login(UserFactory())
    snapshot = take_snapshot(Wish("Board", [march.initiative]), as_of=IN_APRIL, by=None, at=IN_APRIL)
    assert "/snapshots/new/" not in text_of(reader, "/")
    assert reader.get("/snapshots/new/").status_code == 403
    assert reader.post("/snapshots/new/", {"title": "x"}).status_code == 403
    assert "Board" in text_of(reader, f"/snapshots/{snapshot.pk}/")


def test_an_initiative_that_is_gone_is_still_read(controller, march):
    gone = InitiativeFactory(slug="gone", name="Gone by now")
    both = take_snapshot(Wish("Both", [march.initiative, gone]), as_of=IN_APRIL, by=None, at=IN_APRIL)
    alone = take_snapshot(Wish("Alone", [gone], gone), as_of=IN_APRIL, by=None, at=IN_APRIL)
    gone.delete()
    assert "Gone by now" in text_of(controller, f"/snapshots/{both.pk}/")
    assert "Alone" in text_of(controller, f"/snapshots/{alone.pk}/")


def test_what_is_not_in_sight_is_not_found(march):
    stranger = Client()
    stranger.force_login(UserFactory(role="controller", initiatives=[InitiativeFactory()]))
    snapshot = take_snapshot(Wish("Board", [march.initiative]), as_of=IN_APRIL, by=None, at=IN_APRIL)
    assert stranger.get(f"/snapshots/{snapshot.pk}/").status_code == 404
    assert stranger.get("/snapshots/new/?initiative=support").status_code == 404
    assert "Board" not in stranger.get("/snapshots/").content.decode()
    assert Client().get("/snapshots/").status_code == 302


def test_an_empty_list_says_what_it_is_for(controller):
    assert "Nothing has been saved yet." in text_of(controller, "/snapshots/")


def test_it_is_all_said_in_german(march):
    client = Client(HTTP_ACCEPT_LANGUAGE="de")
    client.force_login(ControllerFactory(language="de"))
    snapshot = take_snapshot(Wish("Beirat", [march.initiative]), as_of=IN_APRIL, by=None, at=IN_APRIL)
    with translation.override("en"):  # what the request leaves behind in this thread
        page = text_of(client, f"/snapshots/{snapshot.pk}/")
    assert "Damals waren es netto 80,00 €." in page
    assert "Heute ist es dasselbe." in page
