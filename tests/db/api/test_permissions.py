import json

import pytest

from kpis.access.models import AuditEvent, User
from tests.factories import CostEntryFactory, InitiativeFactory, KpiFactory, UserFactory

COLLECTIONS = ["initiatives", "kpis", "value-drivers", "costs", "annotations"]


def code_of(response):
    return json.loads(response.content)["errors"][0]["code"]


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_a_token_that_only_sends_may_not_read(client_with, collection):
    response = client_with("ingest").get(f"/api/v1/{collection}/")
    assert (response.status_code, code_of(response)) == (403, "missing_scope")


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_a_token_that_only_reads_may_not_change(client_with, collection):
    response = client_with("read").post(f"/api/v1/{collection}/", {})
    assert (response.status_code, code_of(response)) == (403, "missing_scope")


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_a_token_that_manages_may_read_as_well(client_with, collection):
    assert client_with("manage").get(f"/api/v1/{collection}/").status_code == 200


WRITES = {
    "initiatives": {User.Role.PRODUCT_OWNER, User.Role.ADMINISTRATOR},
    "kpis": {User.Role.ENGINEER, User.Role.PRODUCT_OWNER, User.Role.ADMINISTRATOR},
    "value-drivers": {User.Role.PRODUCT_OWNER, User.Role.CONTROLLER, User.Role.ADMINISTRATOR},
    "costs": {User.Role.CONTROLLER, User.Role.ADMINISTRATOR},
    "annotations": set(User.Role) - {User.Role.VIEWER},
    "tokens": {User.Role.ENGINEER, User.Role.ADMINISTRATOR},
}


@pytest.mark.parametrize("collection", WRITES)
@pytest.mark.parametrize("role", User.Role)
def test_a_role_changes_what_is_its_own_and_nothing_else(client_of, collection, role):
    response = client_of(UserFactory(role=role)).post(f"/api/v1/{collection}/", {})
    allowed = role in WRITES[collection]
    assert response.status_code == (400 if allowed else 403)  # 400: let in, and the empty body refused


@pytest.mark.parametrize("role", User.Role)
def test_a_token_manages_what_its_maker_may_and_nothing_else(client_with, role):
    response = client_with("manage", by=UserFactory(role=role)).post("/api/v1/costs/", {})
    assert response.status_code == (400 if role in WRITES["costs"] else 403)


def test_a_limited_token_lists_its_initiatives_only(client_with):
    seen, hidden = InitiativeFactory(), InitiativeFactory()
    KpiFactory(initiative=seen), KpiFactory(initiative=hidden)
    CostEntryFactory(initiative=hidden)
    client = client_with("read", initiatives=[seen])
    assert [row["slug"] for row in client.get("/api/v1/initiatives/").json()["results"]] == [seen.slug]
    assert [row["initiative"] for row in client.get("/api/v1/kpis/").json()["results"]] == [seen.slug]
    assert client.get("/api/v1/costs/").json()["count"] == 0


def test_a_limited_person_cannot_write_into_an_initiative_out_of_sight(client_of):
    seen, hidden = InitiativeFactory(), InitiativeFactory()
    client = client_of(UserFactory(role=User.Role.CONTROLLER, initiatives=[seen]))
    cost = {"name": "x", "cost_category": "other", "amount": "1", "on": "2026-03-02"}
    response = client.post("/api/v1/costs/", cost | {"initiative": hidden.slug})
    assert (response.status_code, code_of(response)) == (400, "does_not_exist")
    assert client.post("/api/v1/costs/", cost | {"initiative": seen.slug}).status_code == 201


def test_a_limited_token_cannot_make_initiatives_that_it_would_not_see(client_with):
    client = client_with("manage", initiatives=[InitiativeFactory()])
    assert client.post("/api/v1/initiatives/", {"slug": "new", "name": "New"}).status_code == 403


def test_a_limited_person_sees_the_initiative_that_they_made(client_of):
    client = client_of(UserFactory(role=User.Role.PRODUCT_OWNER, initiatives=[InitiativeFactory()]))
    assert client.post("/api/v1/initiatives/", {"slug": "new", "name": "New"}).status_code == 201
    assert client.get("/api/v1/initiatives/new/").status_code == 200


def test_a_disabled_person_is_nobody(client_of):
    person = UserFactory(role=User.Role.ADMINISTRATOR)
    client = client_of(person)
    person.is_active = False
    person.save()
    assert client.get("/api/v1/initiatives/").status_code == 401


def test_a_change_is_in_the_trail_under_the_token_that_made_it(client_with):
    client_with("manage").post("/api/v1/initiatives/", {"slug": "new", "name": "New"})
    event = AuditEvent.objects.get(what="initiative.created")
    assert event.actor.startswith("token:")
    assert event.subject == "initiative:new"


def test_one_asker_s_flood_is_429_and_the_others_are_served(client_with, settings):
    settings.API_REQUESTS_PER_MINUTE = 3
    noisy, quiet = client_with("read"), client_with("read")
    statuses = [noisy.get("/api/v1/costs/").status_code for _ in range(5)]
    assert statuses[:3] == [200, 200, 200]
    assert statuses[-1] == 429
    refused = noisy.get("/api/v1/costs/")
    assert code_of(refused) == "throttled"
    assert int(refused.headers["Retry-After"]) >= 1
    assert quiet.get("/api/v1/costs/").status_code == 200
