"""The one policy: who may do what. Sight (which initiatives) is `definitions.sight`; this is what one may do there.

| role           | may                                                                       |
|----------------|---------------------------------------------------------------------------|
| viewer         | read                                                                      |
| engineer       | sources, tokens, KPIs; send measurements                                  |
| product owner  | initiatives, KPIs, value drivers, baselines, business cases, annotations, |
|                | snapshots                                                                 |
| controller     | costs, value drivers, baselines and business cases with their approval,   |
|                | closing, pools, benchmarks, snapshots, the trail                          |
| administrator  | everything                                                                |

A token does what its scopes say: `ingest` sends, `read` reads, `manage` does what the person who made it may do, and
not a thing more: a token whose maker has left or was disabled manages nothing. It approves as its maker would.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from django.contrib.auth.models import AnonymousUser

from kpis.access.models import Token, User

Actor = User | Token | AnonymousUser | None


class Action(StrEnum):
    READ = "read"
    INGEST = "ingest"
    CREATE_INITIATIVES = "create_initiatives"
    CHANGE_INITIATIVES = "change_initiatives"
    CHANGE_KPIS = "change_kpis"
    WRITE_BASELINES = "write_baselines"
    APPROVE_BASELINES = "approve_baselines"
    CHANGE_DRIVERS = "change_drivers"
    CHANGE_COSTS = "change_costs"
    WRITE_BUSINESS_CASES = "write_business_cases"
    APPROVE_BUSINESS_CASES = "approve_business_cases"
    CLOSE_PERIODS = "close_periods"
    CHANGE_POOLS = "change_pools"
    CHANGE_ANNOTATIONS = "change_annotations"
    CHANGE_BENCHMARKS = "change_benchmarks"
    TAKE_SNAPSHOTS = "take_snapshots"
    CHANGE_SOURCES = "change_sources"
    CHANGE_DIGESTS = "change_digests"
    CHANGE_TOKENS = "change_tokens"
    READ_AUDIT = "read_audit"
    CHANGE_PEOPLE = "change_people"
    CHANGE_ORGANISATION = "change_organisation"


class AnInitiative(Protocol):
    """An initiative, pointed at without knowing the room above that owns it."""

    pk: int
    slug: str


class OfAnInitiative(Protocol):
    """Anything that belongs to one initiative: a KPI, a cost entry, a source."""

    @property
    def initiative_id(self) -> int | None: ...


_VIEWER = frozenset({Action.READ})
_BY_ROLE = {
    User.Role.VIEWER: _VIEWER,
    User.Role.ENGINEER: _VIEWER
    | {Action.INGEST, Action.CHANGE_SOURCES, Action.CHANGE_TOKENS, Action.CHANGE_KPIS, Action.CHANGE_ANNOTATIONS},
    User.Role.PRODUCT_OWNER: _VIEWER
    | {
        Action.CREATE_INITIATIVES,
        Action.CHANGE_INITIATIVES,
        Action.CHANGE_KPIS,
        Action.WRITE_BASELINES,
        Action.CHANGE_DRIVERS,
        Action.WRITE_BUSINESS_CASES,
        Action.CHANGE_ANNOTATIONS,
        Action.TAKE_SNAPSHOTS,
        Action.CHANGE_DIGESTS,
    },
    User.Role.CONTROLLER: _VIEWER
    | {
        Action.WRITE_BASELINES,
        Action.APPROVE_BASELINES,
        Action.CHANGE_DRIVERS,
        Action.CHANGE_COSTS,
        Action.WRITE_BUSINESS_CASES,
        Action.APPROVE_BUSINESS_CASES,
        Action.CLOSE_PERIODS,
        Action.CHANGE_POOLS,
        Action.CHANGE_ANNOTATIONS,
        Action.CHANGE_BENCHMARKS,
        Action.TAKE_SNAPSHOTS,
        Action.CHANGE_DIGESTS,
        Action.READ_AUDIT,
    },
    User.Role.ADMINISTRATOR: frozenset(Action),
}


def may(actor: Actor, action: Action, subject: OfAnInitiative | None = None) -> bool:
    """Whether `actor` may do `action`, with `subject` given also there. Nobody and the disabled may nothing."""
    if isinstance(actor, Token):
        allowed = _token_may(actor, action)
    elif isinstance(actor, User):
        allowed = actor.is_active and (actor.is_superuser or action in _BY_ROLE.get(User.Role(actor.role), _VIEWER))
    else:
        return False
    return allowed and (subject is None or sees(actor, subject.initiative_id))


def _token_may(token: Token, action: Action) -> bool:
    if action is Action.READ:
        return Token.Scope.READ in token.scopes or Token.Scope.MANAGE in token.scopes
    if action is Action.INGEST:
        return Token.Scope.INGEST in token.scopes
    if Token.Scope.MANAGE not in token.scopes or not may(token.created_by, action):
        return False
    return action is not Action.CREATE_INITIATIVES or not is_limited(token)  # it could not see what it made


def is_limited(actor: User | Token) -> bool:
    """Whether `actor` sees chosen initiatives only. An administrator sees every one."""
    if isinstance(actor, User) and is_administrator(actor):
        return False
    return actor.limited or actor.initiatives.exists()


def is_administrator(user: User) -> bool:
    return user.is_superuser or user.role == User.Role.ADMINISTRATOR


def sees(actor: User | Token, initiative_id: int | None) -> bool:
    """Whether the initiative is in sight; what belongs to none is seen by those who see all."""
    if not is_limited(actor):
        return True
    return initiative_id is not None and actor.initiatives.filter(pk=initiative_id).exists()


def who_may(action: Action) -> list[User]:
    """Every active person who holds the right, in order of their ids."""
    return [user for user in User.objects.filter(is_active=True).order_by("pk") if may(user, action)]


def person_behind(actor: User | Token) -> User | None:
    """The person who answers for what is done: for a token the one who made it."""
    return actor.created_by if isinstance(actor, Token) else actor
