"""Figures that nothing has changed are answered with 304, or as they were; whatever changes them is seen at once.

These tests commit: inside a caller's transaction nothing has a version.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from unittest import mock

import pytest
from django.apps import apps
from django.db import connection, transaction

from kpis.access.models import Token
from kpis.api import conditional
from kpis.definitions import changing
from kpis.ingest.accepting import accept_batch
from kpis.plumbing import bodies, stamps
from kpis.plumbing.models import StateStamp
from kpis.rollups import rolling
from tests.factories import CostEntryFactory, InitiativeFactory, KpiFactory, OrganisationFactory, TokenFactory

NOW = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)

UNSTAMPED = {
    "kpis_user_groups", "kpis_user_user_permissions",  # not used: rights are roles
    "kpis_auditevent", "kpis_change", "kpis_idempotentanswer", "kpis_outboxmail", "kpis_statestamp",  # what happened
    "kpis_snapshot", "kpis_snapshotentry",  # stay as they were taken
    "kpis_digest", "kpis_recipient", "kpis_edition", "kpis_baselinewarning",  # mails about figures
    "kpis_tokenrate", "kpis_payloadsample", "kpis_sentquarter", "kpis_refusedminute",  # about senders
    "kpis_series", "kpis_batch", "kpis_measurement", "kpis_arrival", "kpis_rejection", "kpis_batchdigest",
    "kpis_seriesrewrite",  # figures follow when they are rolled up
    "kpis_mappingrule", "kpis_receivedseries", "kpis_receivedsample",  # become measurements first
}  # fmt: skip


@pytest.fixture(autouse=True)
def house(at):
    bodies.clear()
    with at(NOW):
        OrganisationFactory(zone="Europe/Berlin", reporting_currency="EUR")
        yield
    bodies.clear()


@pytest.fixture
def kpi():
    return KpiFactory(initiative=InitiativeFactory(slug="support"), slug="time", interval="day")


@pytest.fixture
def reader(client_with, kpi):
    return client_with("read")


PATHS = ["portfolio/", "initiatives/support/roi/", "kpis/support.time/effect/", "kpis/support.time/intervals/",
         "initiatives/support/ledger/", "periods/", "periods/2026-03/"]  # fmt: skip


def get(client, path: str, tag: str = ""):
    return client.get(f"/api/v1/{path}", headers={"If-None-Match": tag} if tag else {})


def send_a_point(value: float = 1.0) -> None:
    body = b'{"kpi": "support.time", "at": ["2026-02-27T10:00:00Z"], "value": [%f]}' % value
    with mock.patch("kpis.plumbing.wakeup.gathered_after_commit"):
        accept_batch(body, "application/json", actor=None, at=NOW)
    rolling.roll_up_arrivals(at_most=100)


@pytest.mark.parametrize("path", PATHS)
def test_what_has_not_changed_is_304_without_a_body(reader, path) -> None:
    first = get(reader, path)
    again = get(reader, path, first["ETag"])
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again["ETag"] == first["ETag"]
    assert "no-cache" in first["Cache-Control"] and "private" in first["Cache-Control"]


@pytest.mark.parametrize("path", PATHS)
def test_who_does_not_send_the_tag_gets_the_answer_as_it_was(reader, path) -> None:
    first = get(reader, path)
    with mock.patch.object(conditional.bodies, "put", side_effect=AssertionError("computed again")):
        again = get(reader, path)
    assert (again.status_code, again.content, again["Content-Type"]) == (200, first.content, first["Content-Type"])


def test_a_new_point_is_seen_as_soon_as_it_is_rolled_up(reader) -> None:
    before = get(reader, PATHS[3])
    assert before.json()["results"] == []
    send_a_point(2.5)
    after = get(reader, PATHS[3], before["ETag"])
    assert (after.status_code, after.json()["results"][0]["value"]) == (200, 2.5)


@pytest.mark.parametrize("path", PATHS[:2])
def test_a_cost_is_seen_at_once(reader, kpi, path) -> None:
    before = get(reader, path)
    CostEntryFactory(initiative=kpi.initiative, amount=Decimal("800.00"), on=date(2026, 2, 1))
    after = get(reader, path, before["ETag"])
    assert after.status_code == 200
    assert "800.00" in after.content.decode()


def test_what_is_deleted_is_gone_at_once(reader, kpi) -> None:
    before = get(reader, PATHS[3])
    changing.delete(kpi, by=None, at=NOW)
    assert get(reader, PATHS[3], before["ETag"]).status_code == 404


def test_a_minute_later_it_is_computed_anew(reader, at) -> None:
    before = get(reader, PATHS[0])
    with at(NOW + timedelta(minutes=1)):
        assert get(reader, PATHS[0], before["ETag"]).status_code == 200


def test_nobody_gets_what_another_one_was_answered(client_with, kpi) -> None:
    other = InitiativeFactory(slug="secret")
    everything, one = client_with("read"), client_with("read", initiatives=[kpi.initiative])
    seen = get(everything, PATHS[0])
    narrow = get(one, PATHS[0], seen["ETag"])
    assert [row["initiative"] for row in narrow.json()["results"]] == ["support"]
    assert other.slug in seen.content.decode()
    assert get(one, "initiatives/secret/roi/", seen["ETag"]).status_code == 404


def test_a_language_and_a_query_have_answers_of_their_own(reader) -> None:
    first = get(reader, PATHS[0])
    german = reader.get("/api/v1/portfolio/", headers={"If-None-Match": first["ETag"], "Accept-Language": "de"})
    filtered = get(reader, "portfolio/?business_unit=other", first["ETag"])
    assert (german.status_code, filtered.status_code) == (200, 200)
    assert filtered.json()["results"] == []
    assert {"Authorization", "Accept-Language"} <= set(first["Vary"].replace(" ", "").split(","))


def test_who_may_no_longer_look_gets_no_304(reader) -> None:
    tag = get(reader, PATHS[0])["ETag"]
    Token.objects.update(revoked_at=NOW)
    from kpis.access import tokens

    tokens.forget_all()
    assert get(reader, PATHS[0], tag).status_code == 401


def test_a_bad_request_is_not_held(reader) -> None:
    for _ in range(2):
        answer = get(reader, "portfolio/?phase=never")
        assert (answer.status_code, answer.has_header("ETag")) == (400, False)


def test_every_table_that_figures_are_made_of_stamps_its_changes() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select tgrelid::regclass::text from pg_trigger where tgname = 'stamp_change'")
        stamped = {name for (name,) in cursor.fetchall()}
    tables = {model._meta.db_table for model in apps.get_app_config("kpis").get_models(include_auto_created=True)}
    assert stamped | UNSTAMPED == tables
    assert not stamped & UNSTAMPED


def test_sending_and_signing_in_stamp_nothing(kpi) -> None:
    token = TokenFactory()
    before = stamps.state_version()
    Token.objects.filter(pk=token.pk).update(last_used_at=NOW)
    with mock.patch("kpis.plumbing.wakeup.gathered_after_commit"):
        accept_batch(b'{"kpi": "support.time", "at": [1772000000000], "value": [1]}', "application/json",
                     actor=None, at=NOW)  # fmt: skip
    assert stamps.state_version() == before


def test_a_transaction_that_commits_late_gives_a_new_version() -> None:
    """The one that began first commits last: its number is not the greatest."""
    import threading

    began, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            InitiativeFactory(slug="slow")
            began.set()
            may_commit.wait(20)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    began.wait(20)
    InitiativeFactory(slug="quick")
    between = stamps.state_version()
    may_commit.set()
    thread.join()
    assert stamps.state_version() != between


def test_trimming_keeps_the_newest_and_gives_a_new_version(at) -> None:
    for n in range(3):
        InitiativeFactory(slug=f"i{n}")
    before = stamps.state_version()
    StateStamp.objects.update(at=NOW - timedelta(hours=1))
    assert stamps.trim(at=NOW) >= 2
    assert StateStamp.objects.count() == 1
    assert stamps.state_version() != before


def test_held_answers_have_a_limit() -> None:
    for n in range(40):
        bodies.put(str(n), bodies.Body(b"x" * bodies.LARGEST, "text/plain"))
    bodies.put("large", bodies.Body(b"x" * (bodies.LARGEST + 1), "text/plain"))
    assert bodies.get("0") is None and bodies.get("large") is None
    assert bodies.get("39") is not None
    assert bodies._held <= bodies.BYTES_AT_MOST
