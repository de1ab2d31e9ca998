"""The baseline's clock as sentences: how far it is, whether it will suffice, and what one can still do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kpis.wording import moments
from kpis.wording.amounts import number
from kpis.wording.moments import Interval, intervals


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """As `baselines.clock.BaselineClock`, without its rows. `go_live_on` None: no date is set."""

    state: str
    n: int
    needed: int
    kind: Interval
    declared: bool = False
    draft: int | None = None
    go_live_on: date | None = None
    days_left: int | None = None
    enough_on: date | None = None
    begin_by: date | None = None
    archive: tuple[date, date] | None = None


@dataclass(frozen=True, slots=True)
class ClockWords:
    """`sentence`: how it stands; `advice`: what to do; `tone`: "worse" where nothing can be proved as it goes."""

    sentence: str
    advice: str
    tone: str = ""


def clock_words(facts: ClockFacts) -> ClockWords:
    """In the reader's language."""
    if facts.state in ("recoverable", "missed"):
        return _after(facts)
    opening = _measured(facts)
    if facts.state == "will_not_suffice":
        return ClockWords(f"{opening} {_('You will not be able to prove this.')}", _how_to_prove(facts), "worse")
    if facts.state == "just_suffices":
        return ClockWords(f"{opening} {_('It will just suffice: hardly anything may be missing.')}", _when(facts))
    if facts.state == "will_suffice":
        return ClockWords(f"{opening} {_('It will suffice.')}", _when(facts))
    if facts.state == "enough":
        return ClockWords(f"{opening} {_('That is enough for a baseline.')}", _to_approve(facts))
    return ClockWords(opening, _when(facts))


def _measured(facts: ClockFacts) -> str:
    """`9 of 28 days measured; go-live in 4 days.`"""
    said = {"have": number(facts.n), "needed": intervals(facts.needed, facts.kind)}
    if facts.n >= facts.needed:
        said = {"have": intervals(facts.n, facts.kind), "needed": number(facts.needed)}
        measured = _("{have} measured, {needed} are needed").format(**said)
    else:
        measured = _("{have} of {needed} measured").format(**said)
    return f"{measured}; {_until(facts)}"


def _until(facts: ClockFacts) -> str:
    left = facts.days_left
    if left is None:
        return _("no go-live date is set.")
    if left <= 0:
        return _("go-live is today.")
    if left > 60 and facts.go_live_on is not None:
        return _("go-live on {day}.").format(day=moments.day(facts.go_live_on))
    return ngettext("go-live in {number} day.", "go-live in {number} days.", left).format(number=number(left))


def _when(facts: ClockFacts) -> str:
    if facts.begin_by is not None:
        return _("Measuring must begin by {day} at the latest.").format(day=moments.day(facts.begin_by))
    if facts.enough_on is not None and not facts.n:
        return _("Begun now, there would be enough about {day}.").format(day=moments.day(facts.enough_on))
    if facts.enough_on is not None:
        return _("At the pace of late there will be enough about {day}.").format(day=moments.day(facts.enough_on))
    return ""


def _how_to_prove(facts: ClockFacts) -> str:
    ways = _("Send measurements from before, keep a part without AI as control group, or go live later.")
    when = _when(facts)
    return f"{when} {ways}" if when else ways


def _to_approve(facts: ClockFacts) -> str:
    if facts.draft is not None:
        return _("Version {version} waits for approval.").format(version=facts.draft)
    return _("Let it be measured and approved before go-live.")


def _after(facts: ClockFacts) -> ClockWords:
    opening = _("The baseline is only declared.") if facts.declared else _("Live without a baseline.")
    have = _("{have} of {needed} before go-live are measured.").format(
        have=number(facts.n), needed=intervals(facts.needed, facts.kind)
    )
    if facts.state == "recoverable":
        have = _("{have} before go-live are measured.").format(have=intervals(facts.n, facts.kind))
        advice = _to_approve(facts) if facts.draft is not None else _("A baseline can be measured from them now.")
        return ClockWords(f"{opening} {have}", advice)
    tone = "" if facts.declared else "worse"
    return ClockWords(f"{opening} {have}", _from_archive(facts), tone)


def _from_archive(facts: ClockFacts) -> str:
    if facts.archive is None:
        return ""
    first, last = facts.archive
    if (first.month, first.day, last.month, last.day, first.year) == (1, 1, 12, 31, last.year):
        return _("Recover a baseline from the archive of {year}: send its measurements.").format(year=first.year)
    text = _("Recover a baseline from the archive: send the measurements of {span}.")
    return text.format(span=moments.days_between(first, last))
