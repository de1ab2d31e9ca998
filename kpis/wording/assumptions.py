"""The words of the assumption register: how many there are, and what is to be done about them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from django.utils.translation import gettext, gettext_lazy, ngettext

from kpis.wording.amounts import Number, cent_digits, money, percent

KINDS = {
    "price": gettext_lazy("price"),
    "realisation": gettext_lazy("realisation"),
    "attribution": gettext_lazy("attribution"),
}


class Marks(Protocol):
    """What is to be done about one assumption."""

    @property
    def no_owner(self) -> bool: ...
    @property
    def no_source(self) -> bool: ...
    @property
    def review_due(self) -> bool: ...
    @property
    def has_run_out(self) -> bool: ...
    @property
    def days(self) -> int | None: ...


def stated(value: Number, *, is_share: bool, currency: str) -> str:
    """A share as `65%`, a price as `€38.50`, with all the digits that were stated."""
    shown = Decimal(str(value)) * (100 if is_share else 1)
    exponent = shown.normalize().as_tuple().exponent
    digits = max(-exponent, 0) if isinstance(exponent, int) else 0
    if is_share:
        return percent(shown, digits=digits)
    return money(shown, currency, digits=max(digits, cent_digits(currency)))


def register_headline(found: Sequence[Marks]) -> str:
    """`found`: the marks of each assumption. Nothing is said of what is in order."""
    count = len(found)
    if not count:
        return gettext("No value driver rests on an assumption yet. Its price and its shares will stand here.")
    resting = ngettext("The benefits rest on one assumption.", "The benefits rest on {count} assumptions.", count)
    sentences = [resting.format(count=count)]
    for text, number in (
        (_run_out, sum(marks.has_run_out for marks in found)),
        (_runs_out, sum(marks.days is not None for marks in found)),
        (_unowned, sum(marks.no_owner or marks.no_source for marks in found)),
        (_due, sum(marks.review_due for marks in found)),
    ):
        if number:
            sentences.append(text(number).format(count=number))
    return " ".join(sentences)


def _run_out(count: int) -> str:
    return ngettext(
        "One has run out and is counted on with its last value.",
        "{count} have run out and are counted on with their last values.",
        count,
    )


def _runs_out(count: int) -> str:
    return ngettext("One runs out within 60 days.", "{count} run out within 60 days.", count)


def _unowned(count: int) -> str:
    return ngettext("One has no owner or no source.", "{count} have no owner or no source.", count)


def _due(count: int) -> str:
    return ngettext("One is due for review.", "{count} are due for review.", count)
