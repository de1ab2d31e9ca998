"""The words about periods: their names, and how far the books are closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from django.utils.translation import gettext

from kpis.wording import moments


class APeriod(Protocol):
    """A month or quarter, pointed at without knowing the room above that owns it."""

    kind: str
    first: date
    last: date


def period_name(period: APeriod) -> str:
    """`March 2026`, a quarter `July to September 2026`: fiscal quarters are counted differently from house to house."""
    if period.kind == "month":
        return moments.month(period.first)
    span = gettext("{first} to {last}")
    first = moments.month(period.first) if period.first.year != period.last.year else moments.month_name(period.first)
    return span.format(first=first, last=moments.month(period.last))


def periods_headline(found: Sequence[tuple[str, str]]) -> str:
    """`found`: name and status of the periods, newest first."""
    closed = next((name for name, status in found if status == "closed"), "")
    waiting = [name for name, status in found if status == "open"]
    sentences = []
    if closed:
        sentences.append(gettext("Everything up to {name} is closed and stays as it is.").format(name=closed))
    elif found:
        sentences.append(gettext("No period is closed yet: every figure still follows the data."))
    if len(waiting) == 1:
        sentences.append(gettext("{name} is over and waits to be closed.").format(name=waiting[0]))
    elif waiting:
        text = gettext("{count} months are over and wait to be closed, {name} first.")
        sentences.append(text.format(count=len(waiting), name=waiting[-1]))
    return " ".join(sentences)
