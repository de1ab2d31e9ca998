from __future__ import annotations

from datetime import UTC, datetime

from django.contrib.auth.models import AnonymousUser

from kpis.access import people, tokens
from kpis.access.models import User
from kpis.definitions import sight
from tests.factories import InitiativeFactory, KpiFactory, UserFactory

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_nobody_the_anonymous_and_the_disabled_see_nothing():
    KpiFactory()
    for actor in (
        None,
        AnonymousUser(),
        UserFactory(is_active=False),
        UserFactory(role="administrator", is_active=False),
    ):
        assert not sight.initiatives_seen_by(actor).exists()
        assert not sight.kpis_seen_by(actor).exists()
        assert sight.slugs_seen_by(actor) == frozenset()


def test_a_person_without_a_limit_sees_every_initiative_later_ones_too():
    person = UserFactory()
    InitiativeFactory.create_batch(2)
    assert sight.initiatives_seen_by(person).count() == 2
    assert sight.slugs_seen_by(person) is None


def test_a_person_with_initiatives_sees_these_only():
    mine, _ = InitiativeFactory.create_batch(2)
    person = UserFactory()
    person.initiatives.add(mine)
    assert list(sight.initiatives_seen_by(person)) == [mine]
    assert sight.slugs_seen_by(person) == {mine.slug}


def test_when_the_last_initiative_of_a_limited_person_is_deleted_they_see_none_not_all():
    mine, _ = InitiativeFactory.create_batch(2)
    person = UserFactory()
    people.limit_sight(person, [mine], by=None, at=NOON)
    mine.delete()
    assert not sight.initiatives_seen_by(person).exists()
    assert sight.slugs_seen_by(person) == frozenset()


def test_an_administrator_sees_everything_whatever_is_listed():
    mine, _ = InitiativeFactory.create_batch(2)
    administrator = UserFactory(role=User.Role.ADMINISTRATOR)
    administrator.initiatives.add(mine)
    assert sight.initiatives_seen_by(administrator).count() == 2
    assert sight.slugs_seen_by(administrator) is None


def test_a_token_sees_its_initiatives_and_none_when_they_are_gone():
    mine, _ = InitiativeFactory.create_batch(2)
    token, _ = tokens.issue("t", ["read"], [mine], by=None, at=NOON)
    assert list(sight.initiatives_seen_by(token)) == [mine]
    mine.delete()
    assert not sight.initiatives_seen_by(token).exists()


def test_kpis_are_seen_with_their_initiative():
    mine = KpiFactory()
    KpiFactory()
    person = UserFactory()
    person.initiatives.add(mine.initiative)
    assert list(sight.kpis_seen_by(person)) == [mine]


def test_sight_costs_one_query(django_assert_num_queries):
    person = UserFactory()
    with django_assert_num_queries(1):
        list(sight.kpis_seen_by(person))
