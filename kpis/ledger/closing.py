"""Closing a period: its entries and costs stay as they are; what is learned later is booked in the open one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from kpis.access import audit, rights
from kpis.access.models import Token, User
from kpis.access.rights import Action
from kpis.definitions.models import Initiative, Kpi
from kpis.evaluation import effects
from kpis.ledger import account, periods, posting
from kpis.ledger.models import LedgerEntry, Period, Trace
from kpis.ledger.obstacles import obstacles_of
from kpis.plumbing import changes, wakeup
from kpis.rollups import states


class PeriodNotClosable(Exception):
    """Says why, in words that the controller's page shows as they are; `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class ClosingNotAllowed(PeriodNotClosable):
    """The asker has not the right."""


def may_close(actor: rights.Actor) -> bool:
    """Whether the actor is a controller (or administrator) who sees every initiative: a period is closed for all."""
    allowed = rights.may(actor, Action.CLOSE_PERIODS)
    return allowed and isinstance(actor, User | Token) and not rights.is_limited(actor)


@transaction.atomic
def close_period(period: Period, *, by: User | Token, at: datetime, reason: str = "") -> Period:
    """Freeze all entries and costs of the period, as they follow from the data at this moment. Never undone.

    `period` as `periods.period_named` answers it. Refuses (ClosingNotAllowed) who has not the right, and
    (PeriodNotClosable) a period that is closed, not over, not the next one, or in which data is missing: while data
    may still come always, where none came unless a `reason` is given.
    """
    _refuse_without_right(by)
    periods.hold_books()
    obstacles = obstacles_of(period, now=at, reason=reason)
    if obstacles:
        first = obstacles[0].code
        raise PeriodNotClosable(first, " ".join(o.detail for o in obstacles if o.code == first))
    initiatives = list(Initiative.objects.filter(is_sample=period.is_sample).order_by("pk"))
    _bring_up_to_date(initiatives, at)
    found = account.accounts_now(period, initiatives)
    period.account = {each.initiative.slug: each.as_json() for each in found}
    period.closed_at, period.closed_by, period.reason = at, rights.person_behind(by), reason
    period.save(force_insert=True)
    is_of_it = Q(initiative__in=initiatives, status=LedgerEntry.Status.OPEN, interval_end__lte=period.ends_at)
    frozen = LedgerEntry.objects.filter(is_of_it).update(status=LedgerEntry.Status.CLOSED)
    Trace.objects.filter(is_of_it).update(status=LedgerEntry.Status.CLOSED)
    details = {"entries": frozen, "reason": reason, "account": period.account}
    audit.record("period.closed", by=by, subject=f"period:{period.key}", details=details, at=at)
    changes.announce([("roi", initiative.slug, initiative.slug) for initiative in initiatives])
    wakeup.after_commit("kpis.bring_up_to_date")
    return period


def forget_sample_periods() -> None:
    """After the sample company has gone, and with it the last of its entries."""
    Period.objects.filter(is_sample=True).delete()


def _refuse_without_right(by: User | Token) -> None:
    if not rights.may(by, Action.CLOSE_PERIODS):
        sentence = _("Periods are closed by a controller or an administrator.")
        raise ClosingNotAllowed("closing_not_yours", sentence)
    if not may_close(by):
        sentence = _("A period is closed for all initiatives at once, and you see some of them only.")
        raise ClosingNotAllowed("sight_is_limited", sentence)


def _bring_up_to_date(initiatives: Collection[Initiative], at: datetime) -> None:
    """What waits to be evaluated is evaluated first, so that nothing is frozen that is known to be behind."""
    waiting = states.waiting_for_evaluation(now=at).keys()
    own = set(Kpi.objects.filter(pk__in=waiting, initiative__in=initiatives).values_list("pk", flat=True))
    effects.evaluate_kpis(own, now=at)
    posting.post_entries(own, now=at)
