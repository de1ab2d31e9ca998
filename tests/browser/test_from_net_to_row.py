"""From the net on the portfolio down to the measurement, on a real portal: live, in three clicks, for every eye."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from kpis.ledger.costs import months_later
from tests.browser.conftest import (
    ARTEFACTS,
    DRAWN,
    END_OF_THE_ACTS,
    EVERY_SCREEN,
    SIZES,
    Eye,
    broken_rules,
    sign_in,
)
from tests.portal import Portal, start_portal

KPI = "support-triage.handling-time"
BERLIN = ZoneInfo("Europe/Berlin")
NET = "#portfolio-statement tr.net a.opens"

# What a browser reports about the content policy, also where the console stays silent.
TELL_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', (event) => {
    console.error(`content policy: ${event.violatedDirective} ${event.blockedURI}`);
});
"""

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


# -- from the net to the rows ----------------------------------------------------------------------------------------


def test_three_clicks_lead_from_the_net_to_the_measurements_and_every_step_adds_up(page, portal):
    complaints = complaints_of(page)
    sign_in(page, portal)
    page.wait_for_selector(DRAWN)
    net = money(page.locator(NET))

    page.locator(NET).click()  # one
    drawer = page.locator("dialog.drawer")
    expect(drawer.get_by_role("heading", name="What came back")).to_be_visible()
    drivers = money_of_all(drawer.locator("table:has(caption:text('Benefit by value driver')) tbody td:last-child"))
    costs = money_of_all(drawer.locator("details.cost-lines summary .figure"))
    assert money(drawer.locator(".amount b")) == net
    assert sum(drivers) - sum(costs) == net
    for category in drawer.locator("details.cost-lines").all():
        lines = money_of_all(category.locator("tbody td.figure"))
        assert sum(lines) == money(category.locator("summary .figure"))

    line = drawer.locator("tr", has=drawer.page.get_by_role("link", name="Handling time saved"))
    said, count = money(line.locator("td").last), int(line.locator("td").nth(2).inner_text())
    line.locator("a.opens").click()  # two
    expect(drawer.get_by_role("heading", name="Newest entries")).to_be_visible()
    entries = entries_of_the_driver(portal, "Handling time saved")
    assert money(drawer.locator(".amount b")) == said
    assert sum(Decimal(entry["amount"]) for entry in entries) == said
    assert len(entries) == count

    drawer.locator("a[href^='/how/entries/']", has_text=day_of(newest_settled(entries))).click()  # three
    expect(drawer.get_by_role("heading", name="Newest entries")).to_have_count(0)
    entry = newest_settled(entries)
    assert money(drawer.locator(".amount b")) == Decimal(entry["amount"])
    values, weights = rows_shown(drawer)
    assert len(values) == entry["measurements"]["count"]
    assert amount_from(values, weights, entry, tickets_on_that_day(portal, entry)) == Decimal(entry["amount"])
    expect(drawer.get_by_text("That is the actual value above.")).to_be_visible()
    assert complaints == []


def complaints_of(page: Page) -> list[str]:
    """A list that grows with whatever scripts, the console and the content policy complain about."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"{request.url}: {request.failure}"))
    page.add_init_script(TELL_VIOLATIONS)
    return complaints


def money(place: Locator) -> Decimal:
    """The amount that a place shows: `−€47,990.35` is −47990.35."""
    return Decimal(place.text_content().strip().replace("−", "-").replace("€", "").replace(",", ""))


def money_of_all(places: Locator) -> list[Decimal]:
    return [money(place) for place in places.all()]


def entries_of_the_driver(portal: Portal, name: str) -> list[dict[str, Any]]:
    """All of the driver's entries as the API lists them, oldest first."""
    found: list[dict[str, Any]] = []
    following: str | None = "initiatives/support-triage/ledger/?page_size=100"
    with portal.api() as api:
        while following:
            answer = api.get(following).raise_for_status().json()
            found += [entry for entry in answer["results"] if entry["driver"]["name"] == name]
            following = answer["next"]
    return found


