"""`/digests/` and `/digests/{slug}/`: who gets what when, did it arrive, and what did it say?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kpis.access import rights
from kpis.access.models import User
from kpis.access.rights import Action
from kpis.dashboards.digest_form import DigestForm
from kpis.dashboards.frame import page
from kpis.definitions import organisation
from kpis.definitions.changing import ChangeRefused
from kpis.digests import changing, reading, schedule
from kpis.digests.models import Digest, Edition
from kpis.digests.reading import Fate
from kpis.plumbing import clock, outbox
from kpis.wording.digests import digests_headline
from kpis.wording.moments import clock_time

EDITIONS_A_PAGE = 20
DUE_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One digest as the list shows it. `next_due`: in the digest's own zone."""

    digest: Digest
    people: tuple[User, ...]
    next_due: str
    fates: tuple[Fate, ...]

    @property
    def troubles(self) -> int:
        return sum(fate.is_trouble for fate in self.fates)


@login_required
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every digest in sight, with how its newest editions fared."""
    rows = [_row(digest, request.user) for digest in reading.digests_seen_by(request.user)]
    troubles = sum(row.troubles for row in rows)
    context = {
        "rows": rows,
        "headline": digests_headline(sum(row.digest.enabled for row in rows), troubles).text,
        "may_change": rights.may(request.user, Action.CHANGE_DIGESTS),
        "mail_is_sent": outbox.is_sent(),
        "sample": any(row.digest.is_sample for row in rows),
    }
    return page(request, "dashboards/digests.html", context, current="digests")


@login_required
@require_safe
def one(request: HttpRequest, slug: str) -> HttpResponse:
    """One digest: when it comes, to whom, its editions, and the newest one to read."""
    digest = _seen(request, slug)
    fates = Paginator(reading.editions_seen_by(request.user).filter(digest=digest), EDITIONS_A_PAGE)
    shown = fates.get_page(request.GET.get("page"))
    context = {
        "row": _row(digest, request.user),
        "fates": [(reading.fate_of(row), reading.may_read(row, request.user)) for row in shown],
        "pages": shown,
        "upcoming": [
            _in_zone(due, digest.zone) for due in schedule.upcoming(digest, after=clock.now(), count=DUE_SHOWN)
        ],
        "gets_it": digest.recipients.filter(user=request.user.pk).exists(),
        "may_change": rights.may(request.user, Action.CHANGE_DIGESTS),
        "mail_is_sent": outbox.is_sent(),
        "sample": digest.is_sample,
    }
    return page(request, "dashboards/digest.html", context, current="digests")


@login_required
@require_safe
def edition(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One edition as it was sent: the mail in a frame of its own, and its text."""
    row = _readable(request, slug, pk)
    context = {
        "row": row,
        "fate": reading.fate_of(row),
        "html": reading.as_page(row),
        "sample": bool(row.told.get("sample")),
    }
    return page(request, "dashboards/edition.html", context, current="digests")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """A new digest; weekly on Monday at seven, to oneself, unless said otherwise."""
    _must_change(request)
    house = organisation.current()
    initial = {
        "zone": house.zone,
        "language": house.language,
        "weekday": 0,
        "at": "07:00",
        "recipients": [request.user.pk],
    }
    form = DigestForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = changing.create_digest(form.fields_of(), recipients=form.people(), **_acting(request))
            return redirect("digest", slug=made.slug)
        except ChangeRefused as refusal:
            form.blame(refusal)
    return page(request, "dashboards/digest_form.html", {"form": form, "digest": None}, current="digests")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, slug: str) -> HttpResponse:
    _must_change(request)
    digest = _seen(request, slug)
    form = DigestForm(request.POST or None, initial=DigestForm.values_of(digest), digest=digest)
    if request.method == "POST" and form.is_valid():
        try:
            changing.change_digest(digest, form.fields_of(), recipients=form.people(), **_acting(request))
            return redirect("digest", slug=slug)
        except ChangeRefused as refusal:
            form.blame(refusal)
    return page(request, "dashboards/digest_form.html", {"form": form, "digest": digest}, current="digests")


@login_required
@require_POST
def send_now(request: HttpRequest, slug: str) -> HttpResponse:
    """An edition now, to the one who asks."""
    _must_change(request)
    changing.request_edition(_seen(request, slug), for_whom=_person(request), **_acting(request))
    messages.success(request, _("An edition for you is being made; it appears in the list in a few seconds."))
    return redirect("digest", slug=slug)


@login_required
@require_POST
def send_again(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Once more what did not leave."""
    _must_change(request)
    row = get_object_or_404(reading.editions_seen_by(request.user), pk=pk, digest__slug=slug)
    changing.send_again(row, **_acting(request))
    messages.success(request, _("It is tried again now."))
    return redirect("digest", slug=slug)


@login_required
@require_POST
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Stop this mail for oneself."""
    changing.leave(_seen(request, slug), **_acting(request))
    messages.success(request, _("You will not get this mail any more."))
    return redirect("digests")


def _row(digest: Digest, actor: Any) -> Row:
    may_change = rights.may(actor, Action.CHANGE_DIGESTS)
    recipients = digest.recipients.select_related("user").order_by("pk")
    people = [r.user for r in recipients if may_change or r.user_id == actor.pk]
    due = _in_zone(digest.next_due_at, digest.zone) if digest.enabled and digest.next_due_at else ""
    fates = reading.latest_fates(digest, reading.editions_seen_by(actor).filter(digest=digest)[:200])
    return Row(digest, tuple(people), due, tuple(fates))


def _in_zone(at: datetime, zone: str) -> str:
    with timezone.override(zone):
        return clock_time(at)


def _seen(request: HttpRequest, slug: str) -> Digest:
    return get_object_or_404(reading.digests_seen_by(request.user), slug=slug)


def _readable(request: HttpRequest, slug: str, pk: int) -> Edition:
    row = get_object_or_404(reading.editions_seen_by(request.user).exclude(mail=None), pk=pk, digest__slug=slug)
    if not reading.may_read(row, request.user):
        return get_object_or_404(Edition.objects.none())
    return row


def _must_change(request: HttpRequest) -> None:
    if not rights.may(request.user, Action.CHANGE_DIGESTS):
        raise PermissionDenied


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - signed in, for the type checker
    return request.user


def _acting(request: HttpRequest) -> dict[str, Any]:
    return {"by": _person(request), "at": clock.now()}
