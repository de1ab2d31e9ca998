"""Chromium for every test here, and the rules of accessibility that each page is held to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

FIFTEEN_SECONDS = 15_000  # Plotly is a megabyte, and the machine may be busy
DRAWN = "figure.chart-frame.is-drawn"
END_OF_THE_ACTS = (
    "Math.max(...[...document.querySelectorAll('section.act')].map(act => act.getBoundingClientRect().bottom))"
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=str(chromium), args=["--no-sandbox", "--disable-background-networking"]
        )
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    context.set_default_timeout(FIFTEEN_SECONDS)
    yield context.new_page()
    context.close()


def broken_rules(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds on the page as it stands: each rule with the elements that break it."""
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [(violation["id"], [node["html"][:120] for node in violation["nodes"]]) for violation in found]
