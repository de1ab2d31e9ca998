"""Numbers, money and shares in the reader's language: `€655,000` and `655.000 €`, real minus, no-break spaces.

Tables show the cents, sentences round to two or three significant digits. A number that does not exist is not this
module's business: say why there is none (`marks`), never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import get_language, gettext, pgettext

MINUS = "\u2212"
NO_BREAK = "\u00a0"

Number = Decimal | float | int

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CHF": "CHF", "SEK": "SEK", "PLN": "PLN", "CZK": "CZK"}
WITHOUT_CENTS = {"JPY", "KRW", "CLP", "ISK"}
SHARE_SHOWN_AS_MULTIPLE = 10  # from 1,000 % on, a percentage is harder to read than a multiple


@dataclass(frozen=True, slots=True)
class Parts:
    """An amount in two pieces, so that a table can set the cents smaller: `454,175` and `.06`."""

    whole: str
    cents: str


def in_german() -> bool:
    return (get_language() or "en").startswith("de")


def number(value: Number, *, digits: int = 0, plus: bool = False) -> str:
    """`value` with grouped thousands and `digits` decimals, halves rounded away from zero; never `−0`."""
    rounded = _rounded(value, digits)
    text = f"{abs(rounded):,.{digits}f}"
    if in_german():
        text = text.translate(str.maketrans(",.", ".,"))
    return _sign(rounded, plus=plus) + text


def significant(value: Number, *, digits: int = 3) -> str:
    """`value` with about `digits` significant digits, never fewer than its whole part: 14.3, 0.0124, 1,013."""
    return number(value, digits=decimals_for(value, digits))


def as_measured(value: float) -> str:
    """A measurement with the decimals that it came with, at most nine: 16.7, 312, 0.004."""
    shown = Decimal(repr(round(float(value), 9)))  # what arithmetic left behind the ninth decimal is no measurement
    exponent = shown.normalize().as_tuple().exponent
    return number(shown, digits=max(-int(exponent), 0))


def money(value: Number, currency: str, *, digits: int = 0, plus: bool = False) -> str:
    """An amount in whole units, or with `digits` decimals: `−€159,235`, `−159.235 €`."""
    return _with_currency(number(value, digits=digits, plus=plus), currency)


def money_exact(value: Number, currency: str, *, plus: bool = False) -> str:
    """An amount to the cent."""
    return money(value, currency, digits=cent_digits(currency), plus=plus)


def money_rounded(value: Number, currency: str) -> str:
    """An amount for a sentence: three significant digits from 100,000 on, two below, whole units below 100."""
    return money(round_to(value, sentence_step(value)), currency)


def money_parts(value: Number, currency: str, *, plus: bool = False) -> Parts:
    """An amount to the cent without its currency (a column says it in its head), cents apart."""
    digits = cent_digits(currency)
    text = number(value, digits=digits, plus=plus)
    return Parts(text[: -digits - 1], text[-digits - 1 :]) if digits else Parts(text, "")


def cent_digits(currency: str) -> int:
    return 0 if currency in WITHOUT_CENTS else 2


def thousands(value: Number) -> str:
    """An axis in thousands: `+300`, `0`, `−200`."""
    return number(Decimal(str(value)) / 1000, digits=0 if abs(float(value)) >= 1000 or not value else 1, plus=True)


def thousands_unit(currency: str) -> str:
    """The head of an axis in thousands: `k€`, German `T€`."""
    symbol = SYMBOLS.get(currency, currency)
    thousand = pgettext("before a currency on an axis in thousands", "k")
    return thousand + (symbol if len(symbol) == 1 else NO_BREAK + symbol)


def share(value: Number, *, digits: int = 1, plus: bool = False) -> str:
    """A share as percent, `22.2%`; from 1,000 % on as a multiple, `12.4×`."""
    if abs(float(value)) >= SHARE_SHOWN_AS_MULTIPLE:
        return f"{number(value, digits=1, plus=plus)}×"
    return percent(Decimal(str(value)) * 100, digits=digits, plus=plus)


def percent(value: Number, *, digits: int = 1, plus: bool = False) -> str:
    """A figure that already is in percent (82.0 is `82.0%`)."""
    return number(value, digits=digits, plus=plus) + (f"{NO_BREAK}%" if in_german() else "%")


def points(value: Number, *, digits: int = 1, plus: bool = False) -> str:
    """The difference of two percentages (4.2 is `4.2 points`): it is no percentage itself."""
    return gettext("{number} points").format(number=number(value, digits=digits, plus=plus)).replace(" ", NO_BREAK)


def sentence_step(value: Number) -> Decimal:
    """To what a figure in a sentence is rounded, from its size: 454,175 to 1,000, 51,238 to 1,000, 3,072 to 100."""
    size = abs(Decimal(str(value)))
    if size < 100:
        return Decimal(1)
    digits = 3 if size >= 100_000 else 2
    return Decimal(10) ** (size.adjusted() + 1 - digits)


def round_to(value: Number, step: Decimal) -> Decimal:
    return (Decimal(str(value)) / step).quantize(Decimal(1), ROUND_HALF_UP) * step


def _rounded(value: Number, digits: int) -> Decimal:
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    if not exact.is_finite():
        raise ValueError("a number that does not exist cannot be written; say why there is none")
    return exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def decimals_for(value: Number, digits: int) -> int:
    exact = abs(Decimal(str(value)))
    return max(0, digits - 1 - exact.adjusted()) if exact else 0


def _sign(rounded: Decimal, *, plus: bool) -> str:
    if rounded < 0:
        return MINUS
    return "+" if plus and rounded > 0 else ""


def _with_currency(text: str, currency: str) -> str:
    symbol = SYMBOLS.get(currency, currency)
    if in_german():
        return f"{text}{NO_BREAK}{symbol}"
    sign, figures = (text[0], text[1:]) if text[0] in f"{MINUS}+" else ("", text)
    return f"{sign}{symbol}{figures}" if len(symbol) == 1 else f"{sign}{symbol}{NO_BREAK}{figures}"
