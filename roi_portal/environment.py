"""Typed environment variables: the only door through which settings read the environment.

Every variable may also be given as a file (`NAME_FILE`), as secrets usually are. What is missing,
malformed or known to the world stops the process with one sentence, never with a traceback.
"""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from typing import NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SHORTEST_SECRET = 32
KNOWN_SECRETS = ("django-insecure", "changeme", "change-me", "secret", "password", "example", "insecure")


class StartRefused(SystemExit):
    """Stops the process: what is wrong in one sentence, what to do in another; exit code 1."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}\n{remedy}")


_process = "command"


def declare_process(kind: str) -> None:
    """Say before the settings load whether this process is a `web` or a `worker`; the first word counts."""
    global _process
    if _process == "command":
        _process = kind


def process_kind() -> str:
    return _process


def text(name: str, default: str | None = None) -> str:
    """The variable, or the content of the file that `NAME_FILE` names. Refuses both at once and neither."""
    value, path = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if value and path:
        raise StartRefused(f"Both {name} and {name}_FILE are set.", "Keep one of them.")
    if path:
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise StartRefused(
                f"The file that {name}_FILE names cannot be read: {path} ({error.strerror}).",
                "Correct the path or the file's permissions.",
            ) from error
    if value:
        return value
    if default is None:
        _refuse_missing(name)
    return default


def _refuse_missing(name: str) -> NoReturn:
    raise StartRefused(
        f"{name} is not set.",
        f"Set {name} or {name}_FILE. For trying the portal on one machine, `python3 manage.py up` needs neither.",
    )


def secret(name: str) -> str:
    """A secret that nobody else knows: long enough, not one of the usual placeholders."""
    value = text(name)
    placeholder = any(known in value.lower() for known in KNOWN_SECRETS)
    if len(value) < SHORTEST_SECRET or len(set(value)) < 8 or placeholder:
        raise StartRefused(
            f"{name} is too short or known to the world.",
            "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    return value


def encryption_keys(name: str) -> list[str]:
    """Fernet keys, the newest first; older ones are kept for reading what they sealed."""
    keys = names(text(name))
    for key in keys:
        try:
            sound = len(base64.urlsafe_b64decode(key.encode())) == 32
        except ValueError:
            sound = False
        if not sound or len(set(key)) < 8:
            raise StartRefused(
                f"{name} holds a key that is not 32 random bytes in URL-safe base64.",
                "Make one with: python3 -c 'import base64, secrets; "
                "print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())'",
            )
    return keys


def names(value: str) -> list[str]:
    """The parts of a comma-separated list."""
    return [part.strip() for part in value.split(",") if part.strip()]


def flag(name: str, default: bool = False) -> bool:
    value = text(name, str(default)).lower()
    if value not in ("1", "0", "true", "false", "yes", "no", "on", "off"):
        raise StartRefused(f"{name} is {value!r}, which is neither yes nor no.", f"Set {name}=true or {name}=false.")
    return value in ("1", "true", "yes", "on")


def whole_number(name: str, default: int, *, at_least: int, at_most: int) -> int:
    value = text(name, str(default))
    if not re.fullmatch(r"[0-9]{1,12}", value) or not at_least <= int(value) <= at_most:
        raise StartRefused(f"{name} is {value!r}.", f"Set it to a whole number from {at_least} to {at_most}.")
    return int(value)


def time_zone(name: str, default: str) -> str:
    value = text(name, default)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise StartRefused(f"{name} is {value!r}, which is no time zone.", "Set a name like Europe/Berlin.") from error
    return value


def currency(name: str, default: str) -> str:
    value = text(name, default)
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise StartRefused(f"{name} is {value!r}, which is no currency.", "Set three capital letters like EUR.")
    return value


def address(name: str, default: str) -> str:
    """The portal's own address as people type it, without a slash at its end."""
    value = text(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise StartRefused(f"{name} is {value!r}, which is no web address.", "Set it like https://roi.company.example")
    return value


def host_names(name: str, default: list[str]) -> list[str]:
    hosts = names(text(name, ",".join(default)))
    if not hosts or any("*" in host for host in hosts):
        raise StartRefused(
            f"{name} is missing or contains a star, which would let anyone choose the address in our links.",
            "Name the host names under which the portal is reached, separated by commas.",
        )
    return hosts


def database(name: str, url: str) -> dict[str, object]:
    """A PostgreSQL address as Django's connection parameters, without options of our own."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/") or not _port_is_sound(url):
        raise StartRefused(
            f"{name} is not the address of a PostgreSQL database.",
            "Set it like postgres://user:password@host:5432/database (no other database is supported).",
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


def _port_is_sound(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def mail(name: str) -> dict[str, object]:
    """`EMAIL_URL` as Django's mail settings; empty where mails shall be files.

    `smtp://user:password@host:587/?tls=true` speaks STARTTLS, `smtps://` TLS from the first byte.
    """
    url = text(name, "")
    if not url:
        return {}
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    sound = parts.hostname and _port_is_sound(url) and not set(options) - {"tls", "timeout"}
    if not sound or parts.scheme not in ("smtp", "smtps", "submission") or not options.get("timeout", "20").isdigit():
        raise StartRefused(
            f"{name} is not the address of a mail server.",
            "Set it like smtp://user:password@mail.company.example:587/?tls=true or smtps://…:465/",
        )
    starttls = options.get("tls", "true" if parts.scheme == "submission" else "false").lower() in ("1", "true", "yes")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or {"smtp": 25, "smtps": 465, "submission": 587}[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme != "smtps" and starttls,
        "EMAIL_TIMEOUT": int(options.get("timeout", "20")),
    }


def use_settings() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roi_portal.settings")
