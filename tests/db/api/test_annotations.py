import json

from tests.factories import AnnotationFactory, InitiativeFactory

ADDRESS = "/api/v1/annotations/"


def test_an_annotation_is_made_read_changed_and_deleted(api):
    InitiativeFactory(slug="support")
    made = api.post(ADDRESS, {"initiative": "support", "on": "2026-03-02", "kind": "go_live", "text": "Live"}).json()
    address = f"{ADDRESS}{made['id']}/"
    assert api.patch(address, {"text": "Live for all"}).json()["text"] == "Live for all"
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404


def test_an_annotation_ends_on_or_after_its_first_day(api):
    note = AnnotationFactory(on="2026-03-02")
    response = api.patch(f"{ADDRESS}{note.pk}/", {"until": "2026-03-01"})
    assert response.status_code == 400
    assert json.loads(response.content)["errors"][0]["code"] == "annotation_ends_after_it_starts"


def test_an_annotation_stays_with_its_initiative(api):
    note, other = AnnotationFactory(), InitiativeFactory()
    assert api.patch(f"{ADDRESS}{note.pk}/", {"initiative": other.slug}).status_code == 409
