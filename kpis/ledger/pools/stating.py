"""Saying what a pool is: its capacity with owner and source, its rule, and which claims are different hours.

Each verb is one transaction with its audit row and the reason, and has the entries of all who draw on the pool counted
anew; what that moves in a closed period is an adjustment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from kpis.access import audit, rights
from kpis.access.models import Token, User
from kpis.calculations import units
from kpis.definitions import changing, organisation
from kpis.definitions.changing import Actor, ChangeRefused
from kpis.definitions.models import Initiative, Kpi
from kpis.definitions.sight import initiatives_seen_by
from kpis.ledger.models import ValueDriver
from kpis.ledger.pools.models import Apart, Capacity, Pool
from kpis.plumbing import changes, wakeup
from kpis.rollups import states


@dataclass(frozen=True, slots=True)
class StatedCapacity:
    """Paid hours, or money, a month from the month of `since` on; zero closes the pool."""

    since: date
    quantity: Decimal
    owner: str
    source: str


def may_decide(actor: rights.Actor, pool: Pool) -> bool:
    """Whether the actor is a controller (or administrator) who sees everybody that draws on the pool."""
    return rights.may(actor, rights.Action.CHANGE_POOLS) and _sees_all_of(actor, pool)


def _sees_all_of(actor: rights.Actor, pool: Pool) -> bool:
    if not isinstance(actor, User | Token) or not rights.is_limited(actor):
        return True
    return not pool.drivers.exclude(initiative__in=initiatives_seen_by(actor)).exists()


def pool_of(named: str, initiative: Initiative, kpi: Kpi, *, by: Actor, at: datetime) -> Pool | None:
    """The pool that a driver names, in whatever case; one that nobody named before comes to be, without capacity."""
    slug = " ".join(named.split())
    if not slug:
        return None
    standing = Pool.objects.filter(is_sample=initiative.is_sample, slug__iexact=slug).first()
    if standing is not None:
        return standing
    unit = Pool.Unit.HOURS if units.is_time(kpi.unit) else Pool.Unit.MONEY
    fields = {"slug": slug, "name": slug, "unit": unit, "is_sample": initiative.is_sample}
    if unit == Pool.Unit.MONEY:
        fields["currency"] = initiative.currency
    return create_pool(fields, by=by, at=at)


@transaction.atomic
def create_pool(fields: Mapping[str, Any], *, by: Actor, at: datetime) -> Pool:
    """Refuses (ChangeRefused) a name that is taken."""
    given = _with_currency({**fields, "name": fields.get("name") or fields["slug"]}, Pool())
    if Pool.objects.filter(is_sample=given.get("is_sample", False), slug__iexact=given["slug"]).exists():
        raise ChangeRefused("unique", _("There is a pool of this name already."), "slug")
    return changing.create(Pool(**given), by=by, at=at)


@transaction.atomic
def change_pool(pool: Pool, fields: Mapping[str, Any], *, by: Actor, at: datetime, reason: str) -> set[str]:
    """Another name, share, unit or rule. Refuses (ChangeRefused) what has no reason."""
    _refuse_without_reason(reason)
    _refuse_limited(pool, by)
    if fields.get("slug", pool.slug) != pool.slug:
        raise ChangeRefused("slug_is_fixed", _("Value drivers name the pool by its slug: it stays."), "slug")
    changed = changing.change(pool, _with_currency(fields, pool), by=by, at=at)
    if changed:
        _record_reason(pool, reason, by=by, at=at)
        count_anew([pool.pk])
    return changed


def _with_currency(fields: Mapping[str, Any], pool: Pool) -> dict[str, Any]:
    """Hours have none; money is of the organisation's where none is given."""
    given = dict(fields)
    if given.get("unit", pool.unit) == Pool.Unit.HOURS:
        given["currency"] = ""
    else:
        given["currency"] = given.get("currency") or pool.currency or organisation.current().reporting_currency
    return given


