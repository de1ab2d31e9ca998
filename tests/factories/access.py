"""People, tokens and the trail."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory

from kpis.access.models import AuditEvent, Token, User
from kpis.definitions.models import Initiative
from tests.factories.instants import CREATED

PASSWORD = "a long enough pass phrase"  # of every user that a factory makes


@cache
def hashed_password() -> str:
    """Argon2 is slow on purpose; once a test run is enough."""
    return make_password(PASSWORD)


class UserFactory(DjangoModelFactory):
    """A viewer; `role=` says otherwise, `initiatives=[…]` limits the sight."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person-{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@company.example")
    role = User.Role.VIEWER
    password = factory.LazyFunction(hashed_password)

    @factory.post_generation
    def initiatives(self, create: bool, extracted: Iterable[Initiative] | None, **_: Any) -> None:
        if create and extracted:
            self.initiatives.set(extracted)


class ControllerFactory(UserFactory):
    role = User.Role.CONTROLLER


class ProductOwnerFactory(UserFactory):
    role = User.Role.PRODUCT_OWNER


class EngineerFactory(UserFactory):
    role = User.Role.ENGINEER


class AdministratorFactory(UserFactory):
    role = User.Role.ADMINISTRATOR


class TokenFactory(DjangoModelFactory):
    """A row only: nobody knows its text. To call the API take `token_for`."""

    class Meta:
        model = Token
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"token {n}")
    prefix = factory.Sequence(lambda n: f"roi_{n:08d}")
    digest = factory.LazyAttribute(lambda token: hashlib.sha256(token.prefix.encode()).digest())
    scopes = factory.LazyFunction(lambda: ["read"])
    created_at = CREATED

    @factory.post_generation
    def initiatives(self, create: bool, extracted: Iterable[Initiative] | None, **_: Any) -> None:
        if create and extracted:
            self.initiatives.set(extracted)
            Token.objects.filter(pk=self.pk).update(limited=True)
            self.limited = True


def token_for(scopes: Sequence[str], initiatives: Iterable[Initiative] | None = None, *, by: User | None = None) -> str:
    """The text of a fresh token with these scopes, to be sent as `Authorization: Bearer …`.

    A token may manage what its maker may: an administrator unless `by` says who.
    """
    from kpis.access import tokens
    from kpis.plumbing import clock

    maker = by or AdministratorFactory()
    _, text = tokens.issue("test", list(scopes), list(initiatives or ()), by=maker, at=clock.now())
    return text


class AuditEventFactory(DjangoModelFactory):
    """A row outside the chain; where the chain matters call `audit.record`."""

    class Meta:
        model = AuditEvent

    at = CREATED
    actor = "system"
    what = "baseline.approved"
    subject = "baseline:support.handling-time:1"
    previous = b"\0" * 32
    digest = factory.Sequence(lambda n: hashlib.sha256(str(n).encode()).digest())
