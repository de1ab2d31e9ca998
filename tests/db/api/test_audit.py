from kpis.access import audit
from kpis.access.models import User
from tests.factories import InitiativeFactory, UserFactory

ADDRESS = "/api/v1/audit-events/"


def test_the_trail_is_read_newest_first_with_its_chain(api):
    api.post("/api/v1/initiatives/", {"slug": "a", "name": "A"})
    api.patch("/api/v1/initiatives/a/", {"name": "B"})
    newest, older = api.get(ADDRESS).json()["results"][:2]
    assert (newest["what"], older["what"]) == ("initiative.changed", "initiative.created")
    assert newest["previous"] == older["digest"]
    assert audit.first_break() is None


def test_the_trail_is_filtered_by_what_and_subject(api):
    for slug in ("a", "b"):
        api.post("/api/v1/initiatives/", {"slug": slug, "name": slug})
    found = api.get(ADDRESS, {"what": "initiative.created", "subject": "initiative:b"}).json()
    assert [row["subject"] for row in found["results"]] == ["initiative:b"]


def test_the_trail_cannot_be_written(api):
    assert api.post(ADDRESS, {}).status_code == 405
    assert api.delete(f"{ADDRESS}1/").status_code == 405


def test_the_trail_is_for_controllers_and_administrators(client_of):
    seen = {role for role in User.Role if client_of(UserFactory(role=role)).get(ADDRESS).status_code == 200}
    assert seen == {User.Role.CONTROLLER, User.Role.ADMINISTRATOR}


def test_whose_sight_is_limited_reads_no_trail(client_of):
    InitiativeFactory()
    limited = UserFactory(role=User.Role.CONTROLLER, initiatives=[InitiativeFactory()])
    assert client_of(limited).get(ADDRESS).json()["count"] == 0
