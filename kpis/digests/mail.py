"""How an edition looks: HTML from our own MJML, plain text with the very same facts, one chart as pictures.

Text of a user is escaped before it stands in the MJML: it can neither become markup nor an include.
"""

from __future__ import annotations

import unicodedata

import mrml
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from kpis.digests import drawing
from kpis.digests.edition import Contents
from kpis.plumbing.outbox import LINE_BREAKS, LONGEST_SUBJECT, Mail
from kpis.wording import moments
from kpis.wording.amounts import SYMBOLS

NO_FOREIGN_FONTS = mrml.RenderOptions(fonts={})  # else a mail would tell a font server that it was opened
NOT_FOR_ROBOTS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


def render(contents: Contents, *, recipient: str) -> Mail:
    """The finished mail, in the edition's language."""
    with translation.override(contents.language):
        around, pictures = _around(contents), {}
        if contents.curve is not None:
            month = moments.month_name(contents.curve.today)
            open_month = _("{month} provisional").format(month=month)
            pictures = drawing.pictures(contents.curve, currency=contents.currency, provisional=open_month)
        return Mail(
            recipient=recipient,
            subject=one_line(contents.subject)[:LONGEST_SUBJECT],
            text=render_to_string("mail/digest.txt", around),
            html=mrml.to_html(render_to_string("mail/digest.mjml", around), render_options=NO_FOREIGN_FONTS).content,
            images=pictures,
            headers={
                **NOT_FOR_ROBOTS,
                "Content-Language": contents.language,
                "List-Unsubscribe": f"<{contents.digest_url}>",
            },
        )


def one_line(text: str) -> str:
    """Names may hold anything; a header holds one line."""
    kept = (" " if unicodedata.category(c) == "Cc" or c in LINE_BREAKS else c for c in text)
    return " ".join("".join(kept).split(" "))


def _around(contents: Contents) -> dict[str, object]:
    around: dict[str, object] = {"mail": contents, "sign": SYMBOLS.get(contents.currency, contents.currency)}
    if contents.curve is not None:
        first = moments.month(contents.curve.points[0].on)
        around["since"] = _("Since {month}").format(month=first)
        around["legend"] = _("cumulative net, 80% range, forecast hatched")
        around["summary"] = drawing.summary(contents.curve, currency=contents.currency)
    return around
