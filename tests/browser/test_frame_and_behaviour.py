"""What every page does in a real browser, shown on the gallery: figures, drawer, live changes, themes, keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DRAWN, END_OF_THE_ACTS, broken_rules
from tests.gallery.draw import write
from tests.gallery.server import Gallery, serving

PAGES = ["portfolio.en", "initiative.en", "kpi.en", "proof.en", "sign-in.en", "404.en"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pages = tmp_path_factory.mktemp("gallery")
    write(pages)
    return pages


@pytest.fixture
def gallery(folder: Path) -> Iterator[Gallery]:
    with serving(folder) as running:
        yield running


def go(page: Page, gallery: Gallery, name: str) -> None:
    page.goto(f"{gallery.url}/{name}.html")


@pytest.mark.parametrize("name", ["portfolio.en", "kpi.en"])
def test_plotly_takes_the_place_of_the_still_picture_without_moving_anything(page, gallery, name):
    go(page, gallery, name)
    before = page.locator("figure.chart-frame").bounding_box()
    page.wait_for_selector(DRAWN)
    assert page.locator("figure.chart-frame").bounding_box() == before
    assert page.locator("figure .main-svg").count() > 0
    assert not page.locator("figure .still.on-desk").is_visible()


def test_nothing_breaks_the_content_policy_and_no_script_complains(page, gallery):
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for name in ("portfolio.en", "kpi.en"):
        go(page, gallery, name)
        page.wait_for_selector(DRAWN)
    assert complaints == []


def test_the_chart_library_comes_after_the_first_paint_and_only_where_there_is_a_chart(page, gallery):
    go(page, gallery, "sign-in.en")
    page.wait_for_load_state("networkidle")
    assert "/static/vendor/plotly-finance.min.js" not in gallery.asked
    assert "vendor" not in page.content().split("</head>")[0]


def test_without_scripts_every_figure_is_still_there(browser, gallery):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    go(page, gallery, "portfolio.en")
    assert page.locator("figure .still.on-desk svg").is_visible()
    assert page.get_by_role("link", name="100,709.11").count() == 1
    context.close()


STROKES = "[...document.querySelectorAll('figure .js-line')].map(line => getComputedStyle(line).stroke)"
LIGHT_BLUE, DARK_BLUE = "rgb(29, 78, 137)", "rgb(125, 180, 240)"


def test_a_chart_changes_its_colours_with_the_theme(page, gallery):
    go(page, gallery, "portfolio.en")
    page.wait_for_selector(DRAWN)
    assert LIGHT_BLUE in page.evaluate(STROKES)
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.wait_for_function(f"{STROKES}.includes('{DARK_BLUE}')")
    assert LIGHT_BLUE not in page.evaluate(STROKES)
    assert any(cookie["name"] == "theme" and cookie["value"] == "dark" for cookie in page.context.cookies())


def test_the_proof_opens_in_a_drawer_with_an_address_and_gives_the_focus_back(page, gallery):
    go(page, gallery, "portfolio.en")
    figure = page.get_by_role("link", name="100,709.11")
    figure.focus()
    page.keyboard.press("Enter")
    drawer = page.locator("dialog.drawer")
    expect(drawer.get_by_role("heading", name="How was this computed?", level=2)).to_be_focused()
    assert "drawer=%2Fproof.html" in page.url
    page.keyboard.press("Escape")
    expect(drawer).not_to_be_visible()
    expect(figure).to_be_focused()
    assert "drawer" not in page.url


def test_back_closes_the_drawer_step_by_step_and_close_leaves_it_at_once(page, gallery):
    go(page, gallery, "portfolio.en")
    drawer = page.locator("dialog.drawer")
    page.get_by_role("link", name="100,709.11").click()
    drawer.get_by_role("link", name="Support triage").click()
    page.go_back()
    expect(drawer).to_be_visible()
    page.go_back()
    expect(drawer).not_to_be_visible()
    page.get_by_role("link", name="100,709.11").click()
    drawer.get_by_role("link", name="Support triage").click()
    drawer.get_by_role("button", name="Close").click()
    expect(drawer).not_to_be_visible()
    assert "drawer" not in page.url


def test_an_address_with_an_open_drawer_can_be_sent_on(page, gallery):
    page.goto(f"{gallery.url}/portfolio.en.html?drawer=/proof.html")
    expect(page.locator("dialog.drawer").get_by_text("14,524.3 h")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.drawer")).not_to_be_visible()


@pytest.mark.parametrize(
    "address", ["https://example.org/x", "//example.org/x", "javascript:alert(1)", "/\\example.org"]
)
def test_a_drawer_never_shows_another_site(page, gallery, address):
    page.goto(f"{gallery.url}/portfolio.en.html?drawer={address}")
    page.wait_for_timeout(300)
    assert not page.locator("dialog.drawer").is_visible()


def test_a_proof_that_cannot_be_loaded_says_so_and_offers_the_page(page, gallery):
    page.goto(f"{gallery.url}/portfolio.en.html?drawer=/missing")
    expect(page.locator("dialog.drawer .notice")).to_contain_text("could not be loaded")
    expect(page.locator("dialog.drawer .notice a")).to_have_attribute("href", "/missing")


FRESH = (
    '<section id="account"><table class="plain"><caption class="unseen">Account</caption><tr><th scope="row">Net</th>'
    '<td class="figure"><a class="opens" href="/proof.html" data-drawer>101</a></td></tr>'
    '<tr><th scope="row">Invested</th><td class="figure">50</td></tr></table></section>'
)


@pytest.fixture
def live(page: Page, gallery: Gallery) -> Page:
    go(page, gallery, "live.en")
    for _ in range(100):
        if gallery.streams:
            break
        page.wait_for_timeout(50)
    assert gallery.streams, "the page did not open the event stream"
    return page


def test_a_change_appears_in_place_within_a_second_and_says_when(live, gallery):
    gallery.fragment = FRESH
    gallery.tell("roi", "support-triage")
    expect(live.locator("#account .opens")).to_have_text("101", timeout=1_000)
    expect(live.locator("[data-changed-at]")).to_contain_text("changed at")
    assert live.locator("#account .fresh").count() >= 1
    assert "/never" not in gallery.asked


def test_a_change_does_not_take_the_focus_away(live, gallery):
    live.locator("#account a").focus()
    gallery.fragment = FRESH
    gallery.tell("roi", "portfolio")
    expect(live.locator("#account .opens")).to_have_text("101")
    expect(live.locator("#account a")).to_be_focused()


def test_a_change_of_something_else_fetches_nothing(live, gallery):
    gallery.tell("roi", "another")
    gallery.tell("interval", "support-triage")
    live.wait_for_timeout(500)
    assert "/fragment" not in gallery.asked


def test_many_changes_at_once_are_one_fetch(live, gallery):
    gallery.fragment = FRESH
    for _ in range(20):
        gallery.tell("roi", "portfolio")
    expect(live.locator("#account .opens")).to_have_text("101")
    live.wait_for_timeout(400)
    assert gallery.asked["/fragment"] <= 2


def test_two_pages_of_one_browser_share_one_stream(live, gallery):
    second = live.context.new_page()
    go(second, gallery, "live.en")
    second.wait_for_load_state("networkidle")
    gallery.fragment = FRESH
    gallery.tell("roi", "portfolio")
    expect(live.locator("#account .opens")).to_have_text("101")
    expect(second.locator("#account .opens")).to_have_text("101")
    assert gallery.asked["/events/"] == 1


def test_a_lost_connection_says_since_when_and_catches_up(live, gallery):
    gallery.break_connection()
    notice = live.locator(".connection")
    expect(notice).to_be_visible()
    expect(notice).to_contain_text("Not connected since")
    gallery.fragment = FRESH
    gallery.open = True
    expect(live.locator("#account .opens")).to_have_text("101")
    expect(notice).not_to_be_visible()


def test_a_table_sorts_numbers_as_numbers_and_what_is_missing_last(page, gallery):
    go(page, gallery, "live.en")
    names = lambda: page.locator("#sorted tbody td:first-child").all_inner_texts()  # noqa: E731
    button = page.locator("#sorted").get_by_role("button", name="Value")
    button.click()
    assert names() == ["c", "b", "a"]
    button.click()
    assert names() == ["b", "c", "a"]
    assert page.locator("#sorted th").nth(1).get_attribute("aria-sort") == "descending"


def test_the_keyboard_opens_the_help_and_never_while_somebody_types(page, gallery):
    go(page, gallery, "sign-in.en")
    page.locator("#id_username").press("?")
    assert not page.locator("dialog.help").is_visible()
    page.locator("main").focus()
    page.keyboard.press("?")
    expect(page.locator("dialog.help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.help")).not_to_be_visible()


def test_the_portfolio_is_one_screen(page, gallery):
    go(page, gallery, "portfolio.en")
    size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size == [1440, 900]


def test_in_german_which_is_longer_the_three_acts_are_on_the_first_screen(page, gallery):
    go(page, gallery, "portfolio.de")
    assert page.evaluate(END_OF_THE_ACTS) <= 900
    assert page.evaluate("document.documentElement.scrollWidth") == 1440


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways_on_a_phone(page, gallery, name):
    page.set_viewport_size({"width": 360, "height": 740})
    go(page, gallery, name)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_breaks_a_rule_of_accessibility(browser, gallery, name, theme):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=theme)
    page = context.new_page()
    go(page, gallery, name)
    if page.locator("figure.chart-frame").count():
        page.wait_for_selector(DRAWN)
    found = broken_rules(page)
    context.close()
    assert found == []
