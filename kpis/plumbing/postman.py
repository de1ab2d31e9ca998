"""Carrying one mail: over SMTP through EMAIL_URL, or into a file where no server is configured."""

from __future__ import annotations

import base64
import os
import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.mime.image import MIMEImage
from email.utils import format_datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from kpis.plumbing.models import OutboxMail

Carry = Callable[[OutboxMail], OutboxMail.State]
PERMANENT = range(500, 600)


class Undelivered(Exception):
    """Why a mail did not leave: a stable code and what was said. `final`: trying again would change nothing."""

    def __init__(self, code: str, detail: str, *, final: bool = False) -> None:
        super().__init__(detail)
        self.code, self.detail, self.final = code, detail, final


@contextmanager
def round_trip() -> Iterator[Carry]:
    """One connection for many mails; it is opened by the first of them, and anew after one that broke it."""
    if not settings.MAIL_IS_SENT:
        yield _into_file
        return
    connection = get_connection()
    try:
        yield lambda row: _over_smtp(row, connection)
    finally:
        _hang_up(connection)


def message_of(row: OutboxMail) -> EmailMultiAlternatives:
    """The mail with its alternatives: plain text, and HTML with its pictures. Its date is when it was written."""
    headers = {"Message-ID": row.message_id, "Date": format_datetime(row.written_at), **row.headers}
    message = EmailMultiAlternatives(
        subject=row.subject,
        body=row.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[row.recipient] if row.recipient else [],
        headers=headers,
    )
    message.attach_alternative(row.html, "text/html")
    message.mixed_subtype = "related"  # type: ignore[attr-defined]
    for name, content in row.images.items():
        picture = MIMEImage(base64.b64decode(content), "png")
        picture.add_header("Content-ID", f"<{name}>")
        picture.add_header("Content-Disposition", "inline", filename=f"{name}.png")
        message.attach(picture)
    return message


def _over_smtp(row: OutboxMail, connection: BaseEmailBackend) -> OutboxMail.State:
    if not row.recipient:
        raise Undelivered("no_address", "", final=True)
    message = message_of(row)
    try:
        connection.open()  # stays open for the mails that follow
        connection.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        _hang_up(connection)
        code, said = next(iter(error.recipients.values()))
        raise Undelivered("recipient_refused", _said(code, said), final=code in PERMANENT) from error
    except smtplib.SMTPDataError as error:
        _hang_up(connection)
        detail = _said(error.smtp_code, error.smtp_error)
        raise Undelivered("mail_refused", detail, final=error.smtp_code in PERMANENT) from error
    except smtplib.SMTPAuthenticationError as error:
        _hang_up(connection)
        raise Undelivered("not_let_in", _said(error.smtp_code, error.smtp_error)) from error
    except smtplib.SMTPResponseException as error:  # the sender's address, the greeting: for a person to set right
        _hang_up(connection)
        raise Undelivered("server_refused", _said(error.smtp_code, error.smtp_error)) from error
    except (smtplib.SMTPException, OSError) as error:
        _hang_up(connection)
        raise Undelivered("server_unreachable", str(error) or type(error).__name__) from error
    except ValueError as error:  # an address or header that cannot be written
        _hang_up(connection)
        raise Undelivered("mail_unwritable", str(error), final=True) from error
    return OutboxMail.State.SENT


def _into_file(row: OutboxMail) -> OutboxMail.State:
    """One `.eml` a mail, which any mail program opens; written whole or not at all."""
    folder = Path(settings.EMAIL_FILE_PATH)
    place = folder / f"{row.written_at:%Y%m%d-%H%M%S}-{row.pk}.eml"
    half = place.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        half.write_bytes(message_of(row).message().as_bytes(linesep="\r\n"))  # type: ignore[call-arg]
        os.replace(half, place)
    except OSError as error:
        raise Undelivered("file_unwritable", error.strerror or str(error)) from error
    except ValueError as error:
        raise Undelivered("mail_unwritable", str(error), final=True) from error
    return OutboxMail.State.FILE


def _hang_up(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except (smtplib.SMTPException, OSError):
        connection.connection = None  # type: ignore[attr-defined]


def _said(code: int, words: bytes | str) -> str:
    """The server's own words, as one line."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())}"
