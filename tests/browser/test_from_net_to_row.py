"""From the net on the portfolio down to the measurement, on a real portal: live, in three clicks, for every eye."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DRAWN
from tests.portal import Portal, start_portal

KPI = "support-triage.handling-time"
NET = "#portfolio-statement tr.net a.opens"

# Each text that the net takes, with the moment at which it stood on the page.
WATCH = """
window.net = () => document.querySelector('#portfolio-statement tr.net a.opens').textContent;
window.seen = [];
window.standing = window.net();
new MutationObserver(() => {
    if (window.net() === window.standing) return;
    window.standing = window.net();
    window.seen.push([Date.now() / 1000, window.standing]);
}).observe(document.body, { subtree: true, childList: true, characterData: true });
"""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """With the sample, and of its own: what is posted here would change the figures of other tests."""
    yield from start_portal(tmp_path_factory.mktemp("net-to-row"), number=8)


@pytest.fixture
def signed_in(page: Page, portal: Portal) -> Page:
    sign_in(page, portal)
    return page


def sign_in(page: Page, portal: Portal) -> None:
    page.goto(f"{portal.url}/sign-in/")
    page.locator("#id_username").fill(portal.sign_in)
    page.locator("#id_password").fill(portal.password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{portal.url}/")


# -- a change is seen -----------------------------------------------------------------------------------------------


def test_a_corrected_measurement_is_in_the_net_on_an_open_portfolio_within_a_second(signed_in, portal):
    signed_in.wait_for_selector(DRAWN)
    wait_for_the_stream(portal)
    signed_in.evaluate(WATCH)
    waited = []
    for row in rows_of_a_booked_day(portal)[:3]:
        signed_in.evaluate("window.seen = []")
        answered_at = correct_with_curl(portal, row)
        shown_at, text = first_change(signed_in)
        assert text == net_by_the_api(portal), "what is shown is the new figure, not one on its way"
        waited.append(shown_at - answered_at)
        signed_in.wait_for_timeout(1500)
    print("seconds from curl's end to the changed net:", ", ".join(f"{seconds:.2f}" for seconds in waited))
    assert signed_in.evaluate("window.seen") is not None, "the page was not loaded anew"
    expect(signed_in.locator(f"td.fresh:has({NET.split()[-1]})").first).to_be_visible()
    expect(signed_in.locator("[data-changed-at]")).to_contain_text("changed at")
    assert min(waited) <= 1, waited


def wait_for_the_stream(portal: Portal) -> None:
    """Until the web server counts the page's event stream: an event before that would only be caught up with."""
    for _ in range(150):
        text = httpx.get(f"{portal.url}/metrics", timeout=30).text
        if sum(float(x.split()[-1]) for x in text.splitlines() if x.startswith("roi_event_streams")) >= 1:
            return
        time.sleep(0.1)
    raise AssertionError("the page did not open the event stream")


def rows_of_a_booked_day(portal: Portal) -> list[dict[str, Any]]:
    """The assisted team's measurements of the newest day that is booked for good."""
    query = """
        select interval_start, interval_end from kpis_ledgerentry e join kpis_kpi k on k.id = e.kpi_id
         where k.key = %s and not e.provisional order by interval_start desc limit 1
    """
    ((start, end),) = portal.rows(query, KPI)
    asked = {"from": start.isoformat(), "to": end.isoformat(), "label.team": "assistant", "page_size": "500"}
    with portal.api() as api:
        found = api.get(f"kpis/{KPI}/measurements/", params=asked).raise_for_status().json()["results"]
    assert end - start == timedelta(days=1)
    assert len(found) > 3
    return found


def correct_with_curl(portal: Portal, row: dict[str, Any]) -> float:
    """Send the same identity with a minute more. Answers when curl had ended."""
    identity = {name: row[name] for name in ("at", "weight", "id", "labels")}
    body = {"measurements": [{"kpi": KPI, "value": round(row["value"] + 1, 3), **identity}]}
    command = [
        "curl", "--silent", "--show-error", "--fail", f"{portal.url}/api/v1/measurements/",
        "--header", f"Authorization: Bearer {portal.token}", "--header", "Content-Type: application/json",
        "--data", json.dumps(body),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    ended_at = time.time()
    assert json.loads(done.stdout)["replaced"] == 1
    return ended_at


def first_change(page: Page) -> tuple[float, str]:
    """When the net first differed, and what it then was. Twenty seconds: a slow change is told, not timed out."""
    for _ in range(400):
        if seen := page.evaluate("window.seen"):
            return tuple(seen[0])
        page.wait_for_timeout(50)
    raise AssertionError("the net did not change within 20 seconds")


def net_by_the_api(portal: Portal) -> str:
    """The portfolio's net as the page spells it: 148,746.57."""
    with portal.api() as api:
        net = api.get("portfolio/").raise_for_status().json()["totals"]["net"]
    return f"{Decimal(net):,.2f}"
