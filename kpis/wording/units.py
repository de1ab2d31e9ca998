"""Units in human words: `min` stays, `{ticket}` becomes “14 tickets”, `min/{ticket}` “minutes a ticket”, `1` a share.

The code of a unit is UCUM-like (`kpis.calculations.units` knows what it means); this module only says it.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext, gettext_noop, ngettext_lazy

from kpis.wording.amounts import (
    NO_BREAK,
    SYMBOLS,
    Number,
    money,
    money_exact,
    number,
    percent,
    points,
    share,
    significant,
)

# What is written behind a figure.
SHORT = {
    "ms": "ms",
    "s": "s",
    "min": "min",
    "h": "h",
    "d": gettext_noop("days"),
    "By": "B",
    "kBy": "kB",
    "MBy": "MB",
    "GBy": "GB",
}
# What stands in a heading: “minutes a ticket”.
LONG = {
    "ms": gettext_noop("milliseconds"),
    "s": gettext_noop("seconds"),
    "min": gettext_noop("minutes"),
    "h": gettext_noop("hours"),
    "d": gettext_noop("days"),
    "%": gettext_noop("percent"),
    "1": gettext_noop("share"),
    "By": gettext_noop("bytes"),
    "kBy": gettext_noop("kilobytes"),
    "MBy": gettext_noop("megabytes"),
    "GBy": gettext_noop("gigabytes"),
}
# Counted things that many companies count; any other is shown by its own name.
COUNTED = {
    "ticket": ngettext_lazy("ticket", "tickets"),
    "case": ngettext_lazy("case", "cases"),
    "call": ngettext_lazy("call", "calls"),
    "contact": ngettext_lazy("contact", "contacts"),
    "contract": ngettext_lazy("contract", "contracts"),
    "document": ngettext_lazy("document", "documents"),
    "invoice": ngettext_lazy("invoice", "invoices"),
    "order": ngettext_lazy("order", "orders"),
    "part": ngettext_lazy("part", "parts"),
    "person": ngettext_lazy("person", "people"),
    "request": ngettext_lazy("request", "requests"),
    "template": ngettext_lazy("template", "templates"),
    "use_case": ngettext_lazy("use case", "use cases"),
    "user": ngettext_lazy("user", "users"),
}
ANNOTATION = re.compile(r"^\{(.+)\}$")


def unit_value(value: Number, unit: str, *, digits: int | None = None) -> str:
    """A figure with its unit: `11.7 min`, `82.0%`, `€38.50`, `14 tickets`, `12.4 min per ticket`.

    `digits` decimals, or about three significant digits; whole things are counted whole.
    """
    if unit == "%":
        return percent(value, digits=1 if digits is None else digits)
    if unit == "1":
        return share(value, digits=1 if digits is None else digits)
    if unit in SYMBOLS:
        return money_exact(value, unit) if abs(float(value)) < 10_000 else money(value, unit)
    counted = ANNOTATION.match(unit) and float(value).is_integer()
    figure = number(value, digits=digits or 0) if digits is not None or counted else significant(value)
    if "/" in unit:
        above, below = unit.split("/", 1)
        over = unit_value(value, above, digits=digits)
        return gettext("{amount} per {thing}").format(amount=over, thing=_one(below)).replace(" ", NO_BREAK)
    word = _counted(unit, value) or gettext(SHORT.get(unit, unit))
    return f"{figure}{NO_BREAK}{word}" if word else figure


def difference(value: Number, unit: str, *, digits: int | None = None) -> str:
    """The difference of two values in `unit`: of two shares or percentages it is in points."""
    if unit == "%":
        return points(value, digits=1 if digits is None else digits)
    if unit == "1":
        return points(float(value) * 100, digits=1 if digits is None else digits)
    return unit_value(value, unit, digits=digits)


def unit_name(unit: str) -> str:
    """The unit for a heading: “minutes a ticket”, “share”, “euro” as its sign."""
    if unit in SYMBOLS:
        return SYMBOLS[unit]
    if "/" in unit:
        above, below = unit.split("/", 1)
        return gettext("{amount} per {thing}").format(amount=unit_name(above), thing=_one(below))
    counted = _counted(unit, 2)
    return counted if counted else gettext(LONG.get(unit, unit))


def axis_unit(unit: str) -> str:
    """The few letters above an axis: `min`, `%`, `€`, `tickets`."""
    if unit in SYMBOLS:
        return SYMBOLS[unit]
    if unit in ("1", "%"):
        return "%"
    if "/" in unit:
        return axis_unit(unit.split("/", 1)[0])
    return _counted(unit, 2) or gettext(SHORT.get(unit, unit))


def axis_value(value: float, unit: str, *, step: float) -> str:
    """A tick of an axis without its unit; `step` is the distance of two ticks and decides on decimals."""
    shown, distance = (value * 100, step * 100) if unit == "1" else (value, step)
    text = f"{distance:.4f}".rstrip("0")
    return number(shown, digits=len(text.split(".")[1]) if "." in text else 0)


def _counted(unit: str, value: Number) -> str:
    found = ANNOTATION.match(unit)
    if not found:
        return ""
    thing = found[1]
    if thing in COUNTED:
        return str(COUNTED[thing] % (1 if value == 1 else 2))
    return thing.replace("_", " ")


def _one(unit: str) -> str:
    """One of the unit, after “per”: `ticket`, `h`."""
    return _counted(unit, 1) or {"h": gettext("hour"), "d": gettext("day")}.get(unit) or gettext(SHORT.get(unit, unit))
