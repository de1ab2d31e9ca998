"""Every text that templates and code can show has a German one, with the same places for what is put in.

Read from the sources themselves (templates as Django prepares them for translators, code by its syntax tree) and held
against the compiled catalogue, which is what a running portal uses.
"""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[3]
COMPILED = ROOT / "kpis" / "locale" / "de" / "LC_MESSAGES" / "django.mo"
CODE = ("kpis", "roi_portal")
TEMPLATES = {".html", ".txt", ".mjml"}

LITERAL = r"u?(?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"
IN_TEMPLATE = re.compile(rf"\b(n?p?gettext|_)\(\s*({LITERAL}(?:\s*,\s*{LITERAL})*)", re.DOTALL)
FUNCTION = re.compile(r"^(n?)(p?)gettext(?:_lazy|_noop)?$")
PLACE = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")


@dataclass(frozen=True, slots=True)
class Text:
    said: str
    context: str | None = None
    plural: str | None = None


def text_of(function: str, arguments: list[str]) -> Text:
    """What a call of gettext and its kin asks for; `_` is gettext."""
    many, in_context = FUNCTION.match("gettext" if function == "_" else function).groups()
    context = arguments[0] if in_context else None
    said, *rest = arguments[1:] if in_context else arguments
    return Text(said, context, rest[0] if many else None)


def of_template(source: str) -> Iterator[Text]:
    for call in IN_TEMPLATE.finditer(templatize(source)):
        yield text_of(call[1], [ast.literal_eval(literal) for literal in re.findall(LITERAL, call[2], re.DOTALL)])


def of_code(source: str) -> Iterator[Text]:
    """A call whose text is a variable is left out: the text is marked where it is written (`gettext_noop`)."""
    tree = ast.parse(source)
    known = {"_": "gettext"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            known |= {name.asname or name.name: name.name for name in node.names if FUNCTION.match(name.name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in known:
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if texts:
                yield text_of(known[node.func.id], texts)


def everything() -> dict[Text, str]:
    """Each text with one file that says it."""
    found: dict[Text, str] = {}
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix in TEMPLATES:
            found |= dict.fromkeys(of_template(path.read_text()), str(path.relative_to(ROOT)))
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                found |= dict.fromkeys(of_code(path.read_text()), str(path.relative_to(ROOT)))
    return found


class Missing(gettext.NullTranslations):
    """Answers nothing, where gettext would answer with the English text."""

    def gettext(self, *_asked):
        return ""

    ngettext = pgettext = npgettext = gettext


def in_german(text: Text, catalogue: gettext.NullTranslations) -> list[str]:
    """The German of the text; of a counted one for 1 and for 2."""
    if text.plural is None:
        return [catalogue.pgettext(text.context, text.said) if text.context else catalogue.gettext(text.said)]
    if text.context:
        return [catalogue.npgettext(text.context, text.said, text.plural, n) for n in (1, 2)]
    return [catalogue.ngettext(text.said, text.plural, n) for n in (1, 2)]


@pytest.fixture(scope="module")
def catalogue() -> gettext.NullTranslations:
    with COMPILED.open("rb") as compiled:
        found = gettext.GNUTranslations(compiled)
    found.add_fallback(Missing())
    return found


@pytest.fixture(scope="module")
def texts() -> dict[Text, str]:
    return everything()


def test_the_sources_are_read_as_they_are_written():
    template = """{% load i18n %}{% translate "Net" %} {% translate "due" context "of a saving" %} 80%
    {% blocktranslate count n=rows %}One of {{ who }}{% plural %}{{ n }} of {{ who }}{% endblocktranslate %}
    """
    code = """from django.utils.translation import gettext as _, ngettext_lazy as counted, pgettext
_("A" "B"); counted("one", "many"); pgettext("where", "here"); _(variable); str("nothing")"""

    assert set(of_template(template)) == {
        Text("Net"),
        Text("due", "of a saving"),
        Text("One of %(who)s", None, "%(n)s of %(who)s"),
    }
    assert set(of_code(code)) == {Text("AB"), Text("one", None, "many"), Text("here", "where")}


def test_there_is_something_to_translate(texts):
    assert len(texts) > 1000
    assert sum(where.startswith("templates/") for where in texts.values()) > 200


def test_every_text_has_a_german_one(texts, catalogue):
    missing = [f"{where}: {text.said}" for text, where in texts.items() if not all(in_german(text, catalogue))]

    assert missing == []


def test_the_german_text_has_the_same_places_for_what_is_put_in(texts, catalogue):
    """A sentence about exactly one may leave the number out."""
    wrong = []
    for text in texts:
        *singular, last = in_german(text, catalogue)
        wanted = set(PLACE.findall(text.plural or text.said))
        of_one = [set(PLACE.findall(said)) for said in singular]
        if set(PLACE.findall(last)) != wanted or not all(places <= wanted for places in of_one):
            wrong.append((text.said, last))

    assert wrong == []


def test_percent_signs_are_doubled_where_the_english_doubles_them(texts, catalogue):
    doubled = [text for text in texts if "%%" in text.said]

    assert all(said.count("%%") == text.said.count("%%") for text in doubled for said in in_german(text, catalogue))
