"""Changing costs: what is dated into an open period, never what a closed one holds.

Each verb is one transaction with its audit row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from kpis.definitions import changing
from kpis.definitions.changing import Actor, ChangeRefused
from kpis.definitions.models import Initiative
from kpis.ledger import periods
from kpis.ledger.models import CostEntry
from kpis.plumbing import changes
from kpis.wording import moments


@transaction.atomic
def create_cost(fields: Mapping[str, Any], *, by: Actor, at: datetime) -> CostEntry:
    """A new cost entry, in the initiative's currency where none is given.

    Refuses (ChangeRefused) an actual cost dated into a closed period.
    """
    given = {"currency": fields["initiative"].currency, **fields}
    periods.hold_books()
    refuse_closed([CostEntry(**given)])
    cost = changing.create(CostEntry(**given), by=by, at=at)
    _told(cost.initiative)
    return cost


@transaction.atomic
def change_cost(cost: CostEntry, fields: Mapping[str, Any], *, by: Actor, at: datetime) -> set[str]:
    """Answers which fields differ now. Refuses (ChangeRefused) another initiative.

    Of a cost with payments in a closed period only its last day, not before that period's end, and its settlement
    change.
    """
    changing.keep_initiative(cost, fields)
    periods.hold_books()
    _refuse_closed_payments(cost, fields)
    changed = changing.change(cost, fields, by=by, at=at)
    if changed:
        _told(cost.initiative)
    return changed


@transaction.atomic
def delete_cost(cost: CostEntry, *, by: Actor, at: datetime) -> None:
    """Refuses (ChangeRefused) a cost with payments in a closed period."""
    periods.hold_books()
    refuse_closed([cost])
    changing.delete(cost, by=by, at=at)
    _told(cost.initiative)


def refuse_closed(costs: Iterable[CostEntry]) -> None:
    """Refuses (ChangeRefused) costs that begin in a closed period; a late invoice is booked in the open one."""
    for cost in costs:
        closed = periods.closed_on(cost.initiative)
        if closed is not None and cost.kind == CostEntry.Kind.ACTUAL and cost.on <= closed:
            raise ChangeRefused("period_closed", _closed_sentence(closed), "on")


def _refuse_closed_payments(cost: CostEntry, fields: Mapping[str, Any]) -> None:
    was = CostEntry.objects.get(pk=cost.pk)
    becomes = CostEntry.objects.get(pk=cost.pk)
    for name, value in fields.items():
        setattr(becomes, name, value)
    closed = periods.closed_on(cost.initiative)
    if closed is None or all(c.kind != CostEntry.Kind.ACTUAL or c.on > closed for c in (was, becomes)):
        return
    moved = {name for name in fields if getattr(was, name) != getattr(becomes, name)} - {"settlement"}
    ends_later = all(c.until is None or c.until >= closed for c in (was, becomes))
    if moved - {"until"} or (moved and not ends_later):
        raise ChangeRefused("period_closed", _closed_sentence(closed), min(moved - {"until"} or moved))


def _closed_sentence(closed: date) -> str:
    sentence = _(
        "Costs up to %(last)s are closed. Book it on a later day; the difference to a closed cost too, with its sign."
    )
    return sentence % {"last": moments.day(closed)}


def _told(initiative: Initiative) -> None:
    """No entry follows from a cost; the browsers hear that the ROI is another one."""
    changes.announce([("roi", initiative.slug, initiative.slug)])
