"""To which KPIs a sender may write, by key. Remembered for ten seconds, because a sender sends the same keys again.

What is remembered decides only what is asked: the transaction that writes verifies that each KPI still is under its
key (`measurements.labelling`), and a key that is not remembered is always asked for, so a new KPI is known at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kpis.access.models import Token, User
from kpis.calculations.intervals import epoch_us
from kpis.definitions import keys, sight
from kpis.definitions.models import Kpi

REMEMBERED = timedelta(seconds=10)  # how long a sight that was narrowed may still be the old one
SENDERS_AT_MOST = 1000
ASKED = ("key", "id", "retention__rows_from")
EVER = -(2**63)

Actor = Token | User | None  # None: the portal itself, which sees everything


@dataclass(slots=True)
class _Sight:
    """What one sender may write to, as seen at `since`."""

    since: datetime
    kpi_ids: dict[str, int] = field(default_factory=dict)
    rows_from_us: dict[str, int] = field(default_factory=dict)  # of those whose older measurements are gone


_sights: dict[tuple[str, int], _Sight] = {}


def kpi_ids(actor: Actor, kpi_keys: Sequence[str], *, at: datetime) -> list[int | None]:
    """The id of each key; None where there is no such KPI or the sender does not see it."""
    seen = _sight_of(actor, at)
    unknown = [key for key in kpi_keys if key not in seen.kpi_ids and _is_key(key)]
    if unknown:
        kpis = Kpi.objects.all() if actor is None else sight.kpis_seen_by(actor).select_related(None)
        for key, kpi_id, rows_from in kpis.filter(key__in=unknown).order_by().values_list(*ASKED):
            seen.kpi_ids[key] = kpi_id
            if rows_from is not None:
                seen.rows_from_us[key] = epoch_us(rows_from)
    return [seen.kpi_ids.get(key) for key in kpi_keys]


def rows_from_us(actor: Actor, kpi_keys: Sequence[str], *, at: datetime) -> list[int] | None:
    """For each key the instant before which its points are refused (`measurements.retention`); None where none has one.

    Ask for the ids first: it is remembered with them.
    """
    known = _sight_of(actor, at).rows_from_us
    return [known.get(key, EVER) for key in kpi_keys] if known else None


def forget(actor: Actor) -> None:
    """Ask anew at the next time: something that was remembered turned out to be old."""
    _sights.pop(_name(actor), None)


def _sight_of(actor: Actor, at: datetime) -> _Sight:
    name = _name(actor)
    seen = _sights.get(name)
    if seen is None or not timedelta(0) <= at - seen.since <= REMEMBERED:
        if len(_sights) >= SENDERS_AT_MOST:
            _sights.clear()
        seen = _sights[name] = _Sight(at)
    return seen


def _name(actor: Actor) -> tuple[str, int]:
    return type(actor).__name__, actor.pk if actor is not None else 0


def _is_key(text: str) -> bool:
    """What is no key is not asked for: it may hold what the database cannot take, and be of any length."""
    initiative, dot, kpi = text.partition(".")
    return bool(dot) and keys.is_slug(initiative) and keys.is_slug(kpi)
