import json

import pytest
from rest_framework.test import APIClient

from kpis.access.models import Token, User
from tests.factories import InitiativeFactory, UserFactory

ADDRESS = "/api/v1/tokens/"


def code_of(response):
    return json.loads(response.content)["errors"][0]["code"]


def test_the_text_of_a_token_is_shown_when_it_is_made_and_never_again(client_with):
    api = client_with("ingest", "read", "manage")
    made = api.post(ADDRESS, {"name": "ticket system", "scopes": ["ingest"]})
    text = made.json()["token"]
    assert text.startswith(made.json()["prefix"])
    assert text not in api.get(ADDRESS).content.decode()
    assert "token" not in api.get(f"{ADDRESS}{made.json()['id']}/").json()


def test_a_new_token_works_at_once_and_only_as_far_as_its_scopes(api):
    text = api.post(ADDRESS, {"name": "reader", "scopes": ["read"]}).json()["token"]
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {text}")
    assert client.get("/api/v1/costs/").status_code == 200
    assert client.post("/api/v1/costs/", {}).status_code == 403


def test_a_revoked_token_is_refused_at_once_and_stays_in_the_list(api):
    made = api.post(ADDRESS, {"name": "reader", "scopes": ["read"]}).json()
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {made['token']}")
    client.get("/api/v1/costs/")
    assert api.delete(f"{ADDRESS}{made['id']}/").status_code == 204
    assert client.get("/api/v1/costs/").status_code == 401
    assert api.get(f"{ADDRESS}{made['id']}/").json()["revoked_at"] is not None


@pytest.mark.parametrize("scopes", [[], ["admin"], "read", None, [None], [["read"]], [{}]])
def test_a_token_without_a_scope_that_exists_is_refused(api, scopes):
    assert api.post(ADDRESS, {"name": "x", "scopes": scopes}).status_code == 400
    assert Token.objects.count() == 1


def test_a_token_that_would_have_expired_already_is_refused(api):
    response = api.post(ADDRESS, {"name": "x", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"})
    assert (response.status_code, code_of(response)) == (400, "invalid_expiry")


def test_a_token_gives_no_scope_that_it_lacks(client_with):
    response = client_with("manage").post(ADDRESS, {"name": "x", "scopes": ["ingest"]})
    assert (response.status_code, code_of(response)) == (400, "scope_beyond_own")


def test_a_limited_token_makes_tokens_as_limited_as_itself(client_with):
    seen, hidden = InitiativeFactory(), InitiativeFactory()
    client = client_with("manage", "read", initiatives=[seen])
    made = client.post(ADDRESS, {"name": "x", "scopes": ["read"]}).json()
    assert made["initiatives"] == [seen.slug]
    beyond = client.post(ADDRESS, {"name": "x", "scopes": ["read"], "initiatives": [hidden.slug]})
    assert (beyond.status_code, code_of(beyond)) == (400, "does_not_exist")


def test_a_limited_engineer_sees_only_tokens_that_see_no_more(client_of, client_with):
    seen, hidden = InitiativeFactory(), InitiativeFactory()
    client_with("read"), client_with("read", initiatives=[hidden]), client_with("read", initiatives=[seen, hidden])
    own = client_with("read", initiatives=[seen])
    assert own is not None
    engineer = client_of(UserFactory(role=User.Role.ENGINEER, initiatives=[seen]))
    assert [row["initiatives"] for row in engineer.get(ADDRESS).json()["results"]] == [[seen.slug]]


def test_who_may_not_change_tokens_does_not_see_them_either(client_of):
    assert client_of(UserFactory(role=User.Role.CONTROLLER)).get(ADDRESS).status_code == 403
