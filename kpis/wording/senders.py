"""The sentence with which a sender's page starts: does it send, and is what it sends taken?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, ngettext

from kpis.wording.amounts import number, percent, significant
from kpis.wording.headline import Clause, Headline
from kpis.wording.moments import clock_time
from kpis.wording.sources import REJECTIONS

MOST = 0.5  # above this share of rejected points something is wrong with the sender as a whole
LEAST_RATE = 0.01  # points a minute that are told apart


@dataclass(frozen=True, slots=True)
class SenderFacts:
    """received, rejected : points of the last hour. reasons : of its rejected ones, the most frequent first.

    in_thirty_days : points received. last_at : when the newest batch came, None where none ever did. refused : requests
    of thirty days that were refused as a whole.
    """

    received: int
    rejected: int
    reasons: Mapping[str, int]
    in_thirty_days: int
    last_at: datetime | None
    refused: int = 0


def sender_headline(sender: SenderFacts) -> Headline:
    """Nothing yet, nothing lately, all well, some rejected, or most of it: with the first reason."""
    if sender.last_at is None and sender.refused:
        unread = ngettext(
            "Nothing could be read yet: {refused} request was refused as a whole.",
            "Nothing could be read yet: {refused} requests were refused as a whole.",
            sender.refused,
        )
        return Headline((Clause(unread, {"refused": number(sender.refused)}),))
    if sender.last_at is None:
        return Headline((Clause(gettext("Nothing has been sent yet.")),))
    if not sender.received:
        quiet = gettext("Nothing came in the last hour; the last batch arrived on {last}.")
        return Headline((Clause(quiet, {"last": clock_time(sender.last_at)}),))
    came = ngettext(
        "In the last hour {received} point came.", "In the last hour {received} points came.", sender.received
    )
    clauses = [Clause(came, {"received": number(sender.received)})]
    if not sender.rejected:
        clauses.append(Clause(gettext("All of them are stored.")))
        return Headline(tuple(clauses))
    share = sender.rejected / sender.received
    said = {"rejected": number(sender.rejected), "share": _share(share)}
    text = (
        gettext("Most of them were rejected: {rejected}, or {share}.")
        if share > MOST
        else ngettext(
            "{rejected} of them was rejected ({share}), the others are stored.",
            "{rejected} of them were rejected ({share}), the others are stored.",
            sender.rejected,
        )
    )
    clauses.append(Clause(text, said))
    first = next(iter(sender.reasons), None)
    if first is not None:
        clauses.append(
            Clause(gettext("The most frequent reason: {reason}"), {"reason": str(REJECTIONS.get(first, first))})
        )
    return Headline(tuple(clauses))


def _share(share: float) -> str:
    shown = percent(100 * share)
    return gettext("less than {share}").format(share=percent(0.1)) if 0 < share < 0.001 else shown


def rate(points_a_minute: float) -> str:
    """Points a minute to three digits; what is next to nothing says so."""
    if 0 < points_a_minute < LEAST_RATE:
        return gettext("less than {share}").format(share=number(LEAST_RATE, digits=2))
    return significant(points_a_minute)


def bars_summary(received: int, rejected: int, span: str) -> str:
    """What the small chart shows, for those who do not see it. span : "hour" or "month"."""
    said = {"received": number(received), "rejected": number(rejected)}
    text = (
        gettext("Points by minute in the last hour: {received} received, {rejected} of them rejected.")
        if span == "hour"
        else gettext("Points by day in the last thirty days: {received} received, {rejected} of them rejected.")
    )
    return text.format(**said)
