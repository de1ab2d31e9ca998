"""How a headline is put together: whole sentences whose figures are links on a page and plain words in a mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from kpis.wording.amounts import MINUS


@dataclass(frozen=True, slots=True)
class Clause:
    """One whole sentence, translated, with `{name}` for each figure; `said` holds the figures as they are written."""

    sentence: str
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.sentence.format(**self.said)

    def html(self, door: Callable[[str], str | None]) -> SafeString:
        """`door` gives the address of a figure's proof by its name, or None."""
        parts = {name: _linked(words, door(name)) for name, words in self.said.items()}
        return (
            format_html(str(conditional_escape(self.sentence)), **parts) if parts else conditional_escape(self.sentence)
        )


@dataclass(frozen=True, slots=True)
class Headline:
    """The sentence with which a page starts."""

    clauses: tuple[Clause, ...]

    @property
    def text(self) -> str:
        """Plain, for mails, titles and labels."""
        return " ".join(clause.text for clause in self.clauses)

    def html(self, doors: Mapping[str, str] | None = None) -> SafeString:
        """For a page; `doors` maps the name of a figure to the address of its proof, which opens in the drawer."""
        found = doors or {}
        return format_html_join(" ", "{}", ((clause.html(found.get),) for clause in self.clauses))


def _linked(words: str, href: str | None) -> SafeString:
    if href:
        return format_html('<a href="{}" data-drawer>{}</a>', href, words)
    if words.startswith(MINUS):  # browsers break a line between a minus and the sign of a currency
        return format_html('<span class="unbroken">{}</span>', words)
    return conditional_escape(words)
