"""Who gets what when, did it arrive, and who may read it: as pages without scripts."""

from __future__ import annotations

from datetime import UTC, datetime
from html import unescape

import pytest
from django.test import Client

from kpis.access import people
from kpis.access.models import User
from kpis.digests.models import Digest, Edition
from kpis.plumbing.models import OutboxMail
from tests.factories import (
    DigestFactory,
    EditionFactory,
    InitiativeFactory,
    OutboxMailFactory,
    RecipientFactory,
    UserFactory,
)

SENT = {"state": "sent", "sent_at": datetime(2026, 6, 8, 5, tzinfo=UTC)}


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def text_of(client, path, status=200):
    response = client.get(path)
    assert response.status_code == status
    return unescape(response.content.decode())


@pytest.fixture
def controller():
    return UserFactory(role=User.Role.CONTROLLER, username="carla")


def test_where_there_is_none_the_first_step_is_offered_to_who_may_take_it(controller):
    assert "Set up the first digest" in text_of(client_of(controller), "/digests/")
    assert "Set up the first digest" not in text_of(client_of(UserFactory()), "/digests/")


def test_a_digest_is_set_up_with_a_form_and_due_at_its_next_weekday(controller):
    form = {"name": "Steering committee", "weekday": "1", "at": "06:30", "zone": "Europe/Berlin", "language": "de",
            "recipients": [controller.pk], "enabled": "on"}  # fmt: skip
    response = client_of(controller).post("/digests/new/", form)
    digest = Digest.objects.get()
    assert (response.status_code, response.url) == (302, "/digests/steering-committee/")
    assert (digest.weekday, digest.at.hour, digest.language) == (1, 6, "de")
    assert [r.user for r in digest.recipients.all()] == [controller]
    assert digest.next_due_at is not None


@pytest.mark.parametrize(("field", "value"), [("name", ""), ("at", "25:00"), ("zone", "Mars/Base"), ("weekday", "7")])
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_stored(controller, field, value):
    form = {"name": "x", "weekday": "0", "at": "07:00", "zone": "Europe/Berlin", "language": "en"} | {field: value}
    response = client_of(controller).post("/digests/new/", form)
    assert response.status_code == 200
    assert 'class="errorlist"' in response.content.decode()
    assert not Digest.objects.exists()


def test_two_digests_of_one_name_have_two_addresses(controller):
    client = client_of(controller)
    form = {"name": "New", "weekday": "0", "at": "07:00", "zone": "Europe/Berlin", "language": "en"}
    client.post("/digests/new/", form), client.post("/digests/new/", form)
    assert list(Digest.objects.values_list("slug", flat=True)) == ["new-2", "new-3"]


def test_a_change_keeps_the_address_and_moves_the_next_mail(controller):
    digest = DigestFactory(slug="board", zone="Europe/Berlin")
    client = client_of(controller)
    client.post("/digests/board/change/", {"name": "Renamed", "weekday": "4", "at": "07:00", "zone": "Europe/Berlin",
                                           "language": "en", "enabled": "on"})  # fmt: skip
    digest.refresh_from_db()
    assert (digest.slug, digest.name, digest.next_due_at.weekday()) == ("board", "Renamed", 4)


@pytest.mark.parametrize("path", ["/digests/new/", "/digests/board/change/"])
def test_who_may_not_change_digests_sees_no_form(path):
    viewer = UserFactory()
    RecipientFactory(digest=DigestFactory(slug="board"), user=viewer)
    assert client_of(viewer).get(path).status_code == 403
    assert client_of(viewer).post("/digests/board/send/").status_code == 403


def test_a_refusal_is_shown_with_the_server_s_words_and_can_be_sent_again(controller):
    mail = OutboxMailFactory(state="failed", error_code="recipient_refused", last_error="550 no such person")
    edition = EditionFactory(digest=DigestFactory(slug="board"), user=controller, mail=mail)
    client = client_of(controller)
    assert "One mail did not arrive as it should." in text_of(client, "/digests/")
    page = text_of(client, "/digests/board/")
    assert "not delivered" in page and "The mail server refuses this address." in page and "550 no such person" in page
    client.post(f"/digests/board/editions/{edition.pk}/again/")
    mail.refresh_from_db()
    assert (mail.state, mail.recipient, mail.message_id) == ("waiting", controller.email, edition.mail.message_id)


