"""The policy as a table that a person can check. `x` is allowed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser

from kpis.access import people, rights, tokens
from kpis.access.models import Token, User
from kpis.access.rights import Action
from tests.factories import InitiativeFactory, KpiFactory, UserFactory

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

#                       viewer engineer product controller administrator
POLICY = """
read                    x x x x x
ingest                  - x - - x
create_initiatives      - - x - x
change_initiatives      - - x - x
change_kpis             - x x - x
write_baselines         - - x x x
approve_baselines       - - - x x
change_drivers          - - x x x
change_costs            - - - x x
write_business_cases    - - x x x
approve_business_cases  - - - x x
close_periods           - - - x x
change_pools            - - - x x
change_annotations      - x x x x
change_benchmarks       - - - x x
take_snapshots          - - x x x
change_sources          - x - - x
change_digests          - - x x x
change_tokens           - x - - x
read_audit              - - - x x
change_people           - - - - x
change_organisation     - - - - x
"""
ROLES = ["viewer", "engineer", "product_owner", "controller", "administrator"]
ROWS = [line.split() for line in POLICY.strip().splitlines()]
CELLS = [(row[0], role, mark == "x") for row in ROWS for role, mark in zip(ROLES, row[1:], strict=True)]


def test_every_action_has_a_row_in_the_policy():
    assert {row[0] for row in ROWS} == set(Action)


@pytest.mark.parametrize(("action", "role", "allowed"), CELLS)
def test_a_role_may_what_the_policy_says_and_a_disabled_person_nothing(action, role, allowed):
    assert rights.may(User(role=role), Action(action)) is allowed
    assert not rights.may(User(role=role, is_active=False), Action(action))


@pytest.mark.parametrize("action", Action)
def test_nobody_may_nothing(action):
    assert not rights.may(None, action)
    assert not rights.may(AnonymousUser(), action)


def token(*scopes: str, by: User | None = None, **kwargs) -> Token:
    return tokens.issue("t", scopes, by=by, at=NOON, **kwargs)[0]


def test_a_token_sends_and_reads_by_its_scopes_alone():
    assert rights.may(token("ingest"), Action.INGEST)
    assert not rights.may(token("ingest"), Action.READ)
    assert rights.may(token("read"), Action.READ)
    assert not rights.may(token("read", "manage", by=UserFactory(role="administrator")), Action.INGEST)


@pytest.mark.parametrize("action", sorted(set(Action) - {Action.READ, Action.INGEST}))
def test_a_managing_token_may_what_its_maker_may_and_not_a_thing_more(action):
    for role in ROLES:
        maker = UserFactory(role=role)
        assert rights.may(token("manage", by=maker), action) is rights.may(maker, action)
        assert not rights.may(token("ingest", "read", by=maker), action)


def test_a_managing_token_ends_with_its_maker():
    maker = UserFactory(role="administrator")
    managing = token("manage", by=maker)
    maker.is_active = False
    maker.save()
    assert not rights.may(Token.objects.get(pk=managing.pk), Action.CHANGE_KPIS)
    maker.delete()
    assert not rights.may(Token.objects.get(pk=managing.pk), Action.CHANGE_KPIS)


def test_a_right_counts_only_for_what_is_in_sight():
    mine, other = InitiativeFactory(), InitiativeFactory()
    owner = UserFactory(role="product_owner")
    people.limit_sight(owner, [mine], by=None, at=NOON)
    assert rights.may(owner, Action.CHANGE_KPIS, KpiFactory(initiative=mine))
    assert not rights.may(owner, Action.CHANGE_KPIS, KpiFactory(initiative=other))


def test_a_limited_token_makes_no_initiative_that_it_could_not_see():
    administrator = UserFactory(role="administrator")
    assert not rights.may(
        token("manage", by=administrator, initiatives=[InitiativeFactory()]), Action.CREATE_INITIATIVES
    )


def test_who_may_approve_are_the_active_ones_with_the_right():
    controller, administrator = UserFactory(role="controller"), UserFactory(role="administrator")
    UserFactory(role="controller", is_active=False)
    UserFactory(role="product_owner")
    assert rights.who_may(Action.APPROVE_BASELINES) == [controller, administrator]
