"""The words of a digest mail that no page has: its subject, its first sentences, why it is late, what moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy, ngettext

from kpis.wording import marks, moments
from kpis.wording.amounts import money_rounded
from kpis.wording.counting import in_words
from kpis.wording.headline import Clause, Headline
from kpis.wording.uncertainty import between_money

SUNDAY = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class WeekFacts:
    """Sums in the reporting currency; `week_net` is what the week from `monday` added."""

    currency: str
    invested: Decimal
    benefit: Decimal
    net: Decimal
    net_low: Decimal | None
    net_high: Decimal | None
    monday: date
    week_net: Decimal
    week_is_empty: bool
    decisions: int
    first_decision: str  # a whole sentence


def week_name(monday: date, *, short: bool = False) -> str:
    """`week 47, 16 Nov to 22 Nov 2026`; short: `week 47`."""
    name = moments.week(monday)
    if short:
        return name
    days = moments.days_between(monday, monday + SUNDAY)
    return gettext("{week}, {days}").format(week=name, days=days)


def digest_subject(facts: WeekFacts, *, sample: bool) -> str:
    """`AI portfolio, week 47: €101,000 net, two things to decide`; made-up figures say so first."""
    said = {"week": moments.week(facts.monday), "net": money_rounded(facts.net, facts.currency)}
    if facts.decisions:
        text = ngettext(
            "AI portfolio, {week}: {net} net, {count} thing to decide",
            "AI portfolio, {week}: {net} net, {count} things to decide",
            facts.decisions,
        ).format(**said, count=in_words(facts.decisions))
    else:
        text = gettext("AI portfolio, {week}: {net} net").format(**said)
    return f"[{marks.SAMPLE.word}] {text}" if sample else text


def digest_headline(facts: WeekFacts) -> Headline:
    """Where the net stands and how sure that is, what the week added, what waits for a decision."""
    if not facts.invested and not facts.benefit:
        nothing = gettext(
            "Nothing has been put in and nothing has come back yet: there are no costs and no measured effects."
        )
        return Headline((Clause(nothing),))
    clauses = [_net(facts), _week(facts)]
    if facts.decisions:
        text = ngettext(
            "{count} thing needs a decision:", "{count} things need a decision, this first:", facts.decisions
        )
        clauses.append(_counted(text, facts.decisions))
        clauses.append(Clause("{first}", {"first": facts.first_decision}))
    else:
        clauses.append(Clause(gettext("Nothing waits for a decision.")))
    return Headline(tuple(clauses))


FATES = {
    "to_be_made": gettext_lazy("being made"),
    "not_made": gettext_lazy("could not be made"),
    "waiting": gettext_lazy("on its way"),
    "sent": gettext_lazy("taken by the mail server"),
    "file": gettext_lazy("written to a file"),
    "failed": gettext_lazy("not delivered"),
}
MAIL_ERRORS = {
    "no_address": gettext_lazy("This person has no e-mail address. Add one, then send again."),
    "recipient_refused": gettext_lazy("The mail server refuses this address."),
    "mail_refused": gettext_lazy("The mail server refuses this mail."),
    "not_let_in": gettext_lazy("The mail server refuses the portal’s name and password."),
    "server_refused": gettext_lazy("The mail server refuses the portal as sender."),
    "server_unreachable": gettext_lazy("The mail server cannot be reached or broke off."),
    "mail_unwritable": gettext_lazy("The mail cannot be written: an address or a name in it is not valid."),
    "worker_died": gettext_lazy("The worker ended each time while it was sending."),
    "file_unwritable": gettext_lazy("The folder for mails cannot be written."),
}


def digests_headline(active: int, troubles: int) -> Headline:
    """How many digests run, and whether every newest mail arrived."""
    if not active:
        return Headline((Clause(gettext("No digest is switched on.")),))
    runs = ngettext("{count} digest is sent every week.", "{count} digests are sent every week.", active)
    clauses = [_counted(runs, active)]
    if troubles:
        text = ngettext(
            "{count} mail did not arrive as it should.", "{count} mails did not arrive as they should.", troubles
        )
        clauses.append(_counted(text, troubles))
    else:
        clauses.append(Clause(gettext("No mail is in trouble.")))
    return Headline(tuple(clauses))


def late_notice(due_at: datetime, *, missed: int) -> str:
    """Why this mail comes late, and for how many others it stands."""
    late = gettext("This mail was due {when} and comes late: the portal was not running.").format(
        when=moments.clock_time(due_at)
    )
    if not missed:
        return late
    stands = ngettext(
        "It also stands for {count} earlier one that was never made.",
        "It also stands for {count} earlier ones that were never made.",
        missed,
    )
    return f"{late} {stands.format(count=in_words(missed))}"


def _counted(text: str, count: int) -> Clause:
    """A sentence with a count in words; where it begins with the count, with a capital."""
    words = in_words(count)
    return Clause(text, {"count": capfirst(words) if text.startswith("{count}") else words})


def _net(facts: WeekFacts) -> Clause:
    said = {"net": money_rounded(facts.net, facts.currency)}
    if facts.net_low is None or facts.net_high is None:
        return Clause(gettext("Net is now {net}."), said)
    between = between_money(facts.net_low, facts.net_high, facts.currency)
    return Clause(gettext("Net is now {net}, {range}."), {**said, "range": between})


def _week(facts: WeekFacts) -> Clause:
    said = {"week": capfirst(moments.week(facts.monday)), "amount": money_rounded(abs(facts.week_net), facts.currency)}
    if facts.week_is_empty:
        return Clause(gettext("{week} brought nothing and cost nothing."), said)
    if facts.week_net < 0:
        return Clause(gettext("{week} took {amount}: more went in than came back."), said)
    return Clause(gettext("{week} added {amount}."), said)
