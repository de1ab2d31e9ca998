"""Changing what moves money: value drivers with their assumptions, and removing what money hangs on.

Each verb is one transaction with its audit row; it marks the KPIs whose entries are to be computed anew and tells
the browsers. An assumption that serves several drivers is never changed by way of one of them: that one gets its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from kpis.calculations import units
from kpis.definitions import changing, organisation
from kpis.definitions.changing import Actor, ChangeRefused
from kpis.definitions.models import Initiative, Kpi
from kpis.ledger import follow_up_rules, kinds, periods, spending
from kpis.ledger.models import Assumption, LedgerEntry, Trace, ValueDriver
from kpis.ledger.pools import stating
from kpis.plumbing import changes, wakeup
from kpis.rollups import states

ASSUMED = {"unit_value": "Unit value", "realisation": "Realisation", "attribution": "Attribution"}


@dataclass(frozen=True, slots=True)
class Stated:
    """What somebody states for a number that nobody measures; low = likely = high where it is taken as certain."""

    low: Decimal
    likely: Decimal
    high: Decimal
    owner: str = ""
    source: str = ""


# -- value drivers --------------------------------------------------------------------------------------------------


@transaction.atomic
def create_driver(fields: Mapping[str, Any], *, by: Actor, at: datetime) -> ValueDriver:
    """`fields` as the model's, the three assumptions as `Stated` or as rows that stand already; a saving of time counts
    as freed by default."""
    _refuse_other_currency(fields["initiative"], fields["unit_value"])
    _refuse_foreign_kpi(fields["initiative"], fields["kpi"])
    given = kinds.priced({"is_freed_time": units.is_time(fields["kpi"].unit), **fields})
    for name in ASSUMED:
        given[name] = _assumption(name, given[name], driver=fields["name"])
    if "pool" in given:
        given["pool"] = stating.pool_of(given["pool"], given["initiative"], given["kpi"], by=by, at=at)
    follow_up_rules.refuse_senseless(ValueDriver(**given))
    driver = changing.create(ValueDriver(**given), by=by, at=at)
    numbers_moved([driver.kpi_id], driver.initiative)
    return driver


@transaction.atomic
def change_driver(driver: ValueDriver, fields: Mapping[str, Any], *, by: Actor, at: datetime) -> set[str]:
    """Answers which fields differ now; the driver's version is raised. Refuses (ChangeRefused) another initiative."""
    changing.keep_initiative(driver, fields)
    _refuse_foreign_kpi(driver.initiative, fields.get("kpi", driver.kpi))
    _refuse_other_currency(driver.initiative, fields.get("unit_value"))
    before, left = driver.kpi_id, driver.pool_id
    given, replaced = kinds.priced(_with_one_volume(fields), driver), []
    if "pool" in given:
        kpi = given.get("kpi", driver.kpi)
        given["pool"] = stating.pool_of(given["pool"], driver.initiative, kpi, by=by, at=at)
    _refuse_senseless_follow_up(driver, given)
    for name in ASSUMED.keys() & given.keys():
        standing = getattr(driver, name)
        if given[name] in (standing, _as_stated(standing, at)):
            del given[name]
            continue
        if isinstance(given[name], Stated) and standing.versions.exists():
            sentence = _("Its history is kept in the register: change it there, as assumption %(id)d.")
            raise ChangeRefused("assumption_has_versions", sentence % {"id": standing.pk}, name)
        given[name] = _assumption(name, given[name], driver=fields.get("name", driver.name))
        replaced.append(standing.pk)
    changed = changing.change(driver, given, by=by, at=at)
    if changed:
        driver.version += 1
        driver.save(update_fields=["version"])
        _drop_unused(replaced)
        numbers_moved({before, driver.kpi_id}, driver.initiative)
        if left is not None and left != driver.pool_id:
            stating.count_anew([left])
    return changed


