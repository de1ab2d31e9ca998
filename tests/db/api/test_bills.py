import json

import pytest

from kpis.ledger.models import CostEntry
from tests.factories import InitiativeFactory

ADDRESS = "/api/v1/initiatives/support/bills/"
TABLE = "reference,name,amount,on\n4711/1,Licences,1250.00,2026-03-02\n"


@pytest.fixture(autouse=True)
def initiative():
    return InitiativeFactory(slug="support", currency="EUR")


def send(client, text=TABLE, address=ADDRESS, content_type="text/csv"):
    return client.post(address, text, content_type=content_type)


def test_a_bill_is_answered_with_what_became_of_its_lines(api):
    assert send(api).json() == {
        "created": 1, "changed": 0, "unchanged": 0, "totals": {"EUR": "1250.00"}, "dry_run": False,
    }  # fmt: skip
    assert send(api).json()["unchanged"] == 1
    assert api.get("/api/v1/costs/").json()["results"][0]["reference"] == "4711/1"


def test_a_dry_run_stores_nothing(api):
    assert send(api, address=f"{ADDRESS}?dry_run=true").json()["dry_run"] is True
    assert not CostEntry.objects.exists()


def test_a_row_that_cannot_be_taken_is_named_by_its_number(api):
    response = send(api, TABLE + "4711/2,x,much,2026-03-02\n")
    assert (response.status_code, response["Content-Type"]) == (422, "application/problem+json")
    assert json.loads(response.content)["errors"][0] | {"detail": ""} == {
        "code": "invalid_amount", "detail": "", "attr": "rows.3",
    }  # fmt: skip
    assert not CostEntry.objects.exists()


def test_who_may_not_change_costs_imports_none_and_nobody_imports_into_what_he_does_not_see(client_with):
    assert send(client_with("read")).status_code == 403
    blind = client_with("manage", initiatives=[InitiativeFactory()])
    assert send(blind).status_code == 404
    assert send(client_with("manage"), address="/api/v1/initiatives/nowhere/bills/").status_code == 404


def test_another_form_and_another_parameter_are_refused(api):
    assert send(api, content_type="application/json").status_code == 415
    assert send(api, address=f"{ADDRESS}?dryrun=true").status_code == 400


def test_a_file_that_is_too_large_is_refused_as_a_whole(api):
    line = "r,name,1.00,2026-03-02\n"
    assert send(api, TABLE + line * (11 * 1024 * 1024 // len(line))).status_code == 413
