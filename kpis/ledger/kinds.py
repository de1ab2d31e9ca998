"""Kinds of value drivers: what each prices, and the unit factor that follows from the units.

| kind | measured × volume | priced per |
|---|---|---|
| time | duration × things | an hour |
| ramp_up | duration × people | a day |
| cost_avoidance | money × 1 | one of the currency |
| errors, conversion, deflection | share × things | a thing |
| throughput | things × 1 | a thing |
| free_form | whatever is stated | whatever is stated |

Units that do not fit are refused when the driver is defined, not found when it is computed. Who states a unit factor
is believed, and the page shows both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from kpis.calculations import pricing, units
from kpis.calculations.units import UnitMismatch, UnknownUnit
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.models import Kpi
from kpis.ledger.models import ValueDriver
from kpis.wording.units import unit_name

Kind = ValueDriver.Kind
OF_TIME = {Kind.TIME: "h", Kind.RAMP_UP: "d"}
NO_VOLUME = "1"
DECIDES = ("kind", "priced_unit", "kpi", "volume_kpi", "volume_per_interval")


@dataclass(frozen=True, slots=True)
class Conversion:
    """From what is measured to what is priced: `min × ticket → h: 1/60`. `is_stated`: somebody gave another factor."""

    text: str
    factor: Fraction
    is_stated: bool


def conversion_of(driver: ValueDriver) -> Conversion | None:
    """None where it is not said what the price is for, or the units do not say it."""
    volume = _volume_unit(driver.volume_kpi)
    try:
        factor = pricing.unit_factor(driver.kpi.unit, volume, driver.priced_unit)
    except (UnitMismatch, UnknownUnit):
        return None
    measured = _plain(driver.kpi.unit) + (f" × {_plain(volume)}" if volume != NO_VOLUME else "")
    text = f"{measured} → {_plain(driver.priced_unit)}: {pricing.spoken(factor)}"
    return Conversion(text, factor, is_stated=pricing.as_stored(factor) != driver.unit_factor)


def priced(fields: Mapping[str, Any], standing: ValueDriver | None = None) -> dict[str, Any]:
    """`fields` of a new or changed driver with priced unit and unit factor where they follow from the units.

    Nothing is derived of what somebody states, nor of a free form without a priced unit. Refuses (ChangeRefused) units
    that do not fit.
    """
    given = dict(fields)
    if not _is_derived(given, standing):
        return given
    kpi, volume = _now(given, standing, "kpi"), _now(given, standing, "volume_kpi")
    if given.get("volume_per_interval") is not None and "volume_kpi" not in given:
        volume = None
    kind, currency = Kind(_now(given, standing, "kind") or Kind.FREE_FORM), _now(given, standing, "initiative").currency
    unit = given.get("priced_unit") or (standing.priced_unit if standing and "kind" not in given else "")
    unit = unit or _usual_unit(kind, kpi, volume, currency)
    if not unit:
        return given
    return given | {"priced_unit": unit, "unit_factor": _factor(kind, kpi, volume, unit, currency)}


def _is_derived(given: Mapping[str, Any], standing: ValueDriver | None) -> bool:
    if "unit_factor" in given or not any(name in given for name in DECIDES):
        return False
    if standing is None or "kind" in given or "priced_unit" in given:
        return True
    found = conversion_of(standing)
    return found is not None and not found.is_stated


def _now(given: Mapping[str, Any], standing: ValueDriver | None, name: str) -> Any:
    return given[name] if name in given else getattr(standing, name, None)


def _usual_unit(kind: str, kpi: Kpi, volume: Kpi | None, currency: str) -> str:
    """What drivers of this kind are priced per."""
    if kind in OF_TIME:
        return OF_TIME[Kind(kind)]
    if kind == Kind.COST_AVOIDANCE:
        return currency
    if kind == Kind.FREE_FORM:
        return ""
    return _volume_unit(volume) if volume else kpi.unit


def _factor(kind: str, kpi: Kpi, volume: Kpi | None, unit: str, currency: str) -> Decimal:
    try:
        factor = pricing.unit_factor(kpi.unit, _volume_unit(volume), unit)
        fits = kind not in OF_TIME or units.is_time(unit)
        fits = fits and (kind != Kind.COST_AVOIDANCE or units.currency_of(unit) == currency)
    except UnknownUnit as unknown:
        raise ChangeRefused("invalid_unit", str(unknown), "priced_unit") from unknown
    except UnitMismatch:
        fits = False
    if not fits:
        sentence = _("A KPI in %(measured)s cannot be priced in %(currency)s per %(unit)s.")
        said = {"measured": unit_name(kpi.unit), "currency": currency, "unit": _plain(unit)}
        raise ChangeRefused("unit_mismatch", sentence % said, "priced_unit")
    return pricing.as_stored(factor)


def _volume_unit(volume: Kpi | None) -> str:
    return volume.unit if volume else NO_VOLUME


def _plain(unit: str) -> str:
    """Without the braces of counted things."""
    return unit.replace("{", "").replace("}", "")