def test_what_a_server_says_is_text_and_no_markup(controller):
    mail = OutboxMailFactory(state="failed", error_code="mail_refused", last_error="<script>alert(1)</script>")
    EditionFactory(digest=DigestFactory(slug="board"), user=controller, mail=mail)
    assert "<script>alert(1)" not in client_of(controller).get("/digests/board/").content.decode()


def test_an_edition_now_is_for_the_one_who_asks(controller):
    DigestFactory(slug="board")
    client_of(controller).post("/digests/board/send/")
    row = Edition.objects.get()
    assert (row.user, row.on_request, row.mail) == (controller, True, None)
    assert "being made" in text_of(client_of(controller), "/digests/board/")


def test_anyone_can_stop_their_own_mail():
    viewer, digest = UserFactory(), DigestFactory(slug="board")
    RecipientFactory(digest=digest, user=viewer), RecipientFactory(digest=digest)
    client_of(viewer).post("/digests/board/leave/")
    assert digest.recipients.count() == 1
    assert not digest.recipients.filter(user=viewer).exists()


def test_who_is_not_listed_does_not_see_a_digest():
    DigestFactory(slug="board", name="Secret board")
    client = client_of(UserFactory())
    assert "Secret board" not in text_of(client, "/digests/")
    assert client.get("/digests/board/").status_code == 404


def test_a_viewer_sees_only_their_own_editions_and_address():
    digest = DigestFactory(slug="board")
    viewer, other = UserFactory(username="vera"), UserFactory(username="otto")
    for user in (viewer, other):
        RecipientFactory(digest=digest, user=user)
        EditionFactory(digest=digest, user=user, mail=OutboxMailFactory(**SENT))
    page = text_of(client_of(viewer), "/digests/board/")
    assert "vera" in page and "otto" not in page


def test_an_edition_is_read_by_its_recipient_and_by_administrators_alone(controller):
    digest, viewer = DigestFactory(slug="board"), UserFactory()
    edition = EditionFactory(
        digest=digest,
        user=viewer,
        mail=OutboxMailFactory(**SENT, text="The net is 1.", html="<html><head></head><b>1</b></html>"),
    )
    path = f"/digests/board/editions/{edition.pk}/"
    assert "The net is 1." in text_of(client_of(viewer), path)
    assert "The net is 1." in text_of(client_of(UserFactory(role=User.Role.ADMINISTRATOR)), path)
    assert client_of(controller).get(path).status_code == 404
    assert client_of(UserFactory()).get(path).status_code == 404


def test_what_left_a_person_s_sight_is_not_read_any_more_in_an_old_edition(controller):
    viewer, initiative = UserFactory(), InitiativeFactory()
    edition = EditionFactory(digest=DigestFactory(slug="board"), user=viewer, told={"initiatives": [initiative.pk]},
                             mail=OutboxMailFactory(**SENT))  # fmt: skip
    path = f"/digests/board/editions/{edition.pk}/"
    assert client_of(viewer).get(path).status_code == 200
    people.limit_sight(viewer, [InitiativeFactory()], by=controller, at=SENT["sent_at"])
    assert client_of(viewer).get(path).status_code == 404


def test_the_mail_is_shown_in_a_frame_that_may_do_nothing(controller):
    hostile = OutboxMailFactory(**SENT, html='<html><head></head><body>"><script>alert(1)</script></body></html>')
    edition = EditionFactory(digest=DigestFactory(slug="board"), user=controller, mail=hostile)
    page = client_of(controller).get(f"/digests/board/editions/{edition.pk}/").content.decode()
    assert "<script>alert" not in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page


def test_pages_are_said_in_german_too(controller):
    EditionFactory(
        digest=DigestFactory(slug="board"), user=controller, mail=OutboxMailFactory(state=OutboxMail.State.WAITING)
    )
    client = client_of(controller)
    client.cookies["roi-language"] = "de"
    assert "Berichte" in text_of(client, "/digests/") and "unterwegs" in text_of(client, "/digests/board/")
    assert "Wochentag" in text_of(client, "/digests/new/")
