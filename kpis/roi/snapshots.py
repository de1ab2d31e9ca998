"""As presented: the figures of a day kept for good, with the rows that they were made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kpis.access import audit, rights
from kpis.access.models import Token, User
from kpis.access.rights import Action
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.models import Initiative
from kpis.definitions.sight import Actor, slugs_seen_by
from kpis.ledger import periods
from kpis.ledger.models import LedgerEntry
from kpis.ledger.reading import booked_by
from kpis.roi.flows import Flows
from kpis.roi.models import Snapshot
from kpis.roi.portfolio import portfolio_statement
from kpis.roi.statement import Statement, roi_statement
from kpis.roi.told import figures_of, money, range_of

TAKEN = "snapshot.taken"
LONGEST_TITLE, LONGEST_NOTE = 160, 2000
# In the database, so that ten thousand rows go nowhere else on their way.
KEEP = """
insert into kpis_snapshotentry (snapshot_id, entry, row)
select %s, id, to_jsonb(e) from kpis_ledgerentry e where id in ({chosen})
"""
DIGEST = """
select encode(sha256(convert_to(s.statement::text || s.costs::text || coalesce(
         (select string_agg(row::text, E'\n' order by entry) from kpis_snapshotentry where snapshot_id = s.id), ''),
       'UTF8')), 'hex')
  from kpis_snapshot s where id = %s
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be kept: a title, a note, and what of: `initiative` None is the portfolio of `initiatives`.

    filters : of the portfolio's page, to be said beside the figures.
    """

    title: str
    initiatives: Sequence[Initiative]
    initiative: Initiative | None = None
    note: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)


def may_take(actor: Actor) -> bool:
    return rights.may(actor, Action.TAKE_SNAPSHOTS)


@transaction.atomic
def take_snapshot(wish: Wish, *, as_of: datetime, by: User | Token | None, at: datetime) -> Snapshot:
    """Keep the figures as of an instant. Refuses (ChangeRefused) a portfolio without initiatives and an empty title."""
    _refuse_nonsense(wish)
    periods.hold_books()  # figures and rows are of the same moment
    initiatives = [wish.initiative] if wish.initiative else list(wish.initiatives)
    totals, rows = statements_of(wish.initiative, initiatives, as_of=as_of)
    snapshot = Snapshot.objects.create(
        title=wish.title.strip()[:LONGEST_TITLE],
        note=wish.note.strip()[:LONGEST_NOTE],
        scope=wish.initiative.slug if wish.initiative else "",
        initiatives=[each.slug for each in initiatives],
        filters=dict(wish.filters),
        is_sample=all(each.is_sample for each in initiatives),
        as_of=as_of,
        taken_at=at,
        taken_by=rights.person_behind(by) if by is not None else None,
        currency=totals.currency,
        statement={"totals": _told(totals), "rows": _rows(totals, rows)},
        costs={row.flows[0].initiative.slug: _payments(row.flows[0]) for row in rows},
    )
    _keep_entries(snapshot, initiatives)
    snapshot.digest = digest_of(snapshot)
    Snapshot.objects.filter(pk=snapshot.pk).update(digest=snapshot.digest)
    details = {"title": snapshot.title, "as_of": as_of, "net": money(totals.net), "digest": snapshot.digest}
    audit.record(TAKEN, by=by, subject=f"snapshot:{snapshot.pk}", details=details, at=at)
    return snapshot


def statements_of(
    initiative: Initiative | None, initiatives: Sequence[Initiative], *, as_of: datetime, currency: str | None = None
) -> tuple[Statement, Sequence[Statement]]:
    """The totals, and the statement of each initiative in its own currency; a portfolio's in `currency`, if given."""
    if initiative is not None:
        statement = roi_statement(initiative, as_of=as_of)
        return statement, [statement]
    portfolio = portfolio_statement(initiatives, as_of=as_of, currency=currency)
    return portfolio.totals, portfolio.rows


def snapshots_seen_by(actor: Actor) -> QuerySet[Snapshot]:
    """Those of which every initiative is in sight, newest first; one that was deleted is in nobody's limited sight."""
    seen = slugs_seen_by(actor)
    rows = Snapshot.objects.select_related("taken_by").order_by("-taken_at", "-pk")
    if not rights.may(actor, Action.READ):
        return rows.none()
    return rows if seen is None else rows.filter(initiatives__contained_by=sorted(seen))


def digest_of(snapshot: Snapshot) -> str:
    """SHA-256, in hex, of all that is kept, as it stands in the tables."""
    with connection.cursor() as cursor:
        cursor.execute(DIGEST, [snapshot.pk])
        return str(cursor.fetchone()[0])


def is_as_taken(snapshot: Snapshot) -> bool:
    """Whether figures and rows are those whose digest stands in the trail since it was taken."""
    noted = audit.details_of(TAKEN, f"snapshot:{snapshot.pk}")
    return noted is not None and noted.get("digest") == digest_of(snapshot)


def forget_sample_snapshots() -> None:
    """After the sample company has gone."""
    Snapshot.objects.filter(is_sample=True).delete()


def _refuse_nonsense(wish: Wish) -> None:
    if not wish.title.strip():
        raise ChangeRefused("title_missing", _("A snapshot has a title: whom it was shown, and when."), "title")
    if wish.initiative is None and not wish.initiatives:
        raise ChangeRefused("nothing_to_keep", _("There is no initiative to be kept."), None)


def _keep_entries(snapshot: Snapshot, initiatives: Collection[Initiative]) -> None:
    chosen = LedgerEntry.objects.filter(booked_by(snapshot.as_of), initiative__in=initiatives).order_by()
    sql, parameters = chosen.values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(KEEP.format(chosen=sql), [snapshot.pk, *parameters])


def _told(statement: Statement) -> dict[str, Any]:
    return {
        "figures": figures_of(statement),
        "range": range_of(statement.range),
        "verdict": statement.verdict,
        "reasons": dict(statement.reasons),
    }


def _rows(totals: Statement, rows: Sequence[Statement]) -> list[dict[str, Any]]:
    """`in_totals`: what an initiative adds to the totals, in their currency; None where no exchange rate holds."""
    added = {flows.initiative.pk: flows for flows in totals.flows}
    return [_row(row, row.flows[0].initiative, added.get(row.flows[0].initiative.pk)) for row in rows]


def _row(statement: Statement, initiative: Initiative, added: Flows | None) -> dict[str, Any]:
    names = ("slug", "name", "business_unit", "owner", "phase", "currency", "is_sample")
    identity = {"initiative_id": initiative.pk}
    sums = {"benefit": money(added.benefit), "invested": money(added.invested)} if added else None
    about = {name: getattr(initiative, name) for name in names}
    return identity | about | _told(statement) | {"in_totals": sums}


def _payments(flows: Flows) -> list[dict[str, Any]]:
    return [
        {
            "cost": line.entry_id,
            "on": line.on.isoformat(),
            "name": line.name,
            "amount": money(line.amount),
            "paid": money(line.paid.amount if line.paid else line.amount),
            "paid_currency": line.paid.currency if line.paid else line.currency,
        }
        for line in flows.costs
    ]
