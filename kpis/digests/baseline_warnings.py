"""Who is told, by mail, that a KPI's baseline will not suffice by go-live: each turn to the worse once.

The person whom the initiative names as its owner (by address, user name or full name); where it names nobody of the
portal, those who may manage the initiative. Only who sees the initiative, never an address that is no user's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from itertools import groupby

from django.db import transaction
from django.db.models import F

from kpis.access import rights
from kpis.access.models import User
from kpis.access.rights import Action
from kpis.baselines.clock import BaselineClock, clocks_of
from kpis.definitions import organisation
from kpis.definitions.models import Initiative, Kpi
from kpis.digests import warning_mail
from kpis.digests.models import BaselineWarning
from kpis.plumbing import outbox

State = BaselineWarning.State
Told = Mapping[tuple[int, int, date | None], int]  # KPI, person, go-live: how bad it was when last told

HOW_BAD = {State.JUST_SUFFICES: 1, State.WILL_NOT_SUFFICE: 2, State.RECOVERABLE: 2, State.MISSED: 3}
LATELY = timedelta(days=28)  # what went live without a baseline longer ago was decided, or known, by now


def write_due(*, at: datetime) -> int:
    """Write the mails that are due into the outbox; answers how many. Asked again it writes none."""
    clocks = [clock for clock in clocks_of(_unsettled(at), now=at).values() if _is_bad(clock)]
    told, written = _told(clocks), 0
    for initiative, found in groupby(clocks, key=lambda clock: clock.kpi.initiative):
        together = list(found)
        for person in people_of(initiative):
            news = [clock for clock in together if HOW_BAD[State(clock.state)] > told.get(_key(clock, person), 0)]
            if news:
                _write(news, person, at=at)
                written += 1
    return written


def people_of(initiative: Initiative) -> list[User]:
    """Who is told about an initiative's baselines, in the order of their ids."""
    people = User.objects.filter(is_active=True).order_by("pk")
    owner = initiative.owner.strip().casefold()
    named = [user for user in people if owner and owner in _names(user)]
    managing = [user for user in people if rights.may(user, Action.CHANGE_INITIATIVES)]
    return [user for user in named or managing if rights.sees(user, initiative.pk)]


def _names(user: User) -> set[str]:
    return {name.strip().casefold() for name in (user.email, user.username, user.get_full_name())} - {""}


def _unsettled(at: datetime) -> list[Kpi]:
    """KPIs of real initiatives that will go live, or did of late, and have no approved baseline of any kind."""
    since = organisation.calendar().local_date(at) - LATELY
    rows = Kpi.objects.filter(is_context=False, initiative__is_sample=False, initiative__go_live_on__gte=since)
    rows = rows.exclude(initiative__phase=Initiative.Phase.RETIRED).exclude(baselines__approved_at__isnull=False)
    # What went live on the day on which it started has no time before, as the portal that watches itself.
    rows = rows.exclude(initiative__started_on=F("initiative__go_live_on"))
    return list(rows.select_related("initiative").order_by("initiative", "position", "pk"))


def _is_bad(clock: BaselineClock) -> bool:
    """A draft that waits for approval is on its way already."""
    return clock.state in set(State) and not (clock.state == State.RECOVERABLE and clock.draft is not None)


def _told(clocks: Collection[BaselineClock]) -> Told:
    worst: dict[tuple[int, int, date | None], int] = {}
    for row in BaselineWarning.objects.filter(kpi__in=[clock.kpi.pk for clock in clocks]):
        key = (row.kpi_id, row.user_id, row.go_live_on)
        worst[key] = max(HOW_BAD[State(row.state)], worst.get(key, 0))
    return worst


def _key(clock: BaselineClock, person: User) -> tuple[int, int, date | None]:
    return clock.kpi.pk, person.pk, clock.kpi.initiative.go_live_on


@transaction.atomic
def _write(news: list[BaselineClock], person: User, *, at: datetime) -> None:
    """One mail about these KPIs of one initiative; the rows that keep it from being written again come with it."""
    told = ",".join(f"{clock.kpi.pk}:{clock.state}:{clock.kpi.initiative.go_live_on}" for clock in news)
    letter = warning_mail.render(news, person)
    mail = outbox.queue(letter, identity=f"baseline-warning:{person.pk}:{told}", at=at)
    rows = [
        BaselineWarning(kpi=clock.kpi, user=person, go_live_on=live, state=clock.state, mail=mail)
        for clock in news
        if (live := clock.kpi.initiative.go_live_on) is not None
    ]
    BaselineWarning.objects.bulk_create(rows)
