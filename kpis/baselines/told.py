"""A baseline's clock as plain facts for `wording.baseline_clock`: the same on pages, in the API and in mails."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import cast

from kpis.baselines.clock import BaselineClock, clocks_of
from kpis.definitions.models import Kpi
from kpis.wording.baseline_clock import ClockFacts, ClockWords, clock_words
from kpis.wording.moments import Interval


def words_of(clock: BaselineClock) -> ClockWords:
    """In the reader's language."""
    return clock_words(
        ClockFacts(
            state=clock.state,
            n=clock.n,
            needed=clock.needed,
            kind=cast(Interval, clock.kpi.interval),
            declared=clock.declared,
            draft=clock.draft,
            go_live_on=clock.kpi.initiative.go_live_on,
            days_left=clock.days_left,
            enough_on=clock.enough_on,
            begin_by=clock.begin_by,
            archive=clock.archive,
        )
    )


def told_of(kpis: Collection[Kpi], *, now: datetime) -> list[tuple[BaselineClock, ClockWords]]:
    """The clocks that run among these KPIs with their sentences, in the KPIs' order."""
    clocks = clocks_of(kpis, now=now)
    return [(clocks[kpi.pk], words_of(clocks[kpi.pk])) for kpi in kpis if kpi.pk in clocks]
