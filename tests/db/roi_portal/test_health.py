from __future__ import annotations

from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from roi_portal import health


@pytest.fixture(autouse=True)
def nothing_is_trusted(monkeypatch):
    monkeypatch.setattr(health, "_in_order_until", 0.0)


def test_a_living_process_says_so_whatever_its_host_name(client):
    assert client.get("/healthz", headers={"host": "10.1.2.3:8000"}).status_code == 200


def test_a_ready_process_names_what_it_has_looked_at(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"] == {"database": "in order", "migrations": "in order", "broker": "in order"}


def test_a_missing_migration_is_named(client):
    MigrationRecorder(connection).migration_qs.filter(app="axes").delete()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["code"] for error in answer.json()["errors"]] == ["migrations"]
    assert "manage.py migrate" in answer.json()["detail"]


def test_a_broker_out_of_reach_is_named_and_not_waited_for(client, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert [error["code"] for error in answer.json()["errors"]] == ["broker"]


def test_a_database_out_of_reach_is_named(client):
    with patch.object(connection, "cursor", side_effect=OperationalError("gone")):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["errors"][0] == {
        "code": "database",
        "detail": "The database cannot be reached.",
        "attr": None,
    }


def test_a_database_that_would_forget_what_it_confirmed_is_not_ready(client, settings):
    settings.DURABILITY_REQUIRED = True  # the tests' own server is fast instead of durable
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "fsync" in answer.json()["detail"]
