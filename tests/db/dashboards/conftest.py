from __future__ import annotations

from html import unescape

import pytest
from django.test import Client

from kpis.access.models import User
from tests.factories import UserFactory


def signed_in(**user: object) -> Client:
    """A client whose person is an engineer, unless `role=` says otherwise."""
    client = Client()
    client.force_login(UserFactory(**{"role": User.Role.ENGINEER} | user))
    return client


def client_of(user: User, language: str = "en") -> Client:
    """A browser of this person, who reads in this language."""
    client = Client(HTTP_ACCEPT_LANGUAGE=language)
    client.force_login(user)
    return client


def seen(path: str, user: User | None = None, language: str = "en", status: int = 200) -> str:
    """The text of a page as it stands in its source, with plain spaces; of anybody who may see it."""
    response = client_of(user or UserFactory(language=language), language).get(path)
    assert response.status_code == status
    return " ".join(unescape(response.content.decode()).replace("\xa0", " ").split())


@pytest.fixture
def engineer() -> Client:
    return signed_in()
