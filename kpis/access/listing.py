"""Tokens and the trail as lists, for those who may see them."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from kpis.access import rights
from kpis.access.models import AuditEvent, Token, User
from kpis.access.rights import Actor


def tokens_seen_by(actor: Actor) -> QuerySet[Token]:
    """Every token, newest first; to whose sight is limited, only the tokens that see no more than they do."""
    tokens = Token.objects.select_related("created_by").prefetch_related("initiatives").order_by("-created_at", "-pk")
    if not isinstance(actor, User | Token):
        return tokens.none()
    if not rights.is_limited(actor):
        return tokens
    own = actor.initiatives.values("pk")
    beyond = Token.initiatives.through.objects.exclude(initiative_id__in=own).values("token_id")
    return tokens.filter(Q(limited=True) | Q(initiatives__isnull=False)).exclude(pk__in=beyond).distinct()


def audit_events_seen_by(actor: Actor) -> QuerySet[AuditEvent]:
    """The whole trail, newest first; nothing for whose sight is limited, since a row may be about anything."""
    events = AuditEvent.objects.order_by("-sequence")
    if not isinstance(actor, User | Token) or rights.is_limited(actor):
        return events.none()
    return events
