"""Setting up a source: every change in one transaction with its audit row, and refused where it could never work.

A feed that stays the same keeps its cursor and its memory; one whose query changes begins anew. The secret header is in
no audit row and in no answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from kpis.access import audit
from kpis.access.models import Token, User
from kpis.definitions import changing, organisation
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.models import Kpi
from kpis.sources import credentials, mapping, schedule
from kpis.sources.connectors import CONNECTORS
from kpis.sources.fetching import FetchFailed
from kpis.sources.models import DataSource, Feed

SHORTEST_RHYTHM = timedelta(seconds=5)
LONGEST_RHYTHM = timedelta(days=31)
LONGEST_OVERLAP = timedelta(days=92)
DEFAULT_RHYTHM = timedelta(minutes=5)
MOST_FEEDS = 200


class SourceWrong(Exception):
    """What was wished for can never work: a stable code, a sentence, the member to blame."""

    def __init__(self, code: str, detail: str, attr: str | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.attr = code, detail, attr


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """A feed as it is wished for. `begin_at`: from when on to ask a feed that is new; None: from now on."""

    kpi: Kpi
    query: str = ""
    points: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    keep_labels: Sequence[str] = ()
    factor: float = 1.0
    step: timedelta | None = None
    begin_at: datetime | None = None

    @property
    def question(self) -> tuple[object, ...]:
        """What makes it the same feed as before, so that it goes on where it stood."""
        return (self.kpi.pk, self.query, self.points, dict(self.fields), list(self.keep_labels), self.factor, self.step)


def create_source(
    fields: Mapping[str, Any],
    *,
    feeds: Sequence[FeedPlan] = (),
    header: str = "",
    by: User | Token | None,
    at: datetime,
) -> DataSource:
    """A new source, due at once. Refuses (SourceWrong) what its connector says can never work."""
    source = DataSource(**_with_defaults(fields))
    _refuse_unworkable(source, feeds, at=at)
    with transaction.atomic():
        changing.create(source, by=by, at=at)
        if header:
            _keep_header(source, header, by=by, at=at)
        _arrange_feeds(source, feeds, by=by, at=at)
        if source.enabled and source.kind in CONNECTORS:
            schedule.make_due(source, at=at)
    source.refresh_from_db()
    return source


def change_source(
    source: DataSource,
    fields: Mapping[str, Any],
    *,
    feeds: Sequence[FeedPlan] | None = None,
    header: str | None = None,
    by: User | Token | None,
    at: datetime,
) -> None:
    """Change what is given; `header` "" removes the secret, None leaves it. Slug and kind stay (ChangeRefused).

    Another address takes the secret with it only where the header is given anew: it was meant for the old one.
    """
    for name in ("slug", "kind"):
        if fields.get(name, getattr(source, name)) != getattr(source, name):
            raise ChangeRefused(f"{name}_is_fixed", f"The {name} of a source stays as it is.", name)
    moves = _origin(fields.get("address", source.address)) != _origin(source.address)
    if moves and source.auth_header is not None and header is None:
        raise ChangeRefused("header_needed", "For another host the secret header must be given again.", "auth_header")
    wished = DataSource(**{name: getattr(source, name) for name in FIELDS} | dict(fields))
    plans = feeds if feeds is not None else [_plan_of(feed) for feed in source.feeds.select_related("kpi")]
    _refuse_unworkable(wished, plans, at=at)
    if wished.initiative_id and source.rules.exclude(kpi__initiative=wished.initiative_id).exists():
        raise SourceWrong("kpi_of_another", "A rule of the source feeds a KPI of another initiative.", "initiative")
    with transaction.atomic():
        changing.change(source, fields, by=by, at=at)
        if header is not None:
            _keep_header(source, header, by=by, at=at)
        if feeds is not None:
            _arrange_feeds(source, feeds, by=by, at=at)
        if source.enabled and source.kind in CONNECTORS:
            schedule.make_due(source, at=at)


def delete_source(source: DataSource, *, by: User | Token | None, at: datetime) -> None:
    """Remove the source with its feeds and runs; what it has measured stays."""
    changing.delete(source, by=by, at=at)


def run_now(source: DataSource, *, by: User | Token | None, at: datetime) -> None:
    """Let the source be pulled at once. Refuses (ChangeRefused) one that is paused or pushes."""
    if not source.enabled or source.kind not in CONNECTORS:
        raise ChangeRefused("not_pulled", "A source that is paused, or that pushes by itself, is not pulled.")
    with transaction.atomic():
        schedule.make_due(source, at=at)
        audit.record("datasource.run_asked_for", by=by, subject=changing.subject_of(source), at=at)


FIELDS = ("slug", "name", "kind", "initiative", "address", "every", "overlap", "stale_after", "enabled", "is_sample")


def _with_defaults(fields: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(fields)
    connector = CONNECTORS.get(str(given.get("kind")))
    if connector is not None:
        given["every"] = given.get("every") or DEFAULT_RHYTHM
        if given.get("overlap") is None:
            given["overlap"] = connector.default_overlap
    return given


def _refuse_unworkable(source: DataSource, feeds: Sequence[FeedPlan], *, at: datetime) -> None:
    connector = CONNECTORS.get(source.kind)
    if connector is None:
        if feeds or source.address:
            raise SourceWrong(
                "push_has_no_feeds", "What pushes is not asked: it has neither address nor feeds.", "kind"
            )
        return
    _refuse_bad_address(source.address)
    _refuse_bad_rhythm(source)
    if len(feeds) > MOST_FEEDS:
        raise SourceWrong("too_many_feeds", f"A source has at most {MOST_FEEDS} feeds.", "feeds")
    zone = organisation.current().zone
    for index, plan in enumerate(feeds):
        if source.initiative_id is not None and plan.kpi.initiative_id != source.initiative_id:
            raise SourceWrong("kpi_of_another", "The KPI belongs to another initiative.", f"feeds.{index}.kpi")
        try:
            connector.check(mapping.order_of(_feed(source, plan), source, at=at, zone=zone))
        except FetchFailed as error:
            raise SourceWrong(error.code, error.detail, f"feeds.{index}") from error


def _refuse_bad_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound:
        raise SourceWrong("address_wrong", "The address begins with http:// or https:// and names a host.", "address")
    if parts.username is not None or parts.password is not None:
        raise SourceWrong("address_has_secret", "Put the password into the secret header, not the address.", "address")


def _refuse_bad_rhythm(source: DataSource) -> None:
    if source.every is None or not SHORTEST_RHYTHM <= source.every <= LONGEST_RHYTHM:
        raise SourceWrong("rhythm_out_of_range", "A source is pulled every 5 seconds to every 31 days.", "every")
    if source.overlap is None or not timedelta(0) <= source.overlap <= LONGEST_OVERLAP:
        raise SourceWrong("overlap_out_of_range", "The overlap lies between 0 and 92 days.", "overlap")


def _keep_header(source: DataSource, header: str, *, by: User | Token | None, at: datetime) -> None:
    try:
        source.auth_header = credentials.sealed(source, header)
    except credentials.CredentialsWrong as error:
        raise SourceWrong(error.code, error.detail, "auth_header") from error
    source.save(update_fields=["auth_header"])
    audit.record("datasource.secret_changed", by=by, subject=changing.subject_of(source), at=at)


def _arrange_feeds(source: DataSource, plans: Sequence[FeedPlan], *, by: User | Token | None, at: datetime) -> None:
    """Keep the feeds that are asked the same as before, remove the others, add the new ones."""
    left = list(source.feeds.select_related("kpi"))
    new = []
    for plan in plans:
        same = next((feed for feed in left if _plan_of(feed).question == plan.question), None)
        if same is not None:
            left.remove(same)
        else:
            new.append(plan)
    for feed in left:
        feed.delete()
    for plan in new:
        _feed(source, plan).save()
    if left or new:
        details = {"removed": [_said(_plan_of(feed)) for feed in left], "added": [_said(plan) for plan in new]}
        audit.record("datasource.feeds_changed", by=by, subject=changing.subject_of(source), details=details, at=at)


def _said(plan: FeedPlan) -> dict[str, object]:
    return {"kpi": plan.kpi.key, "query": plan.query, "points": plan.points, "fields": dict(plan.fields)}


def _feed(source: DataSource, plan: FeedPlan) -> Feed:
    return Feed(
        source=source,
        kpi=plan.kpi,
        query=plan.query,
        points=plan.points,
        fields=dict(plan.fields),
        keep_labels=list(plan.keep_labels),
        factor=plan.factor,
        step=plan.step,
        until=plan.begin_at,
    )


def _plan_of(feed: Feed) -> FeedPlan:
    return FeedPlan(
        kpi=feed.kpi,
        query=feed.query,
        points=feed.points,
        fields=feed.fields,
        keep_labels=feed.keep_labels,
        factor=feed.factor,
        step=feed.step,
    )


def _origin(address: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname, parts.port
    except ValueError:
        return "", None, None
