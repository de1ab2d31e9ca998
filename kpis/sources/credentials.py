"""The one secret header of a source: written once, never shown again, opened only for a request to that source."""

from __future__ import annotations

import re

from kpis.plumbing import secrets
from kpis.sources.models import DataSource

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
LONGEST_VALUE = 4_000
NOT_A_CREDENTIAL = {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"}
HIDDEN = "•••"


class CredentialsWrong(Exception):
    """What was given is no header line; says why."""

    code = "header_wrong"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def sealed(source: DataSource, line: str) -> bytes | None:
    """Ciphertext of `line` ("Authorization: Bearer …"), bound to the source's row; None for an empty one."""
    if not line.strip():
        return None
    _name_and_value(line)
    return secrets.seal(line, context=_context(source))


def header_of(source: DataSource) -> dict[str, str]:
    """The header to send. Refuses (secrets.SecretUnreadable) ciphertext that our keys do not open."""
    if source.auth_header is None:
        return {}
    name, value = _name_and_value(secrets.unseal(source.auth_header, context=_context(source)))
    return {name: value}


def without_secrets(text: str, headers: dict[str, str]) -> str:
    """`text` of a source, in which it may have echoed what we sent."""
    for value in headers.values():
        for secret in (value, value.rpartition(" ")[2]):  # "Bearer abc" and "abc"
            if len(secret) >= 4:
                text = text.replace(secret, HIDDEN)
    return text


def _name_and_value(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    name, value = name.strip(), value.strip()
    if not colon or not HEADER_NAME.fullmatch(name):
        raise CredentialsWrong("Write the header as NAME: VALUE, for example Authorization: Bearer abc.")
    if name.lower() in NOT_A_CREDENTIAL:
        raise CredentialsWrong(f"The header {name} is not one that a source is signed in with.")
    if not value or len(value) > LONGEST_VALUE or not line.isascii() or not line.isprintable():
        raise CredentialsWrong("A header's value is printable ASCII text of at most 4,000 characters.")
    return name, value


def _context(source: DataSource) -> str:
    return f"source:{source.pk}:auth_header"
