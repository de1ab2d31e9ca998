"""The sender's page on a real portal: in every theme, width and language, and its one button."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ARTEFACTS, EVERY_EYE, broken_rules
from tests.portal import Portal, start_portal


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """With a token that has sent good points, bad points and a table that cannot be read, and one that sent nothing."""
    for portal in start_portal(tmp_path_factory.mktemp("senders"), number=11):
        send(portal, make_token(portal, "Claims robot"))
        make_token(portal, "Silent system")
        yield portal


def make_token(portal: Portal, name: str) -> str:
    with portal.api() as api:
        made = api.post("tokens/", json={"name": name, "scopes": ["ingest"], "points_a_minute": 60_000})
        assert made.status_code == 201, made.text
        return made.json()["token"]


def send(portal: Portal, token: str) -> None:
    now = datetime.now(UTC)
    rows = ["kpi,at,value,id"]
    for n in range(400):
        rows.append(f"support-triage.tickets,{(now - timedelta(minutes=n)).isoformat()},{n},e{n}")
    rows += [f"support-triage.made-later,{now.isoformat()},{n},e{n}" for n in range(60)]
    rows += [f'support-triage.tickets,{now.isoformat()},"1,5",bad{n}' for n in range(5)]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
    address = f"{portal.url}/api/v1/measurements/"
    assert httpx.post(address, content="\n".join(rows), headers=headers).status_code == 207
    assert httpx.post(address, content="kpi;at;value\na;b;c", headers=headers).status_code == 400


def address_of(looking: Page, portal: Portal, name: str) -> str:
    looking.goto(f"{portal.url}/sources/")
    return portal.url + str(looking.get_by_role("link", name=name, exact=True).get_attribute("href"))


@pytest.mark.parametrize("eye", EVERY_EYE, indirect=True)
def test_its_pages_have_their_pictures_and_hold_in_every_theme_width_and_language(looking, portal, eye):
    """The pictures are for people: artefacts/NAME-WIDTH-THEME.png."""
    ARTEFACTS.mkdir(exist_ok=True)
    for name, path in [
        ("sender", address_of(looking, portal, "Claims robot")),
        ("sender-silent", address_of(looking, portal, "Silent system")),
        ("sources-with-tokens", f"{portal.url}/sources/"),
    ]:
        looking.goto(path)
        looking.screenshot(path=ARTEFACTS / f"{name}-{eye.width}-{eye.theme}.png", full_page=True)
        assert looking.evaluate("document.documentElement.scrollWidth") == eye.width, name
        assert broken_rules(looking) == [], name


def test_rejected_points_are_stored_by_one_click_once_their_kpi_is_there(looking, portal):
    looking.goto(address_of(looking, portal, "Claims robot"))
    expect(looking.locator(".answer")).to_contain_text("65 of them were rejected")
    with portal.api() as api:
        kpi = api.get("kpis/support-triage.tickets/").json()
        like = ("initiative", "category", "unit", "direction", "aggregation")
        made = api.post("kpis/", json={"slug": "made-later", "name": "Made later"} | {name: kpi[name] for name in like})
        assert made.status_code == 201, made.text
    looking.get_by_role("button", name="Send again").click()
    expect(looking.locator("body")).to_contain_text("60 points were sent again and are stored. 5 stay in the list.")
    with portal.api() as api:
        assert len(api.get("kpis/support-triage.made-later/measurements/").json()["results"]) == 60
