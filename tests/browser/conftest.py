"""Chromium for every test here, who looks at a page and how, and the rules of accessibility that each is held to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from roi_portal.embedded import ROOT
from tests.portal import Portal

FIFTEEN_SECONDS = 15_000  # Plotly is a megabyte, and the machine may be busy
DRAWN = "figure.chart-frame.is-drawn"
END_OF_THE_ACTS = (
    "Math.max(...[...document.querySelectorAll('section.act')].map(act => act.getBoundingClientRect().bottom))"
)
ARTEFACTS = ROOT / "artefacts"
SIZES = {1440: 900, 360: 740}  # a desk, and the narrowest phone that is promised
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Eye(NamedTuple):
    """Who looks: on how wide a screen, in which theme, reading which language."""

    width: int = 1440
    theme: str = "light"
    language: str = "en"


EVERY_EYE = [Eye(1440), Eye(360, "light", "de"), Eye(1440, "dark", "de"), Eye(360, "dark")]
EVERY_SCREEN = [Eye(width, theme) for theme in ("light", "dark") for width in SIZES]


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


def sign_in(page: Page, portal: Portal) -> None:
    page.goto(f"{portal.url}/sign-in/")
    page.locator("#id_username").fill(portal.sign_in)
    page.locator("#id_password").fill(portal.password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{portal.url}/")


@pytest.fixture(scope="module")
def session(browser: Browser, portal: Portal) -> Any:
    """Cookies of somebody who is signed in; `portal` is the module's own."""
    context = browser.new_context()
    sign_in(context.new_page(), portal)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def eye(request: pytest.FixtureRequest) -> Eye:
    """At a desk, unless `@pytest.mark.parametrize("eye", …, indirect=True)` says otherwise."""
    return Eye(*getattr(request, "param", ()))


@pytest.fixture
def looking(browser: Browser, session: Any, eye: Eye) -> Iterator[Page]:
    """A signed-in page as the eye sees it."""
    context = browser.new_context(
        viewport={"width": eye.width, "height": SIZES[eye.width]},
        color_scheme=eye.theme,
        storage_state=session,
        extra_http_headers={"Accept-Language": eye.language},
    )
    context.set_default_timeout(FIFTEEN_SECONDS)
    yield context.new_page()
    context.close()


def broken_rules(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds on the page as it stands: each rule with the elements that break it."""
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [(violation["id"], [node["html"][:120] for node in violation["nodes"]]) for violation in found]
