"""The register of assumptions as pages without scripts, and changing one with a look at its effect first."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape

import pytest

from kpis.access.models import User
from kpis.ledger.models import Assumption
from tests.db.dashboards.conftest import client_of
from tests.db.ledger.conftest import arrive, books, closed, stand_at
from tests.factories import (
    AssumptionFactory,
    ControllerFactory,
    InitiativeFactory,
    KpiFactory,
    UserFactory,
    ValueDriverFactory,
)

__all__ = ["arrive", "books", "closed", "stand_at"]

LATER = datetime(2026, 4, 10, 9, tzinfo=UTC)


def plain(response, status=200):
    assert response.status_code == status
    text = unescape(response.content.decode()).replace("\xa0", " ")
    return re.sub(r'<span class="cents">([^<]*)</span>', r"\1", text)


def page_of(books):
    return f"/assumptions/{books.driver.unit_value_id}/"


def change(books, **more):
    given = {
        "low": "90",
        "likely": "90",
        "high": "90",
        "reason": "It was 90 all along",
        "owner": "Carla",
        "source": "2026",
    }
    return given | more


def test_without_drivers_the_page_says_what_will_stand_there():
    seen = plain(client_of(UserFactory()).get("/assumptions/"))
    assert "No value driver rests on an assumption yet." in seen and "<table" not in seen


def test_each_assumption_stands_once_with_what_rests_on_it_what_it_moves_and_where_it_breaks_even(closed):
    hour = Assumption.objects.filter(pk=closed.driver.unit_value_id)
    hour.update(low=50, high=80, valid_to=date(2026, 5, 11), review_on=date(2026, 4, 1))
    seen = plain(client_of(UserFactory()).get("/assumptions/"))
    # 4 hours that become real at 60 are 240.00, at 50 to 80 they are 200.00 to 320.00; 100.00 were invested: 25 an hour
    assert "240.00" in seen and ">120<" in seen and "€25.00" in seen
    assert "expires in 31 days" in seen and "review due" in seen
    assert seen.count(f'href="{page_of(closed)}"') == 1


def test_missing_owner_and_source_and_what_has_run_out_are_said(closed):
    Assumption.objects.filter(pk=closed.driver.unit_value_id).update(owner="", source="", valid_to=date(2026, 4, 9))
    seen = plain(client_of(UserFactory()).get("/assumptions/"))
    assert "One has run out and is counted on with its last value. One has no owner or no source." in seen
    assert "assumption expired" in seen and "no owner" in seen and "no source" in seen


def test_a_register_of_one_initiative_holds_its_assumptions_only(closed):
    ValueDriverFactory(
        kpi=KpiFactory(initiative=InitiativeFactory(slug="other")), unit_value=AssumptionFactory(name="Else")
    )
    client = client_of(UserFactory())
    assert "Else" in plain(client.get("/assumptions/"))
    assert "Else" not in plain(client.get("/assumptions/?initiative=support"))
    assert client.get("/assumptions/?initiative=nothing").status_code == 404


def test_who_sees_a_part_sees_its_assumptions_and_what_rests_on_them_there(closed):
    hidden = InitiativeFactory(slug="hidden", name="Hidden one")
    ValueDriverFactory(kpi=KpiFactory(initiative=hidden), name="Hidden driver", unit_value=closed.driver.unit_value)
    alone = ValueDriverFactory(kpi=KpiFactory(initiative=hidden)).unit_value
    client = client_of(ControllerFactory(initiatives=[closed.initiative]))
    seen = plain(client.get(page_of(closed)))
    assert "Hidden" not in seen and "It serves initiatives besides that you do not see" in seen
    assert client.get(f"/assumptions/{alone.pk}/").status_code == 404
    refused = plain(client.post(f"{page_of(closed)}change/", change(closed)))
    assert "somebody who sees them changes it" in refused and "Save this change" not in refused


def test_the_first_press_shows_what_would_happen_and_the_second_does_it(closed):
    client, address = client_of(closed.controller), f"{page_of(closed)}change/"
    assert 'value="60"' in plain(client.get(address))

    shown = plain(client.post(address, change(closed, look="1")))

    assert "2 open intervals would change." in shown
    assert "Closed months stay as they are; 2 adjustments would be booked for them." in shown
    assert "March 2026" in shown and "+60.00" in shown
    assert "€140.00" in shown and "€260.00" in shown  # net: 240.00 − 100.00, and half as much again
    assert closed.amounts() == [Decimal("60.00")] * 4

    stamp = re.search(r'name="stamp" value="(\w+)"', shown)[1]
    response = client.post(address, change(closed, save="1", stamp=stamp), follow=True)
    told = plain(response)
    assert "It is changed." in told and "It was 90 all along" in told and closed.controller.username in told
    closed.bring_up_to_date(at=LATER)
    assert sum(closed.amounts()) == Decimal("360.00")


def test_what_was_not_looked_at_is_not_saved(closed):
    client, address = client_of(closed.controller), f"{page_of(closed)}change/"
    shown = plain(client.post(address, change(closed, look="1")))
    stamp = re.search(r'name="stamp" value="(\w+)"', shown)[1]

    without = plain(client.post(address, change(closed, save="1")))
    other = plain(client.post(address, change(closed, high="95", save="1", stamp=stamp)))

    assert "Save this change" in without
    assert "Something has changed since this was shown." in other and "Save this change" in other
    assert Assumption.objects.get(pk=closed.driver.unit_value_id).version == 1


def test_what_is_wrong_stands_beside_its_field(closed):
    client, address = client_of(closed.controller), f"{page_of(closed)}change/"
    seen = plain(client.post(address, change(closed, high="50")))
    assert "Low, likely and high must be in this order." in seen
    seen = plain(client.post(address, change(closed, valid_from="2026-03-31")))
    assert "A new value counts from 1 Apr 2026 at the earliest" in seen
    assert "Save this change" not in seen


@pytest.mark.parametrize("role", [User.Role.VIEWER, User.Role.ENGINEER])
def test_who_may_not_change_reads(closed, role):
    client = client_of(UserFactory(role=role))
    assert f"{page_of(closed)}change/" not in plain(client.get(page_of(closed)))
    assert client.get(f"{page_of(closed)}change/").status_code == 403
    assert client.post(f"{page_of(closed)}change/", change(closed)).status_code == 403


def test_the_register_is_there_in_german(closed):
    seen = plain(client_of(UserFactory(), "de").get("/assumptions/"))
    assert "Der Nutzen beruht auf 3 Annahmen." in seen and "Nullpunkt" in seen and "25,00 €" in seen
    shown = plain(client_of(closed.controller, "de").post(f"{page_of(closed)}change/", change(closed, look="1")))
    assert "für sie würden 2 Korrekturen gebucht" in shown


def test_an_entry_whose_assumption_had_run_out_says_so_wherever_it_is_shown_and_goes_on_counting(closed):
    Assumption.objects.filter(pk=closed.driver.unit_value_id).update(valid_to=date(2026, 4, 1))
    client, last = client_of(closed.controller), closed.rows()[-1]
    assert plain(client.get("/initiatives/support/ledger/")).count("assumption expired") == 1
    assert "Its last value still counts." in plain(client.get(f"/how/entries/{last.pk}/"))
    assert "assumption expired" in plain(client.get(f"/how/drivers/{closed.driver.pk}/"))
    found = client.get("/api/v1/initiatives/support/ledger/").json()["results"]
    assert [row["expired_assumptions"] for row in found] == [[], [], [], ["Service hour"]]
    closed.measure(34, 16)
    closed.bring_up_to_date(at=LATER)
    assert closed.amounts()[-1] == Decimal("60.00")


def test_the_proof_of_a_driver_shows_what_each_value_has_priced(closed):
    client, address = client_of(closed.controller), f"{page_of(closed)}change/"
    given = change(closed, low="75", likely="75", high="75", valid_from="2026-04-02")
    stamp = re.search(r'name="stamp" value="(\w+)"', plain(client.post(address, given | {"look": "1"})))[1]
    client.post(address, given | {"save": "1", "stamp": stamp})
    closed.bring_up_to_date(at=LATER)
    seen = plain(client.get(f"/how/drivers/{closed.driver.pk}/"))
    assert "from 2 Apr 2026" in seen and "€60.00" in seen and "€75.00" in seen
    assert "Together €255.00: 4 entries, each rounded." in seen
    assert f'href="{page_of(closed)}"' in seen
    assert "/assumptions/?initiative=support" in plain(client.get("/initiatives/support/"))
