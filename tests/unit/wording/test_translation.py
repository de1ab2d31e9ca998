"""Every text of code and templates is there in German, with its placeholders, and the compiled file is fresh."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[3]
CATALOGUE = ROOT / "kpis" / "locale" / "de" / "LC_MESSAGES" / "django.po"
KEYWORDS = ("gettext_lazy", "ngettext_lazy:1,2", "pgettext:1c,2", "npgettext:1c,2,3")


def entries(catalogue: str) -> list[tuple[str, list[str], list[str]]]:
    """(where, texts, translations) of each entry."""
    found = []
    for block in catalogue.split("\n\n")[1:]:
        where = " ".join(re.findall(r"^#: (.*)$", block, re.MULTILINE))
        texts, said, target = [], [], None
        for line in block.splitlines():
            keyword = re.match(r'(msgid|msgid_plural|msgstr(?:\[\d\])?) (".*")$', line)
            if keyword:
                target = said if keyword[1].startswith("msgstr") else texts
                target.append(ast.literal_eval(keyword[2]))
            elif line.startswith('"') and target is not None:
                target[-1] += ast.literal_eval(line)
        found.append((where, texts, said))
    return found


ENTRIES = [entry for entry in entries(CATALOGUE.read_text()) if entry[1]]


def texts_in_use(folder: Path) -> list[tuple[str, list[str], list[str]]]:
    """What code and templates ask a translation for, as xgettext finds it."""
    files = [str(path) for package in ("kpis", "roi_portal") for path in sorted((ROOT / package).rglob("*.py"))]
    for path in sorted((ROOT / "templates").rglob("*.*")):
        as_code = folder / f"{path.relative_to(ROOT).as_posix().replace('/', '-')}.py"
        as_code.write_text(templatize(path.read_text()))
        files.append(str(as_code))
    options = [f"--keyword={keyword}" for keyword in KEYWORDS]
    found = subprocess.run(
        ["xgettext", "-L", "Python", "--from-code=UTF-8", "--no-wrap", "-o", "-", *options, *files],
        check=True,
        capture_output=True,
        text=True,
    )
    return entries(found.stdout)


def test_no_text_of_code_or_templates_is_missing(tmp_path):
    used = texts_in_use(tmp_path)
    assert len(used) > 1000
    known = {texts[0] for _, texts, _ in ENTRIES}
    assert [(where, texts[0]) for where, texts, _ in used if texts and texts[0] not in known] == []


@pytest.mark.parametrize(("where", "texts", "said"), ENTRIES, ids=[texts[0][:50] for _, texts, _ in ENTRIES])
def test_each_text_is_translated_with_the_same_placeholders(where, texts, said):
    assert all(said), where
    *of_one, places = [set(re.findall(r"\{\w+\}|%\(\w+\)s", text)) for text in said]
    wanted = set(re.findall(r"\{\w+\}|%\(\w+\)s", texts[-1]))
    assert places == wanted
    assert all(found <= wanted for found in of_one)  # a sentence about one may leave the number out


def test_the_compiled_catalogue_is_the_one_of_the_texts(tmp_path):
    fresh = tmp_path / "django.mo"
    subprocess.run(["msgfmt", "-o", fresh, CATALOGUE], check=True, capture_output=True)
    assert fresh.read_bytes() == CATALOGUE.with_suffix(".mo").read_bytes()