def refuse_other_unit(kpi: Kpi, fields: Mapping[str, Any]) -> None:
    """Refuses (ChangeRefused) another unit while value drivers reckon with the old one: their factor would be wrong."""
    unit = fields.get("unit", kpi.unit)
    if unit == kpi.unit or _converts_by_one(kpi.unit, unit):
        return
    reckoning = ValueDriver.objects.filter(Q(kpi=kpi) | Q(volume_kpi=kpi) | Q(captured_by=kpi)).first()
    if reckoning is not None:
        sentence = f"The value driver “{reckoning.name}” reckons in {kpi.unit}; remove it first, or define a new KPI."
        raise ChangeRefused("drivers_in_another_unit", sentence, "unit")


def _converts_by_one(one: str, other: str) -> bool:
    try:
        return units.conversion(one, other) == 1.0
    except units.UnitMismatch:
        return False


@transaction.atomic
def delete_driver(driver: ValueDriver, *, by: Actor, at: datetime) -> None:
    """Remove the driver with its open entries and with assumptions that served nobody else.

    Refuses (ChangeRefused) one with entries in a closed period.
    """
    periods.hold_books()
    _refuse_booked(driver.entries.all())
    assumed = [driver.unit_value_id, driver.realisation_id, driver.attribution_id]
    moved = {pk for pk in (driver.kpi_id, driver.captured_by_id) if pk is not None}  # others may share the follow-up
    changing.delete(driver, by=by, at=at)
    _drop_unused(assumed)
    numbers_moved(moved, driver.initiative)
    if driver.pool_id is not None:
        stating.count_anew([driver.pool_id])


def _refuse_senseless_follow_up(driver: ValueDriver, fields: Mapping[str, Any]) -> None:
    """Also where not the follow-up changes but what it is held against."""
    becomes = ValueDriver.objects.select_related("initiative", "kpi", "captured_by").get(pk=driver.pk)
    for name in fields.keys() - ASSUMED.keys():
        setattr(becomes, name, fields[name])
    follow_up_rules.refuse_senseless(becomes)


