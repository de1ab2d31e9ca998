from __future__ import annotations

import json
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import translation

from kpis.access.models import AuditEvent, User
from kpis.ingest import refused_requests, samples
from kpis.ingest.accepting import accept_batch
from kpis.measurements.models import Measurement
from kpis.plumbing import clock
from tests.bad_points import as_rows, point
from tests.db.dashboards.conftest import signed_in
from tests.factories import (
    BatchFactory,
    DataSourceFactory,
    InitiativeFactory,
    KpiFactory,
    RejectionFactory,
    TokenFactory,
)

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def token():
    return TokenFactory(name="ticket system", scopes=["ingest"])


def text_of(client, path, status=200):
    response = client.get(path)
    assert response.status_code == status
    return unescape(response.content.decode())


def sent(token, *, received: int, reasons: dict[str, int] | None = None, minutes: int = 5):
    rejected = sum((reasons or {}).values())
    return BatchFactory(
        token=token,
        arrived_at=clock.now() - timedelta(minutes=minutes),
        received=received,
        accepted=received - rejected,
        rejected=rejected,
        reasons=reasons,
        form="csv",
    )


def test_a_token_that_sent_nothing_yet_says_so_and_shows_the_first_step(engineer, token):
    page = text_of(engineer, f"/tokens/{token.pk}/")
    assert "Nothing has been sent yet." in page
    assert "curl" in page


@pytest.mark.parametrize(
    ("received", "reasons", "minutes", "sentence"),
    [
        (1200, None, 5, "In the last hour 1,200 points came. All of them are stored."),
        (1000, {"invalid_time": 2}, 5, "2 of them were rejected (0.2%), the others are stored."),
        (100_000, {"invalid_time": 1}, 5, "1 of them was rejected (less than 0.1%), the others are stored."),
        (100, {"unknown_kpi": 97}, 5, "Most of them were rejected: 97, or 97.0%."),
        (2, {"unknown_kpi": 1}, 5, "1 of them was rejected (50.0%), the others are stored."),
        (50, None, 300, "Nothing came in the last hour; the last batch arrived on"),
        (2_100_000_000, None, 5, "In the last hour 2,100,000,000 points came."),
    ],
)
def test_the_page_begins_with_whether_what_is_sent_is_taken(engineer, token, received, reasons, minutes, sentence):
    sent(token, received=received, reasons=reasons, minutes=minutes)
    assert sentence in text_of(engineer, f"/tokens/{token.pk}/")


def test_a_rate_of_next_to_nothing_is_no_row_of_zeros(engineer, token):
    sent(token, received=2, reasons=None, minutes=5)
    page = text_of(engineer, f"/tokens/{token.pk}/")
    assert "less than 0.01" in page
    assert "0.0000" not in page


def test_the_most_frequent_reason_is_said_and_all_are_counted(engineer, token):
    sent(token, received=10, reasons={"invalid_time": 1, "too_many_label_sets": 3})
    page = text_of(engineer, f"/tokens/{token.pk}/")
    assert "The most frequent reason: The KPI has as many label sets as it may have." in page


def test_rejected_points_and_samples_stand_there_as_sent_and_nothing_of_them_is_markup(engineer, token):
    RejectionFactory(batch=sent(token, received=1, reasons={"invalid_value": 1}), index=7, point=HOSTILE)
    samples.keep(f"token:{token.pk}", HOSTILE, form="csv", at=clock.now(), code="invalid_csv", detail=HOSTILE)
    raw = engineer.get(f"/tokens/{token.pk}/").content.decode()
    assert HOSTILE not in raw
    assert unescape(raw).count(HOSTILE) == 3
    assert "Last body that was refused" in raw


def test_rejected_points_are_sent_again_by_a_button_and_the_page_says_what_became_of_them(engineer, token):
    accept_batch(as_rows([point(id="a"), point(value="x")]), "application/json", actor=token, at=clock.now())
    KpiFactory(initiative=InitiativeFactory(slug="support"), slug="time")
    response = engineer.post(f"/tokens/{token.pk}/again/", follow=True)
    assert "1 point was sent again and is stored. 1 stays in the list." in unescape(response.content.decode())
    assert Measurement.objects.count() == 1
    assert AuditEvent.objects.filter(what="rejections.replayed", subject=f"token:{token.pk}").count() == 1


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_rejected_points_are_downloaded(engineer, token, form):
    RejectionFactory(batch=sent(token, received=1, reasons={"unknown_kpi": 1}), point=json.dumps(point()))
    response = engineer.get(f"/tokens/{token.pk}/rejections.{form}")
    assert f'filename="rejections.{form}"' in response["Content-Disposition"]
    assert b"support.time" in response.content
    assert engineer.get(f"/tokens/{token.pk}/rejections.exe").status_code == 404


