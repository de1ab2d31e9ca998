"""Secrets of other systems (a source's auth header), kept as ciphertext that only its own row can open.

The context is sealed in with the text: a ciphertext copied into another row does not open there. The first key of
FIELD_ENCRYPTION_KEYS seals, every key opens, so keys are exchanged while the portal runs (`reseal`).
"""

from __future__ import annotations

import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

_SEPARATOR = b"\x00"


class SecretUnreadable(Exception):
    """A stored secret does not open: its key is gone, it was damaged, or it belongs to another row."""

    code = "secret_unreadable"


def seal(plain: str, *, context: str) -> bytes:
    """Ciphertext of `plain`, bound to `context` (for example "source:4:auth_header")."""
    return _keys().encrypt(_bound(context) + plain.encode())


def unseal(cipher: bytes | memoryview, *, context: str) -> str:
    """The text behind `cipher`. Refuses (SecretUnreadable) another context, a lost key and damaged ciphertext."""
    try:
        opened = _keys().decrypt(bytes(cipher))
    except InvalidToken as error:
        raise SecretUnreadable("A stored secret cannot be opened with the keys of this portal.") from error
    bound = _bound(context)
    if not hmac.compare_digest(opened[: len(bound)], bound):
        raise SecretUnreadable("A stored secret belongs to another place than the one it was found in.")
    return opened[len(bound) :].decode()


def reseal(cipher: bytes | memoryview) -> bytes:
    """The same secret under the newest key. Refuses (SecretUnreadable) what no key opens."""
    try:
        return _keys().rotate(bytes(cipher))
    except InvalidToken as error:
        raise SecretUnreadable("A stored secret cannot be opened with the keys of this portal.") from error


def _bound(context: str) -> bytes:
    return context.encode() + _SEPARATOR


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])
