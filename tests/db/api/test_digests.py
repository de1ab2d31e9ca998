import json

import pytest

from kpis.access.models import AuditEvent, User
from kpis.digests.models import Digest, Edition
from tests.factories import DigestFactory, EditionFactory, OutboxMailFactory, RecipientFactory, UserFactory

ADDRESS = "/api/v1/digests/"
BOARD = {"slug": "board", "name": "Board", "zone": "Europe/Berlin"}


def codes_of(response):
    return [error["code"] for error in json.loads(response.content)["errors"]]


def test_a_digest_is_made_changed_and_removed(api):
    UserFactory(username="cfo")
    made = api.post(ADDRESS, BOARD | {"weekday": 1, "at": "06:30", "recipients": ["cfo"]})
    assert made.status_code == 201
    assert (made.json()["at"], made.json()["recipients"], made.json()["enabled"]) == ("06:30", ["cfo"], True)
    assert made.json()["next_due_at"]
    changed = api.patch(f"{ADDRESS}board/", {"recipients": [], "enabled": False})
    assert (changed.json()["recipients"], changed.json()["enabled"], changed.json()["weekday"]) == ([], False, 1)
    assert api.delete(f"{ADDRESS}board/").status_code == 204
    assert not Digest.objects.exists()
    trail = set(AuditEvent.objects.filter(what__startswith="digest.").values_list("what", flat=True))
    assert trail == {"digest.created", "digest.recipients_changed", "digest.changed", "digest.deleted"}


@pytest.mark.parametrize(
    ("wrong", "attr"),
    [
        ({"zone": "Mars/Base"}, "zone"),
        ({"weekday": 7}, "weekday"),
        ({"at": "25:00"}, "at"),
        ({"at": "7:00"}, "at"),
        ({"at": 700}, "at"),
        ({"language": "fr"}, "language"),
        ({"recipients": ["nobody"]}, "recipients"),
        ({"slug": "new"}, "slug"),
        ({"name": "a\x00b"}, "name"),
        ({"weekdays": [0]}, "weekdays"),
    ],
)
def test_what_can_never_work_is_refused_with_its_member(api, wrong, attr):
    response = api.post(ADDRESS, BOARD | wrong)
    assert response.status_code in (400, 409, 422)
    assert json.loads(response.content)["errors"][0]["attr"].split(".")[0] == attr
    assert not Digest.objects.exists()


def test_a_slug_is_used_once_and_stays(api):
    made = api.post(ADDRESS, BOARD).json()
    assert (made["weekday"], made["at"], made["enabled"]) == (0, "07:00", True)
    assert api.post(ADDRESS, BOARD).status_code in (400, 409)
    assert codes_of(api.patch(f"{ADDRESS}board/", {"slug": "other"})) == ["slug_is_fixed"]


def test_how_each_mail_fared_is_listed(api):
    digest, cfo = DigestFactory(slug="board"), UserFactory(username="cfo")
    mail = OutboxMailFactory(state="failed", error_code="recipient_refused", last_error="550 no", attempts=1)
    EditionFactory(digest=digest, user=cfo, mail=mail)
    (row,) = api.get(f"{ADDRESS}board/editions/").json()["results"]
    assert (row["user"], row["state"], row["error_code"], row["error"], row["attempts"], row["message_id"]) == (
        "cfo", "failed", "recipient_refused", "550 no", 1, mail.message_id,
    )  # fmt: skip


def test_one_now_goes_to_the_person_behind_the_token(api, administrator):
    DigestFactory(slug="board")
    response = api.post(f"{ADDRESS}board/send/")
    assert (response.status_code, response.json()["state"], response.json()["on_request"]) == (202, "to_be_made", True)
    assert Edition.objects.get().user == administrator


@pytest.mark.parametrize("role", User.Role)
def test_who_may_change_digests(client_of, role):
    allowed = role in {User.Role.CONTROLLER, User.Role.PRODUCT_OWNER, User.Role.ADMINISTRATOR}
    assert client_of(UserFactory(role=role)).post(ADDRESS, {}).status_code == (400 if allowed else 403)


def test_a_viewer_sees_the_digests_that_list_them_and_their_own_editions(client_of):
    mine, other, viewer = DigestFactory(slug="mine"), DigestFactory(slug="other"), UserFactory()
    RecipientFactory(digest=mine, user=viewer), RecipientFactory(digest=other)
    EditionFactory(digest=mine, user=viewer), EditionFactory(digest=mine)
    client = client_of(viewer)
    assert [row["slug"] for row in client.get(ADDRESS).json()["results"]] == ["mine"]
    assert client.get(f"{ADDRESS}mine/editions/").json()["count"] == 1
    assert client.get(f"{ADDRESS}other/").status_code == 404
    assert client.get(f"{ADDRESS}other/editions/").status_code == 404


def test_a_token_that_only_reads_sees_no_digest(client_with):
    DigestFactory()
    assert client_with("read").get(ADDRESS).json()["count"] == 0
