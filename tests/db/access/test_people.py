from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.management import call_command

from kpis.access import people, tokens
from kpis.access.models import AuditEvent, User
from kpis.definitions import organisation
from tests.factories import InitiativeFactory, UserFactory

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_first_administrator_gets_a_password_that_opens_the_door(rf):
    user, password = people.ensure_administrator(at=NOON)
    assert authenticate(rf.post("/"), username=user.username, password=password) == user
    assert user.password.startswith("argon2")
    validate_password(password, user)
    assert AuditEvent.objects.get().what == "person.created"


def test_two_portals_have_different_passwords():
    _, one = people.ensure_administrator(at=NOON)
    User.objects.all().delete()
    _, other = people.ensure_administrator(at=NOON)
    assert one != other


def test_where_there_is_an_administrator_nothing_is_made():
    existing = UserFactory(role=User.Role.ADMINISTRATOR)
    assert people.ensure_administrator(at=NOON) == (existing, None)


def test_a_disabled_administrator_does_not_count_and_keeps_the_name():
    UserFactory(username="admin", role=User.Role.ADMINISTRATOR, is_active=False)
    user, password = people.ensure_administrator(at=NOON)
    assert password is not None
    assert user.username != "admin"


def test_lifting_a_limit_lets_a_person_see_everything_again():
    user = UserFactory()
    people.limit_sight(user, [InitiativeFactory()], by=None, at=NOON)
    people.limit_sight(user, None, by=None, at=NOON)
    user.refresh_from_db()
    assert (user.limited, user.initiatives.count()) == (False, 0)


def test_a_language_that_the_portal_does_not_speak_changes_nothing():
    user = UserFactory()
    people.choose_language(user, "de")
    people.choose_language(user, "tlh")
    user.refresh_from_db()
    assert user.language == "de"


@pytest.fixture
def prepare(monkeypatch):
    from kpis.management.commands import prepare_portal

    monkeypatch.setattr(prepare_portal, "furnish", lambda **_: None)

    def run() -> dict[str, str | None]:
        out = StringIO()
        call_command("prepare_portal", "--json", stdout=out)
        return json.loads(out.getvalue())

    return run


def test_preparing_a_portal_shows_what_it_made_once(prepare):
    first, second = prepare(), prepare()
    assert User.objects.get().check_password(first["password"])
    assert tokens.check(first["token"], at=NOON).scopes == ["ingest", "manage", "read"]
    assert first["sign_in"] == "admin"
    assert second == {"sign_in": None, "password": None, "token": None}
    assert organisation.current().pk == 1
