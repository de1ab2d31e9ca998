"""Clients of the API: each sends a real token or has a real session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest
from rest_framework.test import APIClient

from kpis.access import tokens
from kpis.access.models import User
from kpis.api import throttles
from kpis.definitions.models import Initiative
from tests.factories import AdministratorFactory, token_for


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """What a process keeps of earlier requests: their tokens, how many they were."""
    tokens.forget_all()
    throttles.forget_all()
    yield
    tokens.forget_all()
    throttles.forget_all()


@pytest.fixture
def administrator() -> User:
    return AdministratorFactory()


@pytest.fixture
def client_with(administrator: User) -> Callable[..., APIClient]:
    """`client_with("read", initiatives=[…], by=…)`: a client that sends a token with these scopes."""

    def make(*scopes: str, initiatives: Iterable[Initiative] | None = None, by: User | None = None) -> APIClient:
        client = APIClient(raise_request_exception=False)
        text = token_for(scopes, initiatives, by=by or administrator)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
        return client

    return make


@pytest.fixture
def api(client_with: Callable[..., APIClient]) -> APIClient:
    """May read and manage everything."""
    return client_with("read", "manage")


@pytest.fixture
def client_of() -> Callable[[User], APIClient]:
    """A person's browser session; CSRF is not asked for, as in Django's own test client."""

    def make(user: User) -> APIClient:
        client = APIClient(raise_request_exception=False)
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make