def _with_one_volume(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Who gives one kind of volume takes the other away."""
    given = dict(fields)
    for one, other in (("volume_kpi", "volume_per_interval"), ("volume_per_interval", "volume_kpi")):
        if given.get(one) is not None and other not in fields:
            given[other] = None
    return given


def _assumption(name: str, stated: Stated | Assumption, *, driver: str) -> Assumption:
    """A new one, unless one is given that stands already."""
    if isinstance(stated, Assumption):
        return stated
    return Assumption.objects.create(
        name=f"{ASSUMED[name]}: {driver}"[:120],
        low=stated.low,
        likely=stated.likely,
        high=stated.high,
        is_share=name != "unit_value",
        owner=stated.owner,
        source=stated.source,
    )


def _as_stated(assumption: Assumption, at: datetime) -> Stated:
    """As it holds on the day."""
    holds = assumption.on(organisation.calendar().local_date(at))
    return Stated(holds.low, holds.likely, holds.high, holds.owner, holds.source)


def _drop_unused(assumption_ids: Collection[int]) -> None:
    """Each use is asked for in its own subquery: a driver refers to assumptions in three columns."""
    used = [ValueDriver.objects.values(f"{name}_id") for name in ASSUMED]
    unused = Assumption.objects.filter(pk__in=assumption_ids)
    for column in used:
        unused = unused.exclude(pk__in=column)
    unused.delete()


def _refuse_foreign_kpi(initiative: Initiative, kpi: Kpi) -> None:
    if kpi.initiative_id != initiative.pk:
        sentence = "A value driver prices a KPI of its own initiative."
        raise ChangeRefused("kpi_of_another_initiative", sentence, "kpi")


def _refuse_other_currency(initiative: Initiative, price: Stated | Assumption | None) -> None:
    if not isinstance(price, Assumption):
        return
    others = ValueDriver.objects.filter(unit_value=price).exclude(initiative__currency=initiative.currency)
    if others.exists():
        sentence = _("This price is stated in another currency; state one in %(currency)s.")
        raise ChangeRefused("currency_differs", sentence % {"currency": initiative.currency}, "unit_value")


# -- what money hangs on --------------------------------------------------------------------------------------------


@transaction.atomic
def change_initiative(initiative: Initiative, fields: Mapping[str, Any], *, by: Actor, at: datetime) -> set[str]:
    """Answers which fields differ now. Refuses (ChangeRefused) another currency once there is money in the old one."""
    currency = fields.get("currency", initiative.currency)
    if currency != initiative.currency and _has_money(initiative):
        sentence = "The currency stays once there are costs or value drivers: their amounts would mean something else."
        raise ChangeRefused("currency_is_fixed", sentence, "currency")
    changed = changing.change_initiative(initiative, fields, by=by, at=at)
    if changed:
        numbers_moved(list(initiative.kpis.values_list("pk", flat=True)), initiative)
    return changed


def _has_money(initiative: Initiative) -> bool:
    return initiative.costs.exists() or initiative.value_drivers.exists()


@transaction.atomic
def remove_initiative(initiative: Initiative, *, by: Actor, at: datetime) -> None:
    """Remove the initiative with everything below it, its measurements too; what remains is the trail.

    Refuses (ProtectedError) while a value driver of another initiative takes its volume from here, and (ChangeRefused)
    where something of it is closed, unless it is of the sample.
    """
    periods.hold_books()
    if not initiative.is_sample:
        _refuse_booked(initiative.entries.all())
        spending.refuse_closed(initiative.costs.all())
    _remove_drivers(initiative.value_drivers.all())
    slug = initiative.slug
    changing.delete(initiative, by=by, at=at)
    changes.announce([("roi", slug, slug)])


@transaction.atomic
def remove_kpi(kpi: Kpi, *, by: Actor, at: datetime) -> None:
    """Remove the KPI with its measurements, baselines, drivers and entries.

    Refuses (ProtectedError) while a value driver of another KPI takes its volume from here, and (ChangeRefused) where
    entries of it are closed.
    """
    periods.hold_books()
    _refuse_booked(LedgerEntry.objects.filter(Q(kpi=kpi) | Q(driver__kpi=kpi)))
    _refuse_booked(Trace.objects.filter(kpi=kpi))
    _remove_drivers(ValueDriver.objects.filter(kpi=kpi))
    changing.delete(kpi, by=by, at=at)
    numbers_moved([], kpi.initiative)


def _refuse_booked(entries: QuerySet[LedgerEntry] | QuerySet[Trace]) -> None:
    """Closed entries and adjustments stay for good, and with them what they were computed from."""
    if entries.exclude(status=LedgerEntry.Status.OPEN).exists():
        sentence = _("It has entries in a closed period, and those stay. A value driver ends with its last day.")
        raise ChangeRefused("period_closed", sentence)


def _remove_drivers(drivers: QuerySet[ValueDriver]) -> None:
    """Drivers go first: among themselves they hold on to KPIs and assumptions."""
    rows = list(drivers.values_list("pk", *(f"{name}_id" for name in ASSUMED)))
    pools = {pk for pk in drivers.values_list("pool_id", flat=True) if pk is not None}
    drivers.delete()
    _drop_unused([assumption for row in rows for assumption in row[1:]])
    stating.count_anew(pools)  # what they claimed is the others' again


def numbers_moved(kpi_ids: Collection[int], initiative: Initiative) -> None:
    """Have the KPIs' effects and entries computed anew, and tell the browsers that the ROI may differ."""
    if kpi_ids:
        states.mark_dirty(frozenset(kpi_ids))
    wakeup.after_commit("kpis.bring_up_to_date")
    changes.announce([("roi", initiative.slug, initiative.slug)])
