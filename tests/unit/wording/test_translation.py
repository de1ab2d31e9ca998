"""Every text of wording and of the frame is there in German, with its placeholders, and the compiled file is fresh."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CATALOGUE = ROOT / "kpis" / "locale" / "de" / "LC_MESSAGES" / "django.po"
OURS = re.compile(r"kpis/wording/|kpis/templatetags/|templates/(base|_tools|_help|sign-in|403|404|500|marks/)")


def entries() -> list[tuple[str, list[str], list[str]]]:
    """(where, texts, translations) of each entry."""
    found = []
    for block in CATALOGUE.read_text().split("\n\n")[1:]:
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


ENTRIES = [entry for entry in entries() if OURS.search(entry[0])]


def test_there_is_something_to_translate():
    assert len(ENTRIES) > 150


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
