"""Bearer tokens of systems. The text is shown once; the database keeps a keyed hash that is useless without the key.

`roi_` + 8 readable characters that find the row + 28 secret ones (166 bits) + 6 of checksum: a mistyped token is
told from a wrong one without asking the database, and scanners for leaked secrets can recognise it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import threading
import time
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from kpis.access import audit, rights
from kpis.access.models import Token, User
from kpis.access.rights import AnInitiative

ALPHABET = string.digits + string.ascii_letters
MARK = "roi_"
READABLE, SECRET, CHECKSUM = 8, 28, 6
SHAPE = re.compile(rf"{MARK}[0-9A-Za-z]{{{READABLE + SECRET + CHECKSUM}}}")

TRUSTED_SECONDS = 10.0  # how long a revocation in another process may go unnoticed here
USE_NOTED_EVERY = timedelta(minutes=1)
CACHED_AT_MOST = 1000


class TokenRefused(Exception):
    """Why no token was made, in words for the one who asked."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(slots=True)
class _Known:
    """A token that was found good a moment ago; `until` is on the monotonic stopwatch."""

    token: Token
    until: float
    noted_at: datetime | None


_known: dict[bytes, _Known] = {}
_known_lock = threading.Lock()


@transaction.atomic
def issue(
    name: str,
    scopes: Iterable[str],
    initiatives: Collection[AnInitiative] = (),
    *,
    by: User | None,
    at: datetime,
    expires_at: datetime | None = None,
    points_a_minute: int | None = None,
) -> tuple[Token, str]:
    """Make a token and answer it with its text, which exists nowhere else. No initiatives: as much as its maker sees.

    Refuses (TokenRefused) unknown or no scopes, initiatives that its maker does not see, an end that has passed.
    """
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(Token.Scope.values):
        raise TokenRefused("invalid_scope", "A token needs at least one of the scopes ingest, read and manage.")
    if expires_at is not None and expires_at <= at:
        raise TokenRefused("invalid_expiry", "The token would have expired already.")
    chosen = _within_sight(initiatives, by)

    text = _new_text()
    token = Token.objects.create(
        name=name.strip() or "token",
        prefix=text[: len(MARK) + READABLE],
        digest=_digest(text),
        scopes=wanted,
        limited=chosen is not None,
        created_at=at,
        created_by=by,
        expires_at=expires_at,
        points_a_minute=points_a_minute,
    )
    token.initiatives.set([initiative.pk for initiative in chosen or []])
    details = {"name": token.name, "scopes": wanted, "initiatives": sorted(i.slug for i in chosen or [])}
    audit.record("token.issued", by=by, subject=f"token:{token.pk}", details=details, at=at)
    return token, text


def _within_sight(initiatives: Collection[AnInitiative], by: User | None) -> list[AnInitiative] | None:
    """What the token is limited to, None for everything: nobody hands out a wider sight than their own."""
    if by is None or not rights.is_limited(by):
        return list(initiatives) or None
    own = {initiative.pk: initiative for initiative in by.initiatives.all()}
    if any(initiative.pk not in own for initiative in initiatives):
        raise TokenRefused("unknown_initiative", "One of the initiatives does not exist.")
    return list(initiatives) or list(own.values())


def check(text: str, *, at: datetime) -> Token | None:
    """The token behind `text`, or None: unknown, revoked and expired ones are answered alike.

    A good answer is trusted for ten seconds in this process, so a busy sender costs no query a request. `at` is
    also noted as the token's last use, at most once a minute.
    """
    if not looks_like_one(text):
        return None
    digest = _digest(text)
    known = _known.get(digest)
    if known is None or known.until <= time.monotonic():
        known = _look_up(text, digest)
        if known is None:
            return None
    if known.token.expires_at is not None and known.token.expires_at <= at:
        return None
    if known.noted_at is None or at - known.noted_at >= USE_NOTED_EVERY:
        known.noted_at = at
        _note_use(known.token, at)
    return known.token


def looks_like_one(text: str) -> bool:
    """Whether shape and checksum are right; says nothing about whether the token was ever issued."""
    return bool(SHAPE.fullmatch(text)) and text[-CHECKSUM:] == _checksum(text[:-CHECKSUM])


def _look_up(text: str, digest: bytes) -> _Known | None:
    prefix = text[: len(MARK) + READABLE]
    token = Token.objects.select_related("created_by").filter(prefix=prefix, revoked_at=None).first()
    if token is None or not hmac.compare_digest(bytes(token.digest), digest):
        _forget(digest)
        return None
    known = _Known(token, time.monotonic() + TRUSTED_SECONDS, token.last_used_at)
    with _known_lock:
        if len(_known) >= CACHED_AT_MOST:
            _known.clear()
        _known[digest] = known
    return known


def _note_use(token: Token, at: datetime) -> None:
    """One statement of its own; two processes that note the same minute do it once."""
    long_ago = Q(last_used_at=None) | Q(last_used_at__lte=at - USE_NOTED_EVERY)
    Token.objects.filter(long_ago, pk=token.pk).update(last_used_at=at)


@transaction.atomic
def limit_points(token: Token, points_a_minute: int | None, *, by: User | Token | None, at: datetime) -> Token:
    """How many points a minute the token may send; None: as the portal's setting says. At once in this process."""
    token = Token.objects.select_for_update().get(pk=token.pk)
    if token.points_a_minute != points_a_minute:
        details = {"name": token.name, "points_a_minute": [token.points_a_minute, points_a_minute]}
        token.points_a_minute = points_a_minute
        token.save(update_fields=["points_a_minute"])
        audit.record("token.limited", by=by, subject=f"token:{token.pk}", details=details, at=at)
    transaction.on_commit(lambda: _forget(bytes(token.digest)))
    _forget(bytes(token.digest))
    return token


@transaction.atomic
def revoke(token: Token, *, by: User | Token | None, at: datetime) -> Token:
    """End the token: at once in this process, within ten seconds in all others. Doing it again changes nothing."""
    token = Token.objects.select_for_update().get(pk=token.pk)
    if token.revoked_at is None:
        token.revoked_at = at
        token.save(update_fields=["revoked_at"])
        audit.record("token.revoked", by=by, subject=f"token:{token.pk}", details={"name": token.name}, at=at)
    transaction.on_commit(lambda: _forget(bytes(token.digest)))
    _forget(bytes(token.digest))
    return token


def exists(name: str) -> bool:
    """Whether a token of this name was ever made, revoked ones included."""
    return Token.objects.filter(name=name).exists()


def forget_all() -> None:
    """Trust no earlier answer any more, in this process."""
    with _known_lock:
        _known.clear()


def _forget(digest: bytes) -> None:
    with _known_lock:
        _known.pop(digest, None)


def _new_text() -> str:
    body = MARK + "".join(secrets.choice(ALPHABET) for _ in range(READABLE + SECRET))
    return body + _checksum(body)


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM):
        number, rest = divmod(number, len(ALPHABET))
        digits = ALPHABET[rest] + digits
    return digits


def _digest(text: str) -> bytes:
    return hmac.new(settings.TOKEN_HASH_KEY.encode(), text.encode(), hashlib.sha256).digest()
