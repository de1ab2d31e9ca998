"""People: the first administrator, what a person sees, the language they read."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from kpis.access import audit
from kpis.access.models import Token, User
from kpis.access.rights import AnInitiative
from kpis.plumbing import locks

FIRST_NAME = "admin"
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is mistaken for another
GROUPS, GROUP = 4, 5  # 99 bits


def first_administrator() -> User | None:
    """The active administrator who has been there longest."""
    administrators = User.objects.filter(Q(role=User.Role.ADMINISTRATOR) | Q(is_superuser=True), is_active=True)
    return administrators.order_by("pk").first()


@transaction.atomic
def ensure_administrator(*, at: datetime) -> tuple[User, str | None]:
    """An administrator and, only where one had to be made now, the password: made here, different everywhere."""
    locks.in_transaction("first_administrator")
    existing = first_administrator()
    if existing is not None:
        return existing, None
    password = _new_password()
    name = FIRST_NAME if not User.objects.filter(username=FIRST_NAME).exists() else f"admin-{secrets.token_hex(3)}"
    user = User(username=name, role=User.Role.ADMINISTRATOR, is_staff=True, is_superuser=True, date_joined=at)
    user.set_password(password)
    user.save(force_insert=True)
    audit.record("person.created", by=None, subject=f"user:{user.pk}", details={"role": user.role}, at=at)
    return user, password


def _new_password() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))


@transaction.atomic
def limit_sight(
    user: User, initiatives: Collection[AnInitiative] | None, *, by: User | Token | None, at: datetime
) -> None:
    """Let `user` see these initiatives only, none of them where the list is empty; None lifts the limit."""
    user.limited = initiatives is not None
    user.save(update_fields=["limited"])
    user.initiatives.set([initiative.pk for initiative in initiatives or []])
    details = {"limited": user.limited, "initiatives": sorted(i.slug for i in initiatives or [])}
    audit.record("person.sight_changed", by=by, subject=f"user:{user.pk}", details=details, at=at)


def choose_language(user: User, language: str) -> None:
    """Remember the language that a person reads; a language that the portal does not speak changes nothing."""
    if language in dict(settings.LANGUAGES):
        user.language = language
        user.save(update_fields=["language"])
