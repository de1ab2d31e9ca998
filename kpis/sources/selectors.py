"""Matchers as PromQL writes them: `desk_tickets_total{team="a", status=~"open|new"}`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from kpis.ingest.named import NAME

Matcher = dict[str, str]

SELECTOR = re.compile(r"\s*(?P<name>[^\s{}\"',=!~]+)?\s*(?:\{(?P<inner>.*)\})?\s*", re.DOTALL)
ONE = re.compile(
    r"""\s*(?P<label>[^\s{}"',=!~]+)\s*(?P<op>=~|!~|!=|=)\s*(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*(?:,|$)""",
    re.DOTALL,
)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
LONGEST = 4_000


class SelectorWrong(ValueError):
    """A text that selects no series."""


def matchers_of(text: str) -> list[Matcher]:
    """The matchers of a selector. Refuses (SelectorWrong) what is none, and one that would take everything."""
    whole = SELECTOR.fullmatch(text) if len(text) <= LONGEST else None
    if whole is None:
        raise SelectorWrong(text)
    found = [{"label": NAME, "op": "=", "value": whole["name"]}] if whole["name"] else []
    inner, at = whole["inner"] or "", 0
    while inner[at:].strip():
        one = ONE.match(inner, at)
        if one is None:
            raise SelectorWrong(text)
        found.append({"label": one["label"], "op": one["op"], "value": _unquoted(one["value"])})
        at = one.end()
    if not found:
        raise SelectorWrong(text)
    return found


def as_text(matchers: Iterable[Mapping[str, str]]) -> str:
    """The selector of matchers; the name stands before the braces where it is given as it is."""
    name, inner = "", []
    for matcher in matchers:
        plain = matcher["label"] == NAME and matcher["op"] == "=" and not re.search(r"[\s{}\"',=!~]", matcher["value"])
        if plain and not name and matcher["value"]:
            name = matcher["value"]
        else:
            inner.append(f"{matcher['label']}{matcher['op']}{_quoted(matcher['value'])}")
    return name + (f"{{{', '.join(inner)}}}" if inner else "")


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _unquoted(text: str) -> str:
    return ESCAPED.sub(lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), text[1:-1])
