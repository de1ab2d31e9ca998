from __future__ import annotations

import pytest
from django.test import Client

from kpis.access.models import User
from tests.factories import UserFactory


def signed_in(**user: object) -> Client:
    """A client whose person is an engineer, unless `role=` says otherwise."""
    client = Client()
    client.force_login(UserFactory(**{"role": User.Role.ENGINEER} | user))
    return client


@pytest.fixture
def engineer() -> Client:
    return signed_in()
