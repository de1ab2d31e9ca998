"""The start of what a sender sent last: one that was read and one that was refused as a whole, for the sender's page.

Written beside the batch, at most every ten seconds for a sender and a process, so that it costs a busy sender nothing.
No header is kept, and what looks like a token or a password in the text is blotted out.
"""

from __future__ import annotations

import re
import threading
import time
from datetime import datetime, timedelta

from django.db import DatabaseError

from kpis.ingest.models import PayloadSample

SECONDS_BETWEEN = 10.0
LONGEST = 2_000
KEPT = timedelta(days=30)
SENDERS_AT_MOST = 10_000
SECRETS = re.compile(
    r"roi_[0-9A-Za-z]{8,}"
    r"|(?i:bearer|basic)\s+[\w.~+/=-]{8,}"
    r"""|(?i:(?<=password["':= ])|(?<=secret["':= ])|(?<=api_key["':= ]))["':= ]*[^\s"',}]+"""
)

_kept_at: dict[tuple[str, bool], float] = {}
_lock = threading.Lock()


def is_time(sender: str, *, refused: bool = False) -> bool:
    """Whether ten seconds have passed since this process was asked for this sender, and the answer was yes."""
    now = time.monotonic()
    with _lock:
        if len(_kept_at) > SENDERS_AT_MOST:
            _kept_at.clear()
        last = _kept_at.get((sender, refused))
        if last is not None and now - last < SECONDS_BETWEEN:
            return False
        _kept_at[sender, refused] = now
        return True


def keep(sender: str, text: str, *, form: str, at: datetime, code: str = "", detail: str = "") -> None:
    """Remember the start of a body. sender : "token:5" or "source:3". code, detail : why it was refused as a whole.

    Never raises: the points are stored already.
    """
    fields = {
        "at": at,
        "form": form,
        "text": without_secrets(text[: 4 * LONGEST])[:LONGEST],
        "code": code,
        "detail": detail[:300],
    }
    try:
        PayloadSample.objects.bulk_create(  # one statement, whether there is one already or not
            [PayloadSample(sender=sender, refused=bool(code), **fields)],
            update_conflicts=True,
            unique_fields=["sender", "refused"],
            update_fields=list(fields),
        )
    except DatabaseError:
        return


def without_secrets(text: str) -> str:
    """The text without NULs, and with ••• in place of what looks like a secret."""
    return SECRETS.sub("•••", text.replace("\x00", "�"))


def samples_of(sender: str) -> list[PayloadSample]:
    """What was kept, the newest first: at most one that was read and one that was refused."""
    return list(PayloadSample.objects.filter(sender=sender).order_by("-at"))


def trim(*, at: datetime) -> int:
    """Forget what is older than thirty days; answers how many."""
    return PayloadSample.objects.filter(at__lte=at - KEPT).delete()[0]


def forget_all() -> None:
    """Write the next one at once, in this process."""
    with _lock:
        _kept_at.clear()
