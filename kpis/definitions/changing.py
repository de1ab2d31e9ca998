"""Changing what is measured: each change in one transaction with its audit row.

A slug, once given, stays: senders, links and files address a row by it. What a change means for numbers (effects,
ledger) is said by the rooms above that own them; `ledger.changing` has the verbs that reach so far.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model

from kpis.access import audit, rights
from kpis.access.models import Token, User
from kpis.calculations import units
from kpis.definitions import keys, organisation, versions
from kpis.definitions.models import Annotation, Initiative, Kpi, Target
from kpis.definitions.versions import DEFINES_THE_MEASURE

Actor = User | Token | None
NINE_PLACES = Decimal("0.000000001")
Fields = Mapping[str, Any]
Row = TypeVar("Row", bound=Model)


class ChangeRefused(Exception):
    """Why a change was not made, in words for the one who asked; `attr` is the field to blame."""

    def __init__(self, code: str, detail: str, attr: str | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.attr = code, detail, attr


# -- initiatives ----------------------------------------------------------------------------------------------------


def create_initiative(fields: Fields, *, by: Actor, at: datetime) -> Initiative:
    """A new initiative; its currency is the organisation's where none is given.

    Made by an actor whose sight is limited, it comes into that sight: who made it must not lose it at once.
    """
    given = {"currency": organisation.current().reporting_currency, **fields}
    with transaction.atomic():
        initiative = create(Initiative(**given), by=by, at=at)
        if isinstance(by, User) and rights.is_limited(by):
            by.initiatives.add(initiative)
    return initiative


def change_initiative(initiative: Initiative, fields: Fields, *, by: Actor, at: datetime) -> set[str]:
    """Answers which fields differ now. Refuses (ChangeRefused) another slug."""
    _keep_slug(initiative, fields)
    return change(initiative, fields, by=by, at=at)


# -- KPIs -----------------------------------------------------------------------------------------------------------


def create_kpi(fields: Fields, *, by: Actor, at: datetime) -> Kpi:
    """A new KPI under its key; measured at the interval of its category where none is given."""
    given = {"interval": Kpi.DEFAULT_INTERVAL[fields["category"]], **fields}
    key = keys.key_of(fields["initiative"].slug, fields["slug"])
    return create(Kpi(**given, key=key), by=by, at=at)


def change_kpi(kpi: Kpi, fields: Fields, *, by: Actor, at: datetime, reason: str = "") -> set[str]:
    """Answers which fields differ now; the definition's version is raised. Refuses another slug or initiative.

    reason : why it is measured otherwise, where that changes; kept with the version.
    """
    _keep_slug(kpi, fields)
    keep_initiative(kpi, fields)
    house = organisation.current()
    with transaction.atomic():
        if DEFINES_THE_MEASURE & fields.keys():
            versions.keep_standing(Kpi.objects.select_for_update().get(pk=kpi.pk), house)
        was = Kpi.objects.values_list("unit", flat=True).get(pk=kpi.pk)
        changed = change(kpi, fields, by=by, at=at)
        if "unit" in changed:
            _restate_targets(kpi, was, by=by, at=at)
        if changed:
            kpi.version += 1
            kpi.save(update_fields=["version"])
        if changed & DEFINES_THE_MEASURE:
            versions.open_version(kpi, house, by=by, at=at, reason=reason)
    return changed


def _restate_targets(kpi: Kpi, was: str, *, by: Actor, at: datetime) -> None:
    """Targets stay the same quantities in the new unit. Refuses (ChangeRefused) a unit that they cannot be said in."""
    targets = list(Target.objects.filter(kpi=kpi))
    if not targets:
        return
    try:
        factor = Decimal(repr(units.conversion(was, kpi.unit)))
    except units.UnitMismatch as error:
        sentence = f"The KPI has targets in {was}, which cannot be said in {kpi.unit}; remove them first."
        raise ChangeRefused("targets_in_another_unit", sentence, "unit") from error
    for target in targets:
        change(target, {"value": (target.value * factor).quantize(NINE_PLACES)}, by=by, at=at)


def keep_initiative(row: Any, fields: Fields) -> None:
    """Refuses (ChangeRefused) to move what belongs to one initiative to another."""
    if fields.get("initiative", row.initiative) != row.initiative:
        raise ChangeRefused("initiative_is_fixed", "It stays with its initiative; write a new one there.", "initiative")


def _keep_slug(row: Initiative | Kpi, fields: Fields) -> None:
    if fields.get("slug", row.slug) != row.slug:
        raise ChangeRefused("slug_is_fixed", "A slug stays as it is: senders and links use it.", "slug")


# -- targets and annotations ----------------------------------------------------------------------------------------


def create_target(kpi: Kpi, fields: Fields, *, by: Actor, at: datetime) -> Target:
    """One more point of the KPI's target path."""
    return create(Target(kpi=kpi, **fields), by=by, at=at)


