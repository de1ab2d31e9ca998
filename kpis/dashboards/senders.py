"""`/tokens/{id}/` and `/sources/{slug}/sent/`: what a sender sent, what became of it, sending it again, its limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from kpis.access import rights, tokens
from kpis.access.listing import tokens_seen_by
from kpis.access.models import Token
from kpis.access.rights import Action
from kpis.dashboards.frame import page
from kpis.definitions import organisation
from kpis.definitions.changing import ChangeRefused
from kpis.exports import rejections as files
from kpis.figures.sent_bars import sent_bars
from kpis.ingest import rejections
from kpis.ingest.replaying import Replayed
from kpis.ingest.sendings import Count, Sendings
from kpis.plumbing import clock
from kpis.sources import health, senders
from kpis.sources.models import DataSource
from kpis.wording.senders import SenderFacts, bars_summary, sender_headline

REJECTIONS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Door:
    """A sender and its addresses: its page, the file of its rejected points (without `csv` or `ndjson`), send again."""

    sender: senders.Sender
    page: str
    file: str
    replay: str
    may_change: bool


@login_required
@require_safe
def token(request: HttpRequest, pk: int) -> HttpResponse:
    """What a token sent."""
    return _shown(request, _token(request, pk))


@login_required
@require_safe
def source(request: HttpRequest, slug: str) -> HttpResponse:
    """What came from a source."""
    return _shown(request, _source(request, slug))


@login_required
@require_safe
def token_file(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """The rejected points of a token as a file."""
    return _file(_token(request, pk), form)


@login_required
@require_safe
def source_file(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    """The rejected points of a source as a file."""
    return _file(_source(request, slug), form)


@login_required
@require_POST
def token_replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the rejected points of a token again."""
    return _replayed(request, _token(request, pk))


@login_required
@require_POST
def source_replay(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the rejected points of a source again."""
    return _replayed(request, _source(request, slug))


class LimitForm(forms.Form):
    """How many points a minute; empty: as the portal's setting says for all."""

    points_a_minute = forms.IntegerField(min_value=1, max_value=2_000_000_000, required=False)


@login_required
@require_POST
def token_limit(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how many points a minute a token may send."""
    door, form = _token(request, pk), LimitForm(request.POST)
    if not door.may_change or not isinstance(door.sender, Token):
        raise PermissionDenied
    if form.is_valid():
        points = form.cleaned_data["points_a_minute"]
        tokens.limit_points(door.sender, points, by=request.user, at=clock.now())  # type: ignore[arg-type]
        messages.success(request, _("The limit is set; it holds within ten seconds."))
    else:
        messages.error(request, " ".join(map(str, form.errors["points_a_minute"])))
    return redirect(door.page)


def _token(request: HttpRequest, pk: int) -> Door:
    if not rights.may(request.user, Action.CHANGE_TOKENS):
        raise PermissionDenied
    found = get_object_or_404(tokens_seen_by(request.user), pk=pk)
    ends = found.revoked_at is not None or (found.expires_at is not None and found.expires_at <= clock.now())
    return Door(found, *_addresses("token", pk), may_change=not ends)


def _source(request: HttpRequest, slug: str) -> Door:
    found = get_object_or_404(health.sources_seen_by(request.user), slug=slug)
    return Door(
        found, *_addresses("source-sent", slug), may_change=rights.may(request.user, Action.CHANGE_SOURCES, found)
    )


def _addresses(name: str, of: object) -> tuple[str, str, str]:
    here = reverse(name, args=[of])
    return here, f"{here}rejections.", reverse(f"{name}-replay", args=[of])


def _shown(request: HttpRequest, door: Door) -> HttpResponse:
    zone, now = organisation.current().zone, clock.now()
    report = senders.report(door.sender, now=now, zone=zone)
    hour, month = report.hour, report.month
    last_at = report.last.arrived_at if report.last is not None else None
    facts = SenderFacts(
        hour.total.received,
        hour.total.rejected,
        hour.reasons,
        month.total.received,
        last_at,
        refused=sum(month.refused.values()),
    )
    found = senders.rejections_of(door.sender)
    context = {
        "door": door,
        "token": door.sender if isinstance(door.sender, Token) else None,
        "source": door.sender if isinstance(door.sender, DataSource) else None,
        "report": report,
        "lag": timedelta(seconds=report.last.lag_seconds) if report.last and report.last.lag_seconds else None,
        "headline": partial(sender_headline, facts),
        "spans": [(_("Last hour"), hour), (_("Thirty days"), month)],
        "hour_bars": _bars(hour, _minutes(hour), "hour"),
        "month_bars": _bars(month, _days(month, zone), "month"),
        "rejections": found[:REJECTIONS_SHOWN],
        "rejected": found[: rejections.KEPT_OF_A_SENDER].count(),
        "sample": isinstance(door.sender, DataSource) and door.sender.is_sample,
    }
    return page(request, "dashboards/sender.html", context, current="sources")


def _minutes(hour: Sendings) -> list[datetime]:
    count = int((hour.until - hour.since) // timedelta(minutes=1)) + 1
    return [hour.since + timedelta(minutes=number) for number in range(count)]


def _days(month: Sendings, zone: str) -> list[date]:
    first, last = (at.astimezone(ZoneInfo(zone)).date() for at in (month.since, month.until))
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _bars(sent: Sendings, buckets: list[datetime] | list[date], span: str) -> SafeString:
    by_start: dict[date, Count] = {
        count.start if span == "hour" else count.start.astimezone(sent.since.tzinfo).date(): count
        for count in sent.counts
    }
    counts = [by_start.get(bucket) for bucket in buckets]
    bars = [(0, 0) if count is None else (count.received - count.rejected, count.rejected) for count in counts]
    total = sent.total
    return mark_safe(sent_bars(bars, summary=bars_summary(total.received, total.rejected, span)))  # noqa: S308 - escaped


def _file(door: Door, form: str) -> HttpResponse:
    if form not in files.MEDIA_TYPES:
        raise Http404
    content = files.as_file(senders.rejections_of(door.sender)[: rejections.KEPT_OF_A_SENDER], form)
    headers = {"Content-Disposition": f'attachment; filename="rejections.{form}"'}
    return HttpResponse(content, content_type=files.MEDIA_TYPES[form], headers=headers)


def _replayed(request: HttpRequest, door: Door) -> HttpResponse:
    if not door.may_change:
        raise PermissionDenied
    try:
        replayed = senders.replay(door.sender, by=request.user, at=clock.now())  # type: ignore[arg-type]
        messages.success(request, _said(replayed))
    except ChangeRefused as refusal:
        messages.error(request, refusal.detail)
    return redirect(door.page)


def _said(replayed: Replayed) -> str:
    gone = replayed.stored + replayed.there
    stays = replayed.rejected + replayed.left
    stored = ngettext(
        "%(n)d point was sent again and is stored.", "%(n)d points were sent again and are stored.", gone
    ) % {"n": gone}
    left = ngettext("%(n)d stays in the list.", "%(n)d stay in the list.", stays) % {"n": stays}
    return f"{stored} {left}" if stays else stored
