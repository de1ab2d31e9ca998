"""Entries on an assumption that had run out by then: they go on counting with its last values, and say so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from kpis.definitions import organisation
from kpis.ledger.models import LedgerEntry, ValueDriver
from kpis.ledger.versions import attach, run_out

Entries = TypeVar("Entries", bound=Iterable[LedgerEntry])


def marked(entries: Entries) -> Entries:
    """The same entries, each with `ran_out`: the assumptions that were not meant to hold for its interval any more.

    Two queries at most, however many entries there are.
    """
    found = list(entries)
    drivers = ValueDriver.objects.filter(pk__in={entry.driver_id for entry in found})
    priced = {d.pk: d for d in drivers.select_related("unit_value", "realisation", "attribution")}
    attach(priced.values())
    calendar = organisation.calendar()
    for entry in found:
        day = calendar.local_date(entry.interval_start)
        entry.ran_out = tuple(run_out(priced[entry.driver_id], day))
    return entries
