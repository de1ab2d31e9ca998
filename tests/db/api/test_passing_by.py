from __future__ import annotations

import json

import pytest
from django.contrib.sessions.models import Session
from rest_framework.test import APIClient

ADDRESS = "/api/v1/kpis/"


@pytest.fixture
def signed_in(administrator):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(administrator)
    return client


def test_a_request_with_a_token_needs_neither_session_nor_cookie(client_with):
    api = client_with("read")
    api.get(ADDRESS)
    response = api.get(ADDRESS, HTTP_COOKIE="sessionid=anything")
    assert response.status_code == 200
    assert not response.cookies
    assert "Vary" not in response.headers or "Cookie" not in response.headers["Vary"]
    assert not Session.objects.exists()


def test_a_token_sent_in_vain_is_not_made_good_by_a_session(signed_in):
    assert signed_in.get(ADDRESS).status_code == 200
    response = signed_in.get(ADDRESS, HTTP_AUTHORIZATION="Bearer roi_of_nobody")
    assert response.status_code == 401
    assert json.loads(response.content)["errors"][0]["code"] == "invalid_token"


def test_a_session_without_its_csrf_token_changes_nothing_also_where_it_names_a_scheme(signed_in):
    for authorization in ({}, {"HTTP_AUTHORIZATION": "Basic eDp5"}):
        response = signed_in.post(ADDRESS, {"key": "a.b"}, **authorization)
        assert response.status_code in (401, 403)


@pytest.mark.parametrize("path", ["/sign-in/", "/"])
def test_a_page_keeps_its_guards_whatever_a_request_claims(client, path):
    response = client.get(path, HTTP_AUTHORIZATION="Bearer roi_of_nobody")
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "default-src" in response.headers["Content-Security-Policy"]