def test_who_may_not_see_tokens_sees_none_and_whose_sight_is_limited_only_their_own(token):
    viewer, limited = signed_in(role=User.Role.VIEWER), signed_in(initiatives=[InitiativeFactory()])
    for client, status in ((viewer, 403), (limited, 404)):
        for path in ("", "rejections.csv"):
            text_of(client, f"/tokens/{token.pk}/{path}", status)
        for way in ("again", "limit"):
            assert client.post(f"/tokens/{token.pk}/{way}/").status_code == status
        assert token.name not in text_of(client, "/sources/")
    assert Client().get(f"/tokens/{token.pk}/").status_code == 302


def test_a_limit_is_set_and_taken_away_on_the_page_and_stands_in_the_trail(engineer, token):
    for given, stands in (("60000", 60_000), ("", None)):
        page = unescape(
            engineer.post(f"/tokens/{token.pk}/limit/", {"points_a_minute": given}, follow=True).content.decode()
        )
        token.refresh_from_db()
        assert token.points_a_minute == stands
        assert "The limit is set" in page
        assert ('value="60000"' in page) is (stands is not None)
    assert AuditEvent.objects.filter(what="token.limited", subject=f"token:{token.pk}").count() == 2


@pytest.mark.parametrize("nonsense", ["0", "-5", "1.5", "many", "2000000001", "9" * 400])
def test_a_limit_that_is_none_is_refused_in_words_and_changes_nothing(engineer, token, nonsense):
    page = engineer.post(f"/tokens/{token.pk}/limit/", {"points_a_minute": nonsense}, follow=True).content.decode()
    token.refresh_from_db()
    assert token.points_a_minute is None
    assert "The limit is set" not in page
    assert "Ensure this value" in page or "Enter a whole number" in page


def test_requests_that_were_refused_as_a_whole_are_counted_by_reason_on_the_page(engineer, token):
    for minutes, code in ((5, "unsupported_media_type"), (5, "unsupported_media_type"), (90, "invalid_json")):
        refused_requests.note([f"token:{token.pk}"], code, at=clock.now() - timedelta(minutes=minutes))
    page = text_of(engineer, f"/tokens/{token.pk}/")
    assert "Nothing could be read yet: 3 requests were refused as a whole." in page
    assert 'Last hour: <span class="unbroken"><b>2</b> <code>unsupported_media_type</code></span> </p>' in page
    assert "<b>1</b> <code>invalid_json</code>" in page


def test_a_revoked_token_has_no_button_and_takes_no_other_way(engineer, token):
    RejectionFactory(batch=sent(token, received=1, reasons={"unknown_kpi": 1}), point=json.dumps(point()))
    token.revoked_at = clock.now()
    token.save()
    page = text_of(engineer, f"/tokens/{token.pk}/")
    assert "Send again</button>" not in page
    assert "Set the limit" not in page
    for way in ("again", "limit"):
        assert engineer.post(f"/tokens/{token.pk}/{way}/").status_code == 403


def test_a_source_has_the_same_page_behind_its_own_and_who_only_looks_sends_nothing_again(engineer):
    source = DataSourceFactory(slug="desk", name="Service desk")
    batch = BatchFactory(source=source, arrived_at=clock.now(), received=1, rejected=1, reasons={"unknown_kpi": 1})
    RejectionFactory(batch=batch, code="unknown_kpi", point=json.dumps(point()))
    assert "/sources/desk/sent/" in text_of(engineer, "/sources/desk/")
    assert "Send again</button>" in text_of(engineer, "/sources/desk/sent/")
    viewer = signed_in(role=User.Role.VIEWER)
    assert "Send again</button>" not in text_of(viewer, "/sources/desk/sent/")
    assert viewer.post("/sources/desk/sent/again/").status_code == 403


def test_the_tokens_that_may_send_are_found_on_the_page_of_sources(engineer, token):
    TokenFactory(name="only reads", scopes=["read"])
    page = text_of(engineer, "/sources/")
    assert f"/tokens/{token.pk}/" in page
    assert "only reads" not in page


def test_a_page_takes_few_queries_however_much_was_sent(engineer, token, django_assert_max_num_queries):
    for minutes in range(1, 50):
        sent(token, received=10, reasons={"unknown_kpi": 1}, minutes=minutes)
    engineer.get(f"/tokens/{token.pk}/")
    with django_assert_max_num_queries(18):
        engineer.get(f"/tokens/{token.pk}/")


def test_it_is_all_said_in_german(token):
    sent(token, received=10, reasons={"unknown_kpi": 9})
    with translation.override("en"):  # what the request leaves behind in this thread
        response = signed_in(language="de").get(f"/tokens/{token.pk}/", headers={"Accept-Language": "de"})
    page = unescape(response.content.decode())
    assert "In der letzten Stunde kamen 10 Punkte." in page
    for english in ("What was sent", "Rejected points", "Last batch", "Send again", "Requests"):
        assert english not in page
