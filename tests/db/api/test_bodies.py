"""Whatever is sent, the answer is a 4xx with a reason and nothing is stored."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpis.definitions.models import Initiative

ADDRESS = "/api/v1/initiatives/"
GOOD = {"slug": "good", "name": "Good"}


def codes(response):
    return {error["code"] for error in json.loads(response.content)["errors"]}


def send(client, raw):
    return client.post(ADDRESS, raw, content_type="application/json")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"slug": "a", "name": NaN}', "invalid_json"),
        (b'{"slug": "a", "name": Infinity}', "invalid_json"),
        (b'{"slug": "a", "name": "A"', "invalid_json"),
        (b"", "required"),
        (b"[]", "invalid"),
        (b'"text"', "invalid"),
        (b"\xff\xfe", "invalid_text"),
        (b'{"slug": "a", "name": "\\u0000"}', "invalid_text"),
        (b'{"slug": "a", "name": "\\ud800"}', "invalid_text"),
        (b'{"slug": "a", "na\\udfffme": "A"}', "invalid_text"),
        (b'{"slug": "a", "name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "invalid_json"),
        (b'{"slug": "a", "name": ' + b"[" * 30 + b"]" * 30 + b"}", "invalid_json"),
        (b'{"slug": "a", "name": "A", "horizon_months": ' + b"9" * 5000 + b"}", "invalid_number"),
        (b'{"slug": "a", "name": "A", "horizon_months": 1e400}', "invalid_number"),
        (b'{"slug": "a", "name": "A", "horizon_months": 1e999999999}', "invalid_number"),
        (b'{"slug": "a", "name": "A", "horizon_months": true}', "invalid"),
        (b'{"slug": "a", "name": "A", "horizon_months": "36"}', "invalid"),
        (b'{"slug": "a", "name": "A", "horizon_months": 36.5}', "invalid"),
        (b'{"slug": "a", "name": "A", "horizon_months": -1}', "min_value"),
        (b'{"slug": "a", "name": "A", "discount_rate": "0.08"}', "not_a_number"),
        (b'{"slug": "a", "name": "A", "discount_rate": 8}', "initiative_discount_rate_is_a_share"),
        (b'{"slug": "a", "name": "A", "discount_rate": 1e200}', "max_digits"),
        (b'{"slug": "a", "name": 5}', "invalid"),
        (b'{"slug": "a", "name": null}', "null"),
        (b'{"slug": "a", "name": " "}', "blank"),
        (b'{"slug": "a", "name": "tab\\u0007"}', "control_characters"),
        (b'{"slug": "Not A Slug", "name": "A"}', "invalid_slug"),
        (b'{"slug": "a\\n", "name": "A"}', "invalid_slug"),
        (b'{"slug": "a", "name": "A", "currency": "eur"}', "invalid_currency"),
        (b'{"slug": "a", "name": "A", "started_on": "2026-02-30"}', "invalid"),
        (b'{"slug": "a", "name": "A", "started_on": "2026-02-01T00:00:00Z"}', "invalid"),
        (b'{"slug": "a", "name": "A", "started_on": 20260201}', "invalid"),
        (b'{"slug": "a", "name": "A", "phase": "running"}', "invalid_choice"),
        (b'{"slug": "a", "name": "A", "phase": ["running"]}', "invalid_choice"),
        (b'{"slug": "a", "name": "A", "phase": {}}', "invalid_choice"),
        (b'{"slug": "a", "name": "A", "go_live": "2026-03-02"}', "unknown_member"),
    ],
)
def test_a_body_that_is_wrong_says_how(api, raw, code):
    response = send(api, raw)
    assert (response.status_code, codes(response)) == (400, {code})
    assert not Initiative.objects.exists()


def test_a_body_that_is_too_large_is_413(api):
    response = send(api, b'{"slug": "a", "name": "' + b"x" * (1024 * 1024) + b'"}')
    assert (response.status_code, codes(response)) == (413, {"body_too_large"})


def test_a_mistyped_member_is_told_what_was_probably_meant(api):
    response = api.post(ADDRESS, GOOD | {"go_live": "2026-03-02"})
    assert "go_live_on" in json.loads(response.content)["detail"]


def test_what_was_read_can_be_sent_back_as_it_is(api):
    created = api.post(ADDRESS, GOOD).json()
    response = api.put(ADDRESS + "good/", created)
    assert (response.status_code, response.json()) == (200, created)


def test_a_share_keeps_its_digits(api):
    answer = send(api, b'{"slug": "a", "name": "A", "discount_rate": 0.0825}')
    assert b'"discount_rate":0.0825' in answer.content


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
members = st.dictionaries(
    st.sampled_from(
        ["slug", "name", "phase", "currency", "started_on", "go_live_on", "discount_rate", "horizon_months", "owner"]
    )
    | st.text(max_size=10),
    anything,
    max_size=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=members)
def test_no_object_is_answered_with_a_5xx(api, body):
    response = send(api, json.dumps(body))
    assert response.status_code in (201, 400)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=200))
def test_no_bytes_are_answered_with_a_5xx(api, raw):
    assert send(api, raw).status_code in (201, 400)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=4), page=anything)
def test_no_query_is_answered_with_a_5xx(api, query, page):
    asked = str(page).encode(errors="replace")  # half of a surrogate pair cannot be written into an address
    response = api.get("/api/v1/costs/", {**query, "page": asked})
    assert response.status_code in (200, 400, 404)
