"""The passages of an edition, each from figures to words: the account, money, what moved, decisions, remarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kpis.access import audit, rights
from kpis.access.models import User
from kpis.access.rights import Action
from kpis.alerts import told
from kpis.alerts.decisions import Decision
from kpis.definitions import organisation
from kpis.definitions.models import Initiative, Kpi
from kpis.digests import addresses
from kpis.evaluation.moving import Moved, Week
from kpis.evaluation.standing import Standing
from kpis.roi.portfolio import Portfolio
from kpis.roi.statement import Statement
from kpis.roi.weekly import WeekSum, of_week
from kpis.rollups import finality
from kpis.sources.models import DataSource
from kpis.wording import moments
from kpis.wording.amounts import cent_digits, money, number, share
from kpis.wording.counting import in_words
from kpis.wording.reasons import reason
from kpis.wording.sources import SourceFacts, source_headline
from kpis.wording.uncertainty import between, between_money, between_shares, money_range
from kpis.wording.units import unit_value
from kpis.wording.verdicts import EVIDENCE, KPI, MONEY

STALE_SHOWN = 5
NONE = "–"


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One line since the start: its figure, what stands under it, the week's part. `form`: total (ruled) or empty."""

    label: str
    value: str
    detail: str
    week: str
    form: str = ""


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """One initiative, or all of them together (`href` empty). `tone` is a class of the notation."""

    name: str
    href: str
    verdict: str
    tone: str
    net: str
    between: str
    week: str


