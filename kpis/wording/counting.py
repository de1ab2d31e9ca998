"""Small counts as words in sentences: one, two, … twelve; larger ones as figures."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from kpis.wording.amounts import number

WORDS = {
    1: pgettext_lazy("how many initiatives", "one"),
    2: pgettext_lazy("how many initiatives", "two"),
    3: pgettext_lazy("how many initiatives", "three"),
    4: pgettext_lazy("how many initiatives", "four"),
    5: pgettext_lazy("how many initiatives", "five"),
    6: pgettext_lazy("how many initiatives", "six"),
    7: pgettext_lazy("how many initiatives", "seven"),
    8: pgettext_lazy("how many initiatives", "eight"),
    9: pgettext_lazy("how many initiatives", "nine"),
    10: pgettext_lazy("how many initiatives", "ten"),
    11: pgettext_lazy("how many initiatives", "eleven"),
    12: pgettext_lazy("how many initiatives", "twelve"),
}


def in_words(count: int) -> str:
    return str(WORDS[count]) if count in WORDS else number(count)
