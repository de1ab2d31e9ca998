"""Units in UCUM style: parsed into a dimension and a factor, so that unlike things are never added.

`min`, `h`, `GBy`, `EUR`, `%`, `{ticket}`, `min/{ticket}`, `{case}/h`, `m2`. What stands in braces is a counted thing
and a dimension of its own under its name; three capital letters are a currency, each a dimension of its own, because
only a dated rate turns one into another. Prefixes and unit words: Unified Code for Units of Measure (UCUM) 2.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

Dimension = tuple[tuple[str, int], ...]

TIME: Final[Dimension] = (("time", 1),)

_TIME: Final = {
    "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0, "wk": 604_800.0,
    "mo": 2_629_800.0, "a": 31_557_600.0,
}  # fmt: skip
_DATA: Final = {
    "bit": 0.125, "By": 1.0, "kBy": 1e3, "MBy": 1e6, "GBy": 1e9, "TBy": 1e12, "PBy": 1e15,
    "KiBy": 2.0**10, "MiBy": 2.0**20, "GiBy": 2.0**30, "TiBy": 2.0**40,
}  # fmt: skip
_PLAIN: Final = {"1": 1.0, "%": 0.01, "pp": 0.01, "[ppth]": 1e-3, "[ppm]": 1e-6}
_LENGTH: Final = {"mm": 1e-3, "cm": 1e-2, "m": 1.0, "km": 1e3}
_MASS: Final = {"mg": 1e-6, "g": 1e-3, "kg": 1.0, "t": 1e3}
_ENERGY: Final = {"J": 1.0, "kJ": 1e3, "MJ": 1e6, "Wh": 3.6e3, "kWh": 3.6e6, "MWh": 3.6e9}
_FAMILIES: Final = {"time": _TIME, "data": _DATA, "": _PLAIN, "length": _LENGTH, "mass": _MASS, "energy": _ENERGY}
_ATOMS: Final = {word: (dimension, factor) for dimension, words in _FAMILIES.items() for word, factor in words.items()}
_FACTOR: Final = re.compile(
    r"(?P<word>\[[a-z]+\]|[A-Za-z]+|%|\d+)?(?P<power>(?<=[A-Za-z\]])[+-]?[1-9])?(?P<thing>\{[^{}]{1,60}\})?"
)


class UnitMismatch(ValueError):
    """Two units do not measure the same thing; says which."""


class UnknownUnit(ValueError):
    """A unit that cannot be read; says which part."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: `dimension` as sorted pairs of base and power, `factor` to the base unit (s, By, 1, m, kg, J)."""

    dimension: Dimension
    factor: float


@lru_cache(maxsize=2_000)
def parse(text: str) -> Unit:
    """The unit that the text means. Refuses (UnknownUnit) words that it does not know and empty text."""
    powers: dict[str, int] = {}
    factor = 1.0
    if not text or len(text) > 100:
        raise UnknownUnit("A unit is a text of 1 to 100 characters, for example min, % or {ticket}.")
    for sign, part in _parts(text):
        dimension, size, power = _atom(part, whole=text)
        factor *= size ** (sign * power)
        if not 1e-100 < factor < 1e100:
            raise UnknownUnit(f"{text} is not a unit: no quantity is that large or small.")
        if dimension:
            powers[dimension] = powers.get(dimension, 0) + sign * power
    return Unit(tuple(sorted((base, power) for base, power in powers.items() if power)), factor)


def conversion(from_unit: str, to_unit: str) -> float:
    """What a value in `from_unit` is multiplied with to be in `to_unit`. Refuses (UnitMismatch) unlike dimensions."""
    source, target = parse(from_unit), parse(to_unit)
    if source.dimension != target.dimension:
        raise UnitMismatch(f"{from_unit} cannot be converted to {to_unit}: they measure different things.")
    # One exact constant by another, so that 60 s are 1 min and not 0.9999999.
    return source.factor / target.factor


def is_time(unit: str) -> bool:
    """Whether the unit is a duration, per counted thing or not: `min`, `h`, `min/{ticket}`."""
    return _without_things(parse(unit).dimension) == TIME


def is_share(unit: str) -> bool:
    """Whether the unit is a plain share: `1`, `%` and their like."""
    return parse(unit).dimension == ()


def currency_of(unit: str) -> str | None:
    """The currency in the unit (`EUR`, `EUR/h`), or None."""
    found = [base for base, _ in parse(unit).dimension if re.fullmatch("[A-Z]{3}", base)]
    return found[0] if len(found) == 1 else None


def _parts(text: str) -> list[tuple[int, str]]:
    """Factors with +1 above and −1 below the line; marks inside braces are part of a name."""
    pieces = re.findall(r"(?:^|[./])(?:\{[^{}]*\}|[^./{}])*", text)
    if "".join(pieces) != text:
        raise UnknownUnit(f"{text} is not a unit: a brace is not closed.")
    if not text.startswith("/"):
        pieces[0] = "." + pieces[0]
    return [(-1 if piece[0] == "/" else 1, piece[1:]) for piece in pieces if piece]


def _atom(part: str, *, whole: str) -> tuple[str, float, int]:
    """Dimension, size in the base unit and power of one factor."""
    match = _FACTOR.fullmatch(part)
    if not match or not part:
        raise UnknownUnit(f"{whole} is not a unit: {part or 'an empty part'} cannot be read.")
    word, power = match["word"], int(match["power"] or 1)
    if word is None:
        return match["thing"], 1.0, 1
    if word in _ATOMS:
        dimension, size = _ATOMS[word]
        return (match["thing"] if word == "1" and match["thing"] else dimension), size, power
    if word.isdigit() and int(word):
        return match["thing"] or "", float(word), 1
    if re.fullmatch("[A-Z]{3}", word):
        return word, 1.0, power
    raise UnknownUnit(f"{whole} is not a unit: {word} is not known.")


def _without_things(dimension: Dimension) -> Dimension:
    return tuple((base, power) for base, power in dimension if not base.startswith("{"))
