"""Changing an assumption: a value that counts from a day on, or a correction of the one that holds.

    with a day     a further version: intervals that begin before it keep the old values, later ones take the new
    without a day  a correction of the version that holds today: all of its intervals are computed anew, closed ones
                   get adjustments

What a change would come to is shown before it is made (`roi.previewing`): by the very plan that is stored here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from kpis.access import audit, rights
from kpis.definitions import organisation
from kpis.definitions.changing import Actor, ChangeRefused
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger import changing, periods
from kpis.ledger.models import Assumption, AssumptionVersion, LedgerEntry, ValueDriver
from kpis.wording import moments

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants an assumption to say. `valid_from` None: correct what holds today."""

    low: Decimal
    likely: Decimal
    high: Decimal
    owner: str
    source: str
    valid_from: date | None = None
    valid_to: date | None = None
    review_on: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change would write: `version`, not stored, in place of `replaces` (None: after all the others).

    validities : the versions that would count then, oldest first.
    """

    version: AssumptionVersion
    replaces: AssumptionVersion | None
    validities: tuple[AssumptionVersion, ...]

    @property
    def changes_anything(self) -> bool:
        return self.replaces is None or _stated(self.replaces) != _stated(self.version)


def wanted_of(version: AssumptionVersion) -> Wanted:
    """The same again, as a correction: what a form starts from."""
    return Wanted(**{name: getattr(version, name) for name in AssumptionVersion.STATED} | {"valid_from": None})


def wanted_from(assumption: Assumption, given: Mapping[str, Any], *, today: date) -> Wanted:
    """Members that are not given stay as the version says that is corrected; a further version has an end and a review
    of its own."""
    corrected = _corrected(assumption, given.get("valid_from"), today)
    before = wanted_of(corrected or assumption.on(today))
    return replace(before, **({} if corrected else {"valid_to": None, "review_on": None}) | dict(given))


def drivers_of(assumption: Assumption) -> QuerySet[ValueDriver]:
    """The value drivers that rest on it, in whatever role, whoever sees them."""
    rests = Q(unit_value=assumption) | Q(realisation=assumption) | Q(attribution=assumption)
    return ValueDriver.objects.filter(rests).select_related("initiative", "kpi").order_by("initiative__name", "pk")


def assumptions_seen_by(actor: rights.Actor) -> QuerySet[Assumption]:
    """Those that a driver of an initiative in sight rests on."""
    seen = ValueDriver.objects.filter(initiative__in=initiatives_seen_by(actor))
    resting = Q(pk__in=seen.values("unit_value")) | Q(pk__in=seen.values("realisation"))
    return Assumption.objects.filter(resting | Q(pk__in=seen.values("attribution"))).order_by("name", "pk")


def stamp_of(assumption: Assumption, wanted: Wanted) -> str:
    """Says what a look at a change rested on: what is wanted, the versions, the drivers, their entries and those that
    draw on the same pools, and how far books are closed. Another one means: what was looked at is not what would happen
    now.
    """
    pools = drivers_of(assumption).exclude(pool=None).values("pool")
    concerned = Q(driver__in=drivers_of(assumption).values("pk")) | Q(driver__pool__in=pools)
    rows = LedgerEntry.objects.filter(concerned).order_by("driver_id")
    booked = rows.values_list("driver_id", "driver__version").annotate(Count("pk"), Sum("amount"), Max("computed_at"))
    closed = [periods.closed_until(is_sample=is_sample) for is_sample in (False, True)]
    drivers = list(drivers_of(assumption).values_list("pk", "version"))
    said = [asdict(wanted), assumption.pk, assumption.version, drivers, list(booked), closed]
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()[:32]


def plan_of(assumption: Assumption, wanted: Wanted, *, by: Actor, at: datetime) -> Plan:
    """What the change would write. Refuses (ChangeRefused) values that cannot be meant, validity that overlaps, a day
    in a closed period, and who does not see all that rests on it."""
    _refuse_unsound(assumption, wanted)
    _refuse_unseen(assumption, by)
    standing = assumption.validities
    replaces = _corrected(assumption, wanted.valid_from, organisation.calendar().local_date(at))
    if replaces is None:
        _refuse_closed(assumption, wanted.valid_from)
    said = asdict(wanted) | ({"valid_from": replaces.valid_from} if replaces else {})
    author = rights.person_behind(by) if by is not None else None
    version = AssumptionVersion(assumption=assumption, version=assumption.version + 1, author=author, at=at, **said)
    after = [version if v is replaces else v for v in standing] + ([version] if replaces is None else [])
    _refuse_overlap(after)
    return Plan(version, replaces, tuple(after))


@transaction.atomic
def change_assumption(
    assumption: Assumption, wanted: Wanted, *, by: Actor, at: datetime, stamp: str | None = None
) -> bool:
    """Whether anything differs now. Refuses (ChangeRefused) as `plan_of`, a change without its reason, and with a
    `stamp` one that was looked at when something was otherwise."""
    periods.hold_books()
    row = Assumption.objects.select_for_update().get(pk=assumption.pk)
    if stamp is not None and stamp != stamp_of(row, wanted):
        raise ChangeRefused("changed_meanwhile", _("Something has changed since this was shown. Look at it once more."))
    plan = plan_of(row, wanted, by=by, at=at)
    if not plan.changes_anything:
        return False
    if not wanted.reason:
        raise ChangeRefused("reason_missing", _("Say why: the reason stays with the assumption."), "reason")
    before = plan.replaces or row.validities[-1]
    _store(row, plan, at)
    audit.record("assumption.changed", by=by, subject=f"assumption:{row.pk}", details=_told(before, plan), at=at)
    for driver in drivers_of(row):
        changing.numbers_moved([driver.kpi_id], driver.initiative)
    return True


def as_planned(assumption: Assumption, plan: Plan) -> Assumption:
    """A copy of the assumption as it would be, not to be stored."""
    newest = plan.validities[-1]
    copy = Assumption(pk=assumption.pk, name=assumption.name, is_share=assumption.is_share, version=newest.version)
    for name in AssumptionVersion.STATED:
        setattr(copy, name, getattr(newest, name))
    copy.validities = plan.validities
    return copy


def _store(row: Assumption, plan: Plan, at: datetime) -> None:
    if not row.versions.exists():
        AssumptionVersion.standing(row).save(force_insert=True)
    if plan.replaces is not None:
        row.versions.filter(version=plan.replaces.version).update(replaced_at=at)
    plan.version.save(force_insert=True)
    mirrored = as_planned(row, plan)
    mirrored.version = plan.version.version
    mirrored.save(update_fields=[*AssumptionVersion.STATED, "version"])


def _corrected(assumption: Assumption, valid_from: date | None, today: date) -> AssumptionVersion | None:
    """The version whose place a change takes: the one that holds today, or the one that begins on the very day."""
    if valid_from is None:
        return assumption.on(today)
    return next((v for v in assumption.validities if v.valid_from == valid_from), None)


def _refuse_unsound(assumption: Assumption, wanted: Wanted) -> None:
    if not wanted.low <= wanted.likely <= wanted.high:
        raise ChangeRefused("not_in_order", _("Low, likely and high must be in this order."), "likely")
    if assumption.is_share and not (wanted.low >= 0 and wanted.high <= 1):
        raise ChangeRefused("not_a_share", _("A share lies within 0 and 1."), "high")
    if wanted.valid_to and wanted.valid_from and wanted.valid_to < wanted.valid_from:
        raise ChangeRefused("ends_before_it_begins", _("It would end before it begins."), "valid_to")


def _refuse_unseen(assumption: Assumption, by: Actor) -> None:
    """Who changes money must see what becomes of it."""
    served = set(drivers_of(assumption).values_list("initiative_id", flat=True))
    if by is not None and served - set(initiatives_seen_by(by).values_list("pk", flat=True)):
        sentence = _(
            "Initiatives that you do not see rest on this assumption as well; somebody who sees them changes it."
        )
        raise ChangeRefused("sight_is_limited", sentence)


def _refuse_closed(assumption: Assumption, valid_from: date | None) -> None:
    initiatives = {driver.initiative.is_sample: driver.initiative for driver in drivers_of(assumption)}
    closed = max((on for i in initiatives.values() if (on := periods.closed_on(i)) is not None), default=None)
    if valid_from is not None and closed is not None and valid_from <= closed:
        sentence = _(
            "Periods up to %(last)s are closed. A new value counts from %(first)s at the earliest; a value that was "
            "wrong all along is corrected without a date, and closed periods get adjustments."
        )
        said = {"last": moments.day(closed), "first": moments.day(closed + DAY)}
        raise ChangeRefused("period_closed", sentence % said, "valid_from")


def _refuse_overlap(versions: list[AssumptionVersion]) -> None:
    for one, following in pairwise(versions):
        begins = following.valid_from
        if begins is None or (one.valid_from and begins <= one.valid_from):
            sentence = _("From %(day)s on another value is stated already. A further one begins later.")
            raise ChangeRefused(
                "validity_overlaps", sentence % {"day": moments.day(one.valid_from or date.min)}, "valid_from"
            )
        if one.valid_to is not None and begins <= one.valid_to:
            sentence = _(
                "Until %(until)s one value is stated to hold, and from %(day)s on another. Let the later one begin "
                "afterwards, or correct the end of the earlier one first."
            )
            said = {"until": moments.day(one.valid_to), "day": moments.day(begins)}
            raise ChangeRefused("validity_overlaps", sentence % said, "valid_from")


def _stated(version: AssumptionVersion) -> dict[str, object]:
    return {name: getattr(version, name) for name in AssumptionVersion.STATED}


def _told(before: AssumptionVersion, plan: Plan) -> dict[str, object]:
    """For the trail: what was said before and is said now; a new version has its day."""
    was, now = _stated(before), _stated(plan.version)
    changed = {name: {"from": was[name], "to": now[name]} for name in now if was[name] != now[name]}
    return changed | {"reason": plan.version.reason, "version": plan.version.version}
