"""What one edition says to one person: that person's sight, that person's language, the figures of the pages.

Everything is words already, so that HTML and plain text cannot say different things. Nothing is calculated here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from kpis.access.models import User
from kpis.alerts.decisions import decisions_needed
from kpis.definitions import organisation
from kpis.definitions.models import Initiative, Kpi
from kpis.definitions.sight import initiatives_seen_by
from kpis.digests import addresses, passages, schedule
from kpis.digests.models import Digest, Edition
from kpis.digests.passages import AccountLine, Choice, MoneyLine, News, Remark
from kpis.evaluation.moving import moved_in_week
from kpis.evaluation.standing import standing_of
from kpis.figures.cumulative import NetCurve, NetPoint
from kpis.roi.portfolio import portfolio_statement
from kpis.roi.statement import Statement
from kpis.roi.weekly import of_week
from kpis.wording.digests import WeekFacts, digest_headline, digest_subject, late_notice, week_name
from kpis.wording.moments import clock_time

DECISIONS_SHOWN = 4
LATE_AFTER = timedelta(hours=1)
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Contents:
    """A finished edition. `sample`: the sentence that these figures are made up, empty where they are real."""

    language: str
    subject: str
    sample: str
    late: str
    place: str  # who sends what about which week
    headline: str
    week: str
    currency: str
    account: tuple[AccountLine, ...]
    curve: NetCurve | None
    news: tuple[News, ...]
    quiet: tuple[str, ...]
    initiatives: tuple[MoneyLine, ...]
    total: MoneyLine | None
    evidence: tuple[str, ...]
    decisions: tuple[Choice, ...]
    more_decisions: str
    remarks: tuple[Remark, ...]
    foot: tuple[str, ...]
    portfolio_url: str
    digest_url: str
    edition_url: str
    told: dict[str, Any]


def language_of(digest: Digest, user: User) -> str:
    """The person's own language where one was chosen, else the digest's."""
    return user.language or digest.language


def compile_edition(row: Edition, *, at: datetime) -> Contents:
    """What this edition says as of `at`, about the last whole week before it."""
    house = organisation.current()
    with translation.override(language_of(row.digest, row.user)), timezone.override(house.zone):
        return _compiled(row, at)


def _compiled(row: Edition, at: datetime) -> Contents:
    seen = list(initiatives_seen_by(row.user))
    portfolio = portfolio_statement(seen, as_of=at)
    totals = portfolio.totals
    monday = reported_week(at)
    week, found = of_week(totals.flows, monday), totals.range
    decisions = decisions_needed(portfolio, now=at)
    choices = passages.choices(decisions)
    moved = moved_in_week(
        list(Kpi.objects.filter(initiative__in=seen).select_related("initiative")), monday=monday, now=at
    )
    facts = WeekFacts(
        currency=totals.currency,
        invested=totals.invested,
        benefit=totals.benefits.total,
        net=totals.net,
        net_low=found.net_low if found else None,
        net_high=found.net_high if found else None,
        monday=monday,
        week_net=week.net,
        week_is_empty=not week.benefit and not week.cost,
        decisions=len(decisions),
        first_decision=choices[0].what if choices else "",
    )
    has_sample = any(i.is_sample for i in seen)
    return Contents(
        language=translation.get_language() or "en",
        subject=digest_subject(facts, sample=has_sample),
        sample=_sample(seen),
        late=_late(row, at),
        place=_("ROI Portal · {digest} · {week}").format(digest=row.digest.name, week=week_name(monday)),
        headline=digest_headline(facts).text,
        week=week_name(monday, short=True),
        currency=totals.currency,
        account=passages.account(totals, week),
        curve=_curve(totals),
        news=passages.news(moved.news),
        quiet=passages.quiet(moved),
        initiatives=tuple(passages.money_line(s, monday, marks_real=has_sample) for s in portfolio.rows),
        total=passages.total_line(totals, week) if portfolio.rows else None,
        evidence=passages.evidence(totals),
        decisions=tuple(choices[:DECISIONS_SHOWN]),
        more_decisions=passages.more(len(choices) - DECISIONS_SHOWN),
        remarks=passages.remarks(portfolio, standing_of(row.user, seen, now=at), seen, now=at),
        foot=_foot(row, at),
        portfolio_url=addresses.portfolio(),
        digest_url=addresses.digest(row.digest.slug),
        edition_url=addresses.edition(row.digest.slug, row.pk),
        told={
            "initiatives": sorted(i.pk for i in seen),
            "net": str(totals.net),
            "week": monday.isoformat(),
            "sample": has_sample,
        },
    )


def reported_week(at: datetime) -> date:
    """The Monday of the last whole week before `at`, in the organisation's zone."""
    today = organisation.calendar().local_date(at)
    return today - timedelta(days=today.weekday()) - WEEK


def _curve(totals: Statement) -> NetCurve | None:
    points = [NetPoint(p.on, p.net, p.low, p.high, p.provisional) for p in totals.curve]
    if not points:
        return None
    return NetCurve(
        points=points,
        today=organisation.calendar().local_date(totals.as_of),
        forecast=[NetPoint(p.on, p.net, p.low, p.high) for p in totals.forecast_path],
        paid_back_on=totals.returns.payback_on,
    )


def _sample(seen: Sequence[Initiative]) -> str:
    if not any(i.is_sample for i in seen):
        return ""
    made_up = _("Sample company: these figures are made up.")
    if all(i.is_sample for i in seen):
        return made_up
    return f"{made_up} {_('The company does not exist; only “The portal itself” is real.')}"


def _late(row: Edition, at: datetime) -> str:
    if row.on_request or (at - row.due_at <= LATE_AFTER and not row.missed):
        return ""
    with timezone.override(row.digest.zone):
        return late_notice(row.due_at, missed=row.missed)


def _foot(row: Edition, at: datetime) -> tuple[str, ...]:
    lines = [
        _("In the open month all costs are in, benefits only as measured."),
        _("80% range: measurement error and assumptions together; ranges do not add up."),
        _("As of {at}.").format(at=clock_time(at)),
    ]
    if row.on_request:
        lines.append(_("You asked for this edition of the digest “{name}”.").format(name=row.digest.name))
    else:
        lines.append(_("You get this mail because the digest “{name}” lists you.").format(name=row.digest.name))
    if row.digest.enabled:
        with timezone.override(row.digest.zone):
            due = clock_time(schedule.next_due(row.digest, after=at))
        lines.append(_("The next one comes {when}.").format(when=due))
    return (*lines, *passages.trail_head(row.user))
