"""Who sees what. Every query of a page or an endpoint starts here: what is not in it does not exist for the asker."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, Q, QuerySet

from kpis.access import rights
from kpis.access.models import Token, User
from kpis.definitions.models import Annotation, Initiative, Kpi, Target

Actor = User | Token | AnonymousUser | None


def initiatives_seen_by(actor: Actor) -> QuerySet[Initiative]:
    """The initiatives in the actor's sight, in one query. Nobody, the disabled and the anonymous see none."""
    chosen: QuerySet[Any, Any]
    if isinstance(actor, User):
        if not actor.is_active:
            return Initiative.objects.none()
        if rights.is_administrator(actor):
            return Initiative.objects.all()
        chosen = User.initiatives.through.objects.filter(user_id=actor.pk).values("initiative_id")
    elif isinstance(actor, Token):
        chosen = Token.initiatives.through.objects.filter(token_id=actor.pk).values("initiative_id")
    else:
        return Initiative.objects.none()
    among_chosen = Q(pk__in=chosen)
    return Initiative.objects.filter(among_chosen if actor.limited else among_chosen | ~Exists(chosen))


def kpis_seen_by(actor: Actor) -> QuerySet[Kpi]:
    """The KPIs of the initiatives in the actor's sight, each with its initiative."""
    seen = Kpi.objects.select_related("initiative")
    if isinstance(actor, User) and actor.is_active and rights.is_administrator(actor):
        return seen
    return seen.filter(initiative__in=initiatives_seen_by(actor))


def kpis_of(initiative: Initiative) -> list[Kpi]:
    """The KPIs of an initiative that is in sight, in their order on its page."""
    return list(Kpi.objects.filter(initiative=initiative).select_related("initiative").order_by("position", "pk"))


def annotations_seen_by(actor: Actor) -> QuerySet[Annotation]:
    """The annotations of the initiatives in the actor's sight, each with its initiative."""
    return Annotation.objects.filter(initiative__in=initiatives_seen_by(actor)).select_related("initiative")


def targets_of(kpi: Kpi) -> QuerySet[Target]:
    """The KPI's target path, earliest first."""
    return Target.objects.filter(kpi=kpi).select_related("kpi").order_by("on")


def slugs_seen_by(actor: Actor) -> frozenset[str] | None:
    """The slugs in sight, for filtering what is no row; None where every initiative is seen, later ones too."""
    if isinstance(actor, User | Token) and _is_active(actor) and not rights.is_limited(actor):
        return None
    return frozenset(initiatives_seen_by(actor).values_list("slug", flat=True))


def initiatives_named(slugs: Iterable[str]) -> list[Initiative]:
    """The initiatives with these slugs, for a command typed on the machine itself; unknown slugs are absent."""
    return list(Initiative.objects.filter(slug__in=slugs))


def _is_active(actor: User | Token) -> bool:
    return actor.is_active if isinstance(actor, User) else True
