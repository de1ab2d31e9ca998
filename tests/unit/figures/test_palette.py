"""Contrast of every pair that is used, in both themes, read from the style sheet itself; and one source of colours."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from kpis.figures import palette

ROOT = Path(__file__).resolve().parents[3]
CSS = (ROOT / "static" / "css" / "tokens.css").read_text()
THEMES = {
    "light": r':root, :root\[data-theme="light"\] \{(.*?)\}',
    "dark": r':root\[data-theme="dark"\] \{(.*?)\}',
    "dark by the system": r':root:not\(\[data-theme="light"\]\) \{(.*?)\}',
    "print": r'@media print \{\s*:root, [^{]*\{(.*?)\}',
}  # fmt: skip
TEXTS = ("ink", "muted", "actual", "benchmark", "better", "worse")
MARKS = ("edge", "reference", "actual", "benchmark", "better", "worse", "ink")
Colour = tuple[float, float, float, float]


def tokens(theme: str) -> dict[str, str]:
    block = re.search(THEMES[theme], CSS, re.DOTALL)
    assert block, theme
    return {name: value.strip() for name, value in re.findall(r"--([\w-]+):\s*([^;]+);", block[1])}


def colour(text: str) -> Colour:
    if text.startswith("#"):
        return (*(int(text[k : k + 2], 16) / 255 for k in (1, 3, 5)), 1.0)  # type: ignore[return-value]
    r, g, b, a = (float(part) for part in re.findall(r"[\d.]+", text))
    return r / 255, g / 255, b / 255, a


def over(front: Colour, back: Colour) -> Colour:
    a = front[3]
    return (*(f * a + b * (1 - a) for f, b in zip(front[:3], back[:3], strict=True)), 1.0)  # type: ignore[return-value]


def luminance(c: Colour) -> float:
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in c[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: Colour, b: Colour) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["paper", "raised"])
@pytest.mark.parametrize("text", TEXTS)
def test_every_text_can_be_read_on_every_ground(theme, text, ground):
    found = tokens(theme)
    assert contrast(colour(found[text]), colour(found[ground])) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("text", ["ink"])
@pytest.mark.parametrize("band", ["band", "reference-band"])
def test_words_on_a_band_can_be_read(theme, text, band):
    found = tokens(theme)
    ground = over(colour(found[band]), colour(found["paper"]))
    assert contrast(colour(found[text]), ground) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("mark", MARKS)
def test_every_mark_can_be_told_from_the_paper(theme, mark):
    found = tokens(theme)
    assert contrast(colour(found[mark]), colour(found["paper"])) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("mark", "band"), [("actual", "band"), ("reference", "reference-band")])
def test_a_line_can_be_told_from_its_own_band(theme, mark, band):
    found = tokens(theme)
    ground = over(colour(found[band]), colour(found["paper"]))
    assert contrast(colour(found[mark]), ground) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_the_band_of_the_sample_and_the_main_button_can_be_read(theme):
    found = tokens(theme)
    assert contrast(colour(found["sample-ink"]), colour(found["sample"])) >= 4.5
    assert contrast(colour(found["paper"]), colour(found["actual"])) >= 4.5


@pytest.mark.parametrize(("theme", "colours"), [("light", palette.LIGHT), ("dark", palette.DARK)])
def test_pages_and_plotly_have_the_same_colours(theme, colours):
    found = tokens(theme)
    assert {name: found[name] for name in colours} == colours


def test_the_dark_theme_is_the_same_by_choice_and_by_system():
    by_choice = tokens("dark")
    assert all(by_choice[name] == value for name, value in tokens("dark by the system").items())
    assert set(palette.DARK) <= set(tokens("dark by the system"))


def test_paper_is_always_light_in_print():
    assert all(tokens("light")[name] == value for name, value in tokens("print").items())


def test_the_vendored_files_are_the_ones_that_the_list_names():
    folder = ROOT / "static" / "vendor"
    listed = dict(re.findall(r"^\| `([^`]+)` \|.*?`([0-9a-f]{64})`", (folder / "README.md").read_text(), re.MULTILINE))
    files = {path.name for path in folder.iterdir() if path.suffix in (".js", ".css")}
    assert set(listed) == files
    for name, checksum in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == checksum
