"""*All ways to say the ROI*: one account under every name by which a return is quoted, with formula and reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kpis.calculations.answer import Answer
from kpis.dashboards.frame import page
from kpis.dashboards.portfolio import chosen_initiatives
from kpis.definitions import organisation
from kpis.definitions.sight import initiatives_seen_by
from kpis.plumbing import clock
from kpis.roi.portfolio import portfolio_statement
from kpis.roi.statement import Statement, roi_statement
from kpis.roi.variants import Variants, variants_of
from kpis.wording import amounts, moments
from kpis.wording.reasons import reason
from kpis.wording.returns import NAMED, Named, months_meant


@dataclass(frozen=True, slots=True)
class Way:
    """`value` as a reader writes it, empty with a `note` that says why; otherwise the note says of what it is."""

    key: str
    named: Named
    value: str
    note: str = ""
    is_forecast: bool = False


@login_required
@require_safe
@organisation.read_once()
def of_portfolio(request: HttpRequest) -> HttpResponse:
    """Of everything that the reader sees, in the reporting currency."""
    initiatives = chosen_initiatives(request)
    totals = portfolio_statement(initiatives, as_of=clock.now()).totals
    return _shown(request, totals, {"sample": any(initiative.is_sample for initiative in initiatives)})


@login_required
@require_safe
@organisation.read_once()
def of_initiative(request: HttpRequest, slug: str) -> HttpResponse:
    """Of one initiative, in its own currency."""
    initiative = get_object_or_404(initiatives_seen_by(request.user), slug=slug)
    statement = roi_statement(initiative, as_of=clock.now())
    return _shown(request, statement, {"initiative": initiative, "sample": initiative.is_sample})


def _shown(request: HttpRequest, statement: Statement, more: dict[str, object]) -> HttpResponse:
    variants = variants_of(statement)
    context = {"statement": statement, "variants": variants, "ways": list(ways_of(statement, variants))}
    return page(request, "dashboards/how/ways.html", context | more, current="portfolio")


def ways_of(statement: Statement, found: Variants) -> Iterator[Way]:
    """In the order in which a reader meets them: to date, narrower, ahead, discounted."""
    currency, rate = statement.currency, found.run_rate
    yield _way("to_date", found.to_date, amounts.share)
    yield _way("return_multiple", found.return_multiple, lambda value: amounts.number(value, digits=2))
    yield _way("annualised", found.annualised, amounts.share, moments.days(found.days))
    yield _way("run_rate", rate.roi, amounts.share, _run_rate_note(found, currency))
    yield _against_plan(found)
    for key, part in (("direct", found.direct), ("traced", found.traced)):
        yield _way(key, part.roi, amounts.share, _net_of(amounts.money(part.net, currency)))
    yield from _ahead(found, currency)
    yield _way("npv", statement.returns.npv, lambda value: amounts.money(value, currency))
    yield _way("irr", statement.returns.irr, amounts.share, " · ".join(map(amounts.share, found.irrs)))
    if found.irrs:
        yield _way("mirr", found.mirr, amounts.share)


def _against_plan(found: Variants) -> Way:
    if found.against_plan is None:
        return Way("against_plan", NAMED["against_plan"], "", reason(found.reasons["plan"]))
    to = _("to %(day)s") % {"day": moments.day(found.against_plan.until)}
    return _way("against_plan", found.against_plan.points, lambda value: amounts.points(value * 100, plus=True), to)


def _ahead(found: Variants, currency: str) -> Iterator[Way]:
    """What carries a scenario: never added to what has happened."""
    if found.forecast is None:
        yield Way("forecast", NAMED["forecast"], "", reason(found.reasons["horizon"]), is_forecast=True)
    else:
        until = _("if nothing changes, to %(day)s") % {"day": moments.day(found.forecast.until)}
        yield _way("forecast", found.forecast.roi, amounts.share, until, is_forecast=True)
    if found.three_years is None:
        yield Way("three_years", NAMED["three_years"], "", reason(found.reasons["three_years"]), is_forecast=True)
        return
    impact, rate = found.three_years.impact, amounts.share(found.three_years.rate)
    at = _("discounted at %(rate)s a year") % {"rate": rate}
    ahead = found.three_years.is_forecast
    yield _way("three_years", impact.roi, amounts.share, at, is_forecast=ahead)
    yield _way("npv_year_end", impact.npv, lambda value: amounts.money(value, currency), at, is_forecast=ahead)


def _way(key: str, answer: Answer, said: object, note: str = "", *, is_forecast: bool = False) -> Way:
    if answer.value is None:
        return Way(key, NAMED[key], "", " · ".join(filter(None, (reason(answer.reason), note))), is_forecast)
    return Way(key, NAMED[key], said(answer.value), note, is_forecast)  # type: ignore[operator]


def _run_rate_note(found: Variants, currency: str) -> str:
    if not found.run_rate.months or not found.run_rate.roi.exists:
        return ""
    left_out = amounts.money(found.run_rate.left_out, currency)
    said = {"months": months_meant(found.run_rate.months), "amount": left_out}
    return _("%(months)s; one-time costs of %(amount)s left out") % said


def _net_of(amount: str) -> str:
    return _("net %(amount)s") % {"amount": amount}
