"""How the warning about baselines looks: which KPIs, how they stand, what one can still do. HTML and plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mrml
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kpis.access.models import User
from kpis.baselines.clock import BaselineClock
from kpis.baselines.told import words_of
from kpis.definitions import organisation
from kpis.digests import addresses
from kpis.digests.mail import NO_FOREIGN_FONTS, NOT_FOR_ROBOTS, one_line
from kpis.plumbing.outbox import LONGEST_SUBJECT, Mail
from kpis.wording.baseline_clock import ClockWords


@dataclass(frozen=True, slots=True)
class Warned:
    """One KPI of the mail."""

    name: str
    href: str
    words: ClockWords


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything that both forms of the mail say, in the reader's language."""

    language: str
    subject: str
    place: str
    headline: str
    kpis: tuple[Warned, ...]
    initiative_url: str
    foot: str


def render(clocks: Sequence[BaselineClock], person: User) -> Mail:
    """The finished mail, in the person's language."""
    house = organisation.current()
    language = person.language or house.language
    with translation.override(language):
        letter = _letter(clocks, house.name, language)
        around = {"mail": letter}
        html = mrml.to_html(render_to_string("mail/baseline_warning.mjml", around), render_options=NO_FOREIGN_FONTS)
        return Mail(
            recipient=person.email,
            subject=one_line(letter.subject)[:LONGEST_SUBJECT],
            text=render_to_string("mail/baseline_warning.txt", around),
            html=html.content,
            headers={**NOT_FOR_ROBOTS, "Content-Language": language},
        )


def _letter(clocks: Sequence[BaselineClock], house: str, language: str) -> Letter:
    initiative = clocks[0].kpi.initiative
    said = _headline(clocks)
    return Letter(
        language=language,
        subject=f"{initiative.name}: {said}",
        place=f"{house} · {initiative.name}" if house else initiative.name,
        headline=said,
        kpis=tuple(Warned(c.kpi.name, addresses.kpi(c.kpi.key), words_of(c)) for c in clocks),
        initiative_url=addresses.initiative(initiative.slug),
        foot=_("Each state is told once; this mail comes again only when it gets worse."),
    )


def _headline(clocks: Sequence[BaselineClock]) -> str:
    """By the worst that it tells."""
    count = len(clocks)
    if any(clock.is_after_go_live for clock in clocks):
        return ngettext("a KPI is live without a baseline", "KPIs are live without a baseline", count)
    if any(clock.state == "will_not_suffice" for clock in clocks):
        return ngettext("a baseline will not suffice", "baselines will not suffice", count)
    return ngettext("a baseline will just suffice", "baselines will just suffice", count)