@dataclass(frozen=True, slots=True)
class News:
    """A KPI that moved: the first words are its name and carry the link."""

    name: str
    href: str
    text: str
    value: str
    sign: str
    tone: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to decide."""

    what: str
    why: str
    stake: str
    who: str
    due: str
    href: str
    verb: str


@dataclass(frozen=True, slots=True)
class Remark:
    """What limits the figures. `about` begins the line and may be empty."""

    about: str
    href: str
    text: str


def account(totals: Statement, week: WeekSum) -> tuple[AccountLine, ...]:
    """What went in, what came out, to the cent; ranges in words."""
    digits, found = cent_digits(totals.currency), totals.range
    cents = lambda value: number(value, digits=digits)  # noqa: E731
    estimated = ""
    if totals.estimated_costs:
        amount = money(totals.estimated_costs, totals.currency)
        estimated = _("%(amount)s of it estimated") % {"amount": amount}
    benefit = between_money(found.benefit_low, found.benefit_high, totals.currency) if found else ""
    net = between_money(found.net_low, found.net_high, totals.currency) if found else ""
    roi = ""
    if found and found.roi_low is not None and found.roi_high is not None:
        roi = between_shares(found.roi_low, found.roi_high)
    paid = totals.returns.payback_on
    return (
        AccountLine(_("Invested"), cents(totals.invested), estimated, cents(week.cost)),
        AccountLine(_("Came back"), cents(totals.benefits.total), benefit, cents(week.benefit)),
        AccountLine(_("Net"), cents(totals.net), net, cents(week.net), "total"),
        AccountLine(_("ROI"), share(totals.roi.value) if totals.roi.value is not None else _("no costs yet"), roi, ""),
        AccountLine(_("Paid back"), moments.day(paid) if paid else _("not yet"), "", ""),
    )


def money_line(statement: Statement, monday: date, *, marks_real: bool) -> MoneyLine:
    initiative, currency = statement.initiative, statement.currency
    verdict = MONEY[statement.verdict]
    name = initiative.name if initiative else ""
    if initiative and marks_real and not initiative.is_sample:
        name = f"{name} · {_('real')}"
    week = of_week(statement.flows, monday)
    foreign = currency != organisation.current().reporting_currency
    suffix = f"\u00a0{currency}" if foreign else ""
    nothing = statement.range is None and not statement.invested
    return MoneyLine(
        name=name,
        href=addresses.initiative(initiative.slug) if initiative else "",
        verdict=str(verdict),
        tone=verdict.tone,
        net=NONE if nothing else number(statement.net, digits=cent_digits(currency)) + suffix,
        between=money_range(statement.range.net_low, statement.range.net_high, currency) if statement.range else "",
        week=NONE if nothing else number(week.net, digits=cent_digits(currency), plus=True) + suffix,
    )


def total_line(totals: Statement, week: WeekSum) -> MoneyLine:
    digits = cent_digits(totals.currency)
    found = totals.range
    return MoneyLine(
        name=_("Portfolio"),
        href="",
        verdict="",
        tone="",
        net=number(totals.net, digits=digits),
        between=money_range(found.net_low, found.net_high, totals.currency) if found else "",
        week=number(week.net, digits=digits, plus=True),
    )


def evidence(totals: Statement) -> tuple[str, ...]:
    """On what the benefit rests, and the net without what is only declared."""
    found = [(grade, amount) for grade, amount in totals.evidence.items() if amount]
    if not found:
        return ()
    grades = " · ".join(f"{g} ({EVIDENCE[g]}) {money(amount, totals.currency)}" for g, amount in found)
    lines = [_("Benefit by grade of evidence: {grades}").format(grades=grades)]
    if totals.evidence["D"]:
        without = _("Without what is only declared, the net is {without_declared}.")
        lines.append(without.format(without_declared=money(totals.net_without_declared, totals.currency)))
    return tuple(lines)


def news(moved: Sequence[Moved]) -> tuple[News, ...]:
    return tuple(_one(m) for m in moved)


def quiet(week: Week) -> tuple[str, ...]:
    """How many KPIs stayed as they were, and how all of them stand since go-live."""
    lines = []
    if week.quiet:
        text = ngettext("{count} other KPI moved as usual.", "{count} other KPIs moved as usual.", week.quiet)
        lines.append(capfirst(text.format(count=in_words(week.quiet))))
    counts = [(KPI[key], sum(o.effect is not None and o.effect.verdict == key for o in week.overviews)) for key in KPI]
    said = ", ".join(f"{count} {verdict.word}" for verdict, count in counts if count)
    if said:
        lines.append(_("Since go-live: {counts}.").format(counts=said))
    return tuple(lines)


def choices(decisions: Sequence[Decision]) -> list[Choice]:
    found = []
    for decision in decisions:
        words = told.words_of(decision)
        due = moments.day(decision.due, year=False) if decision.due else _("now")
        href = addresses.page(*told.page_of(decision))
        found.append(Choice(words.what, words.why, words.stake, words.who, due, href, words.verb))
    return found


def more(count: int) -> str:
    if count <= 0:
        return ""
    return ngettext("{count} more on the portfolio page.", "{count} more on the portfolio page.", count).format(
        count=count
    )


def remarks(
    portfolio: Portfolio, standing: Standing, seen: Sequence[Initiative], *, now: datetime
) -> tuple[Remark, ...]:
    """Silent sources, stale KPIs, what is provisional, what could not be added."""
    totals = portfolio.totals
    found = [_silent(s.source, standing, s.since) for s in standing.silent]
    silent = {s.source.initiative_id for s in standing.silent}
    kpis = list(Kpi.objects.filter(initiative__in=[i for i in seen if i.pk not in silent]).select_related("initiative"))
    since = finality.stale_kpis(kpis, now=now)
    stale = [kpi for kpi in kpis if kpi.pk in since]
    for kpi in stale[:STALE_SHOWN]:
        text = _("stale: no data since {day}.").format(
            day=moments.weekday(organisation.calendar().local_date(since[kpi.pk]))
        )
        found.append(Remark(kpi.name, addresses.kpi(kpi.key), text))
    if len(stale) > STALE_SHOWN:
        rest = len(stale) - STALE_SHOWN
        found.append(
            Remark(
                "", "", ngettext("{count} more KPI is stale.", "{count} more KPIs are stale.", rest).format(count=rest)
            )
        )
    if totals.provisional:
        text = _("%(amount)s of the benefit is provisional: late data may still change it.")
        found.append(Remark("", "", text % {"amount": money(totals.provisional_amount, totals.currency)}))
    found += [
        Remark("", "", reason(why)) for name, why in totals.reasons.items() if name.startswith(("totals.", "invested."))
    ]
    return tuple(found)


def trail_head(user: User) -> tuple[str, ...]:
    """The end of the audit trail, for whoever may read it: written down outside, it shows a cut end."""
    if not rights.may(user, Action.READ_AUDIT) or rights.is_limited(user):
        return ()
    count, head = audit.head()
    return (_("Audit trail: {count} rows, ending in {head}.").format(count=number(count), head=head),)


def _one(moved: Moved) -> News:
    kpi = moved.kpi
    value = unit_value(moved.value, kpi.unit)
    when = moments.interval(moved.start, moved.overview.granularity)  # type: ignore[arg-type]
    sentences = []
    if moved.movement is not None and moved.beyond_noise:
        ends = (unit_value(moved.movement.low, kpi.unit), unit_value(moved.movement.high, kpi.unit))
        beyond = _("{value} in {when}; usual before was {range}.")
        sentences.append(beyond.format(value=value, when=when, range=between(*ends)))
    if moved.target and moved.overview.target is not None:
        target = unit_value(moved.overview.target, kpi.unit)
        reached = _("It has reached its target of {target}.")
        lost = _("It has fallen behind its target of {target} again.")
        sentences.append((reached if moved.target == "reached" else lost).format(target=target))
    if moved.event is not None:
        event = _("{day}: {event}.").format(day=moments.day(moved.event.on, year=False), event=moved.event.text)
        sentences.append(event)
    verdict = {True: KPI["improved"], False: KPI["worse"], None: None}[moved.better]
    return News(
        name=kpi.name,
        href=addresses.kpi(kpi.key),
        text=" ".join(sentences),
        value=value,
        sign=verdict.sign if verdict else "",
        tone=verdict.tone if verdict else "",
    )


def _silent(source: DataSource, standing: Standing, since: datetime | None) -> Remark:
    health = next(s.health for s in standing.silent if s.source.pk == source.pk)
    reason = health.last_run.error_code if health.last_run is not None else ""
    pulls = source.kind != DataSource.Kind.PUSH
    facts = SourceFacts(source.slug, source.name, health.state, since, health.newest_at, reason, pulls)
    return Remark("", addresses.source(source.slug), source_headline(facts).text)
