from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from kpis.access import people, tokens
from kpis.access.models import AuditEvent, Token, User
from tests.factories import InitiativeFactory, UserFactory

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def nothing_trusted_from_before():
    tokens.forget_all()


def issue(*scopes: str, by: User | None = None, initiatives=(), expires_at=None) -> tuple[Token, str]:
    return tokens.issue("sender", scopes or ["ingest"], initiatives, by=by, at=NOON, expires_at=expires_at)


def test_a_token_is_found_by_its_text():
    token, text = issue()
    assert tokens.check(text, at=LATER) == token


def test_the_text_is_nowhere_in_the_database():
    token, text = issue()
    with connection.cursor() as cursor:
        cursor.execute("select t::text from kpis_token t union all select a::text from kpis_auditevent a")
        rows = " ".join(row[0] for row in cursor.fetchall())
    assert text[12:] not in rows
    assert token.prefix in rows


def test_the_stored_hash_is_useless_without_the_key(settings):
    _, text = issue()
    settings.TOKEN_HASH_KEY = "another key than the one of this portal"
    assert tokens.check(text, at=LATER) is None


def test_a_text_with_one_other_letter_is_no_token_and_costs_no_query(django_assert_num_queries):
    _, text = issue()
    for place in (4, 12, 30, len(text) - 1):
        wrong = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        with django_assert_num_queries(0):
            assert tokens.check(wrong, at=LATER) is None


def test_a_well_formed_token_that_was_never_issued_is_none():
    issue()
    assert tokens.check(tokens._new_text(), at=LATER) is None


def test_the_right_prefix_with_another_secret_is_none():
    token, _ = issue()
    body = token.prefix + "x" * tokens.SECRET
    assert tokens.check(body + tokens._checksum(body), at=LATER) is None


@given(st.text(max_size=80))
def test_any_text_at_all_is_answered(text):
    assert not tokens.looks_like_one(text) or text.isascii()


def test_a_known_token_is_trusted_for_a_while_without_a_query(django_assert_num_queries):
    _, text = issue()
    tokens.check(text, at=LATER)
    with django_assert_num_queries(0):
        for _ in range(5):
            assert tokens.check(text, at=LATER + timedelta(seconds=30)) is not None


def test_a_revoked_token_ends_at_once_in_this_process():
    token, text = issue()
    assert tokens.check(text, at=LATER)
    tokens.revoke(token, by=None, at=LATER)
    assert tokens.check(text, at=LATER) is None


def test_a_token_revoked_in_another_process_ends_when_it_is_not_trusted_any_more(monkeypatch):
    token, text = issue()
    assert tokens.check(text, at=LATER)
    Token.objects.filter(pk=token.pk).update(revoked_at=LATER)
    monkeypatch.setattr(tokens.time, "monotonic", lambda now=tokens.time.monotonic(): now + tokens.TRUSTED_SECONDS + 1)
    assert tokens.check(text, at=LATER) is None


def test_a_token_ends_at_its_expiry_also_while_it_is_trusted():
    _, text = issue(expires_at=LATER)
    assert tokens.check(text, at=LATER - timedelta(seconds=1))
    assert tokens.check(text, at=LATER) is None


def test_its_last_use_is_noted_at_most_once_a_minute(django_assert_num_queries):
    token, text = issue()
    tokens.check(text, at=NOON)
    tokens.check(text, at=NOON + timedelta(seconds=59))
    token.refresh_from_db()
    assert token.last_used_at == NOON
    with django_assert_num_queries(1):
        tokens.check(text, at=NOON + timedelta(seconds=60))
    token.refresh_from_db()
    assert token.last_used_at == NOON + timedelta(seconds=60)


def test_revoking_twice_keeps_the_first_time_and_writes_one_row():
    token, _ = issue()
    tokens.revoke(token, by=None, at=NOON)
    tokens.revoke(token, by=None, at=LATER)
    token.refresh_from_db()
    assert token.revoked_at == NOON
    assert AuditEvent.objects.filter(what="token.revoked").count() == 1


@pytest.mark.parametrize("scopes", [[], ["admin"], ["read", "everything"]])
def test_a_token_without_a_proper_scope_is_refused(scopes):
    with pytest.raises(tokens.TokenRefused) as refusal:
        tokens.issue("x", scopes, by=None, at=NOON)
    assert refusal.value.code == "invalid_scope"


def test_a_token_that_would_have_expired_already_is_refused():
    with pytest.raises(tokens.TokenRefused) as refusal:
        issue(expires_at=NOON)
    assert refusal.value.code == "invalid_expiry"


def test_who_sees_one_initiative_gives_out_no_wider_sight():
    mine, other = InitiativeFactory(), InitiativeFactory()
    engineer = UserFactory(role=User.Role.ENGINEER)
    people.limit_sight(engineer, [mine], by=None, at=NOON)
    token, _ = issue(by=engineer)
    assert token.limited
    assert list(token.initiatives.all()) == [mine]
    with pytest.raises(tokens.TokenRefused) as refusal:
        issue(by=engineer, initiatives=[other])
    assert refusal.value.code == "unknown_initiative"


def test_the_command_prints_the_token_and_nothing_else():
    InitiativeFactory(slug="support-triage")
    out = StringIO()
    call_command(
        "create_token", "crm", "--scope", "ingest", "--scope", "read", "--initiative", "support-triage", stdout=out
    )
    token = tokens.check(out.getvalue().removesuffix("\n"), at=LATER)
    assert (token.name, token.scopes, token.limited) == ("crm", ["ingest", "read"], True)


def test_a_token_made_by_the_command_acts_for_the_first_administrator():
    administrator, _ = people.ensure_administrator(at=NOON)
    out = StringIO()
    call_command("create_token", "ops", "--scope", "manage", stdout=out)
    assert Token.objects.get(name="ops").created_by == administrator


def test_the_command_refuses_an_unknown_initiative_and_a_manager_without_an_administrator():
    with pytest.raises(CommandError, match="no initiative nowhere"):
        call_command("create_token", "crm", "--scope", "read", "--initiative", "nowhere")
    with pytest.raises(CommandError, match="no administrator"):
        call_command("create_token", "crm", "--scope", "manage")