@transaction.atomic
def state_capacity(pool: Pool, stated: StatedCapacity, *, by: Actor, at: datetime, reason: str) -> Capacity:
    """What the pool holds from a month on; a row of the same month is replaced. Refuses (ChangeRefused) no reason."""
    _refuse_without_reason(reason)
    _refuse_limited(pool, by)
    for attr in ("owner", "source"):
        if not getattr(stated, attr).strip():
            raise ChangeRefused("required", _("A capacity has an owner and a source."), attr)
    if stated.quantity < 0:
        raise ChangeRefused("min_value", _("A capacity is not negative."), "quantity")
    since = stated.since.replace(day=1)
    fields = {"quantity": stated.quantity, "owner": stated.owner.strip(), "source": stated.source.strip()}
    standing = pool.capacities.filter(since=since).first()
    if standing is None:
        standing = changing.create(Capacity(pool=pool, since=since, **fields), by=by, at=at)
    else:
        changing.change(standing, fields, by=by, at=at)
    _record_reason(pool, reason, by=by, at=at)
    count_anew([pool.pk])
    return standing


@transaction.atomic
def set_apart(one: ValueDriver, other: ValueDriver, *, by: Actor, at: datetime, reason: str) -> Apart:
    """Decide that the claims of two drivers on one pool are different hours: both count, up to the capacity.

    Refuses (ChangeRefused) drivers of different pools, and no reason.
    """
    _refuse_without_reason(reason)
    if one.pk == other.pk or one.pool_id is None or one.pool_id != other.pool_id:
        raise ChangeRefused("not_one_pool", _("Two value drivers of one pool can be set apart."), "second")
    if one.pool is not None:
        _refuse_limited(one.pool, by)
    first, second = sorted((one, other), key=lambda driver: driver.pk)
    standing = Apart.objects.filter(first=first, second=second).first()
    if standing is not None:
        return standing
    person = rights.person_behind(by) if by is not None else None
    decided = Apart(first=first, second=second, reason=reason.strip(), decided_by=person, decided_at=at)
    changing.create(decided, by=by, at=at)
    count_anew([one.pool_id])
    return decided


def decide_apart(one: ValueDriver, other: ValueDriver, *, apart: bool, by: Actor, at: datetime, reason: str) -> None:
    """Set the two apart, or bring them together again; nothing changes where it is so already."""
    standing = Apart.objects.filter(first__in=[one, other], second__in=[one, other]).first()
    if apart:
        set_apart(one, other, by=by, at=at, reason=reason)
    elif standing is not None:
        bring_together(standing, by=by, at=at, reason=reason)


@transaction.atomic
def bring_together(decided: Apart, *, by: Actor, at: datetime, reason: str) -> None:
    """Take the decision back: the same hours again."""
    _refuse_without_reason(reason)
    pool = decided.first.pool
    if pool is not None:
        _refuse_limited(pool, by)
    changing.delete(decided, by=by, at=at)
    if pool is not None:
        _record_reason(pool, reason, by=by, at=at)
        count_anew([pool.pk])


def forget_sample_pools() -> None:
    """After the sample company has gone, and with it everybody who drew on them."""
    Pool.objects.filter(is_sample=True).delete()


def count_anew(pool_ids: Collection[int]) -> None:
    """Have everybody's claims on these pools counted again."""
    drivers = ValueDriver.objects.filter(pool__in=pool_ids)
    kpis = frozenset(drivers.values_list("kpi_id", flat=True))
    if not kpis:
        return
    states.mark_dirty(kpis)
    wakeup.after_commit("kpis.bring_up_to_date")
    slugs = set(drivers.values_list("initiative__slug", flat=True))
    changes.announce([("roi", slug, slug) for slug in sorted(slugs)])


def _refuse_without_reason(reason: str) -> None:
    if not reason.strip():
        raise ChangeRefused("reason_missing", _("Say why: it moves what counts, and the reason is kept."), "reason")


def _refuse_limited(pool: Pool, by: Actor) -> None:
    """What counts of a pool concerns all who draw on it: nobody decides about claims that he does not see."""
    if not _sees_all_of(by, pool):
        sentence = _("Initiatives that you do not see draw on this pool too; somebody who sees them decides.")
        raise ChangeRefused("sight_is_limited", sentence)


def _record_reason(pool: Pool, reason: str, *, by: Actor, at: datetime) -> None:
    details = {"reason": reason.strip()}
    audit.record("pool.decided", by=by, subject=changing.subject_of(pool), details=details, at=at)