def newest_settled(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The example that a sceptic would take: recent, and no late data can change it."""
    return [entry for entry in entries if not entry["provisional"]][-1]


def day_of(entry: dict[str, Any]) -> str:
    """As the link to the entry has it: `25 Nov 2026`."""
    start = datetime.fromisoformat(entry["interval"]["start"]).astimezone(BERLIN)
    return f"{start.day} {start:%b %Y}"


def rows_shown(drawer: Locator) -> tuple[list[Decimal], list[Decimal]]:
    """Value and weight of each measurement in the table behind the entry."""
    rows = drawer.locator("table:has(caption:text('Measurements')) tbody tr")
    return money_of_all(rows.locator("td:nth-child(3)")), money_of_all(rows.locator("td:nth-child(4)"))


def tickets_on_that_day(portal: Portal, entry: dict[str, Any]) -> Decimal:
    """The volume, added up from the measurements of the other KPI."""
    asked = {"from": entry["interval"]["start"], "to": entry["interval"]["end"], "page_size": "500"}
    with portal.api() as api:
        answer = api.get("kpis/support-triage.tickets/measurements/", params=asked).raise_for_status()
    return sum((Decimal(str(row["value"])) for row in answer.json()["results"]), Decimal(0))


def amount_from(values: list[Decimal], weights: list[Decimal], entry: dict[str, Any], tickets: Decimal) -> Decimal:
    """(without AI − the rows' weighted mean) · tickets, in hours, at the service hour, realised and attributed."""
    actual = sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)
    saved_hours = (Decimal(str(entry["counterfactual"])) - actual) * tickets / 60
    priced = saved_hours * Decimal(entry["unit_value"])
    for share in ("realisation", "attribution"):
        priced *= Decimal(str(entry[share]))
    return priced.quantize(Decimal("0.01"))


# -- how it looks ----------------------------------------------------------------------------------------------------

PAGES = {
    "portfolio": "/",
    "initiative": "/initiatives/support-triage/",
    "kpi": f"/kpis/{KPI}/",
    "rows": f"/kpis/{KPI}/rows/",
    "ledger": "/initiatives/support-triage/ledger/",
    "sources": "/sources/",
    "benchmarks": "/benchmarks/",
    "digests": "/digests/",
    "methods": "/methods/",
    "periods": "/periods/",
    "pools": "/pools/",
    "pool": "/pools/1/",  # the first that the sample states
    "assumptions": "/assumptions/",
    "exchange rates": "/exchange-rates/",
    "bills": "/initiatives/support-triage/bills/",
    "proof": "/initiatives/support-triage/proof/",
    "snapshots": "/snapshots/",
    "snapshot form": "/snapshots/new/",
    "own figure": "/benchmarks/new/",
    "plan": "/initiatives/support-triage/plan/",
    "plan-form": "/initiatives/support-triage/plan/new/",
    "scale": "/initiatives/support-triage/scale/?users_now=70&users_at_scale=400&months_to_scale=9&months=24&kept=70",
    "period": f"/periods/sample-{months_later(datetime.now(UTC).date(), -2):%Y-%m}/",  # closed whatever the day
    "drawer": "/?drawer=/how/portfolio/net/",
}

# Words of page and drawer that stand outside the width of the screen, also those that a frame of their own scrolls to.
CLIPPED = """
[...document.querySelectorAll('main *, dialog[open] *')]
    .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
    .filter((element) => !element.closest('.unseen, .on-desk, .on-phone, .plot, details:not([open]) > :not(summary)'))
    .filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width && (box.right > innerWidth + 1 || box.left < -1);
    })
    .map((element) => element.textContent.trim().slice(0, 60))
"""


def look_at(page: Page, portal: Portal, name: str) -> None:
    """Open a page and wait until nothing on it changes any more."""
    page.goto(portal.url + PAGES[name])
    if page.locator("figure.chart-frame").count():
        page.wait_for_selector(DRAWN)
    if name == "drawer":
        page.wait_for_selector("dialog.drawer[open] .proof")


@pytest.mark.parametrize("eye", EVERY_SCREEN, indirect=True)
def test_every_page_has_its_picture_and_nothing_in_it_is_cut_off(looking, portal, eye):
    """The pictures are for people: artefacts/NAME-WIDTH-THEME.png."""
    ARTEFACTS.mkdir(exist_ok=True)
    cut_off = {}
    for name in PAGES:
        look_at(looking, portal, name)
        looking.screenshot(path=ARTEFACTS / f"{name}-{eye.width}-{eye.theme}.png", full_page=name != "drawer")
        if found := looking.evaluate(CLIPPED):
            cut_off[name] = found
        assert looking.evaluate("document.documentElement.scrollWidth") == eye.width, name
    assert cut_off == {}


@pytest.mark.parametrize("eye", EVERY_SCREEN, indirect=True)
def test_the_sign_in_has_its_picture_too(browser, portal, eye):
    ARTEFACTS.mkdir(exist_ok=True)
    context = browser.new_context(viewport={"width": eye.width, "height": SIZES[eye.width]}, color_scheme=eye.theme)
    page = context.new_page()
    page.goto(f"{portal.url}/sign-in/")
    expect(page.locator("#id_username")).to_be_visible()
    page.screenshot(path=ARTEFACTS / f"sign-in-{eye.width}-{eye.theme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") == eye.width
    context.close()


@pytest.mark.parametrize("eye", [Eye(language="en"), Eye(language="de")], indirect=True)
def test_the_three_acts_of_the_portfolio_are_on_the_first_screen(looking, portal, eye):
    look_at(looking, portal, "portfolio")
    assert looking.locator("html").get_attribute("lang") == eye.language
    assert looking.evaluate(END_OF_THE_ACTS) <= 900


@pytest.mark.parametrize("name", ["portfolio", "initiative", "kpi", "ledger", "plan", "plan-form", "scale"])
@pytest.mark.parametrize("eye", EVERY_SCREEN, indirect=True)
def test_no_page_of_the_way_breaks_a_rule_of_accessibility(looking, portal, name):
    look_at(looking, portal, name)
    assert broken_rules(looking) == []