def create_annotation(fields: Fields, *, by: Actor, at: datetime) -> Annotation:
    return create(Annotation(**fields), by=by, at=at)


def change_annotation(annotation: Annotation, fields: Fields, *, by: Actor, at: datetime) -> set[str]:
    """Answers which fields differ now. Refuses another initiative."""
    keep_initiative(annotation, fields)
    return change(annotation, fields, by=by, at=at)


# -- the four lines of every change ---------------------------------------------------------------------------------


@transaction.atomic
def create(row: Row, *, by: Actor, at: datetime) -> Row:
    row.save(force_insert=True)
    said = {field.name: getattr(row, field.name) for field in row._meta.concrete_fields if not field.primary_key}
    audit.record(f"{noun_of(row)}.created", by=by, subject=subject_of(row), details=_spoken(said), at=at)
    return row


@transaction.atomic
def change(row: Model, fields: Fields, *, by: Actor, at: datetime) -> set[str]:
    """Set `fields` on the row as it stands now, under its lock; answers which of them differ."""
    standing = type(row)._default_manager.select_for_update().get(pk=row.pk)
    before = {name: getattr(standing, name) for name, value in fields.items() if getattr(standing, name) != value}
    for name in fields:
        setattr(row, name, fields[name])
    if before:
        row.save(update_fields=sorted(before))
        details = {name: {"from": _word(old), "to": _word(fields[name])} for name, old in before.items()}
        audit.record(f"{noun_of(row)}.changed", by=by, subject=subject_of(row), details=details, at=at)
    return set(before)


@transaction.atomic
def delete(row: Model, *, by: Actor, at: datetime) -> None:
    """Remove the row with everything that cannot be without it."""
    subject = subject_of(row)
    row.delete()
    audit.record(f"{noun_of(row)}.deleted", by=by, subject=subject, at=at)


NOUNS = {"ValueDriver": "value_driver", "CostEntry": "cost", "ExchangeRate": "exchange_rate"}


def noun_of(row: Model) -> str:
    return NOUNS.get(type(row).__name__, type(row).__name__.lower())


def subject_of(row: Model) -> str:
    """How the trail names a row: "kpi:support.handling-time", "target:support.handling-time:2026-06-01"."""
    if isinstance(row, Initiative):
        return f"initiative:{row.slug}"
    if isinstance(row, Kpi):
        return f"kpi:{row.key}"
    if isinstance(row, Target):
        return f"target:{row.kpi.key}:{row.on.isoformat()}"
    owner = getattr(row, "initiative", None)
    place = f"{owner.slug}:" if isinstance(owner, Initiative) else ""
    return f"{noun_of(row)}:{place}{row.pk}"


def _spoken(fields: Fields) -> dict[str, Any]:
    return {name: _word(value) for name, value in fields.items() if value not in (None, "")}


def _word(value: Any) -> Any:
    return subject_of(value) if isinstance(value, Model) else value
