"""A measured baseline: the KPI's interval values of a window before go-live, as a draft to be approved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import numpy as np
from django.utils.translation import gettext as _

from kpis.access.models import Token, User
from kpis.baselines.comparability import sent_in_another_unit
from kpis.baselines.drafting import nine_places, write_draft
from kpis.baselines.models import Baseline
from kpis.baselines.readiness import BaselineNotReady, judged
from kpis.baselines.reconstructing import reconstructed_intervals
from kpis.baselines.window import WindowValues, values_in, window_between
from kpis.calculations.effect import choose_method
from kpis.calculations.intervals import Granularity, Interval
from kpis.definitions import organisation
from kpis.definitions.models import Kpi, KpiVersion

Labels = Mapping[str, str]
FEWEST = 2  # of one value there is no spread


def measure(
    kpi: Kpi,
    *,
    window_start: date | datetime,
    window_end: date | datetime,
    treated: Labels | None = None,
    control: Labels | None = None,
    transition_until: date | datetime | None = None,
    note: str = "",
    few_allowed: bool = False,
    by: User | Token | None,
    at: datetime,
) -> Baseline:
    """Write a draft: plain mean and spread of the window's complete interval values, and the method chosen on them.

    `window_start`, `window_end`: half-open, dates are local midnights. `treated`, `control`: label matchers; with a
    control group only intervals count in which both have data. Refuses (BaselineNotReady) what `readiness.of` finds
    missing; `few_allowed` lets too few intervals pass, from two on: effects then say that there is not enough data.
    """
    window = _window(window_start, window_end)
    transition = _transition(kpi, transition_until)
    values = values_in(kpi, window, treated=treated, control=control, now=at)
    ready = judged(kpi, window, at, values, control)
    too_few = ready.code == "not_enough_intervals"
    if not ready.enough and not (few_allowed and too_few and ready.n >= FEWEST):
        raise BaselineNotReady(ready.code, ready.missing)
    _refuse_mixed_units(kpi, window, treated, control)
    draft = _draft(kpi, window, values, at)
    draft.transition_until = transition
    draft.reconstructed_intervals = reconstructed_intervals(kpi, window, treated=treated, at=at)
    draft.treated, draft.control, draft.note = dict(treated or {}), dict(control) if control else None, note
    if too_few:
        draft.choice_reason = f"{ready.n} of {ready.needed} intervals: too few for a range. {draft.choice_reason}"[:300]
    return write_draft(draft, by=by)


def _refuse_mixed_units(kpi: Kpi, window: Interval, treated: Labels | None, control: Labels | None) -> None:
    """Refuses (BaselineNotReady) a window with rows that were sent before the unit changed."""
    for where in (treated, *([control] if control else [])):
        found = sent_in_another_unit(kpi, window, where=where)
        if found is not None:
            version, count = found
            raise BaselineNotReady("unit_changed", _mixed(version, count))


def _mixed(version: KpiVersion, count: int) -> str:
    day = organisation.calendar().local_date(version.valid_from).isoformat() if version.valid_from else ""
    sentence = _(
        "%(count)d intervals of the window hold measurements from before %(day)s, when the unit became %(unit)s: send "
        "them again in that unit, or let the window begin later."
    )
    return sentence % {"count": count, "day": day, "unit": version.unit}


def _window(start: date | datetime, end: date | datetime) -> Interval:
    try:
        return window_between(start, end)
    except ValueError as error:
        raise BaselineNotReady("window_empty", _("The window must end after it starts.")) from error


def _transition(kpi: Kpi, until: date | datetime | None) -> datetime | None:
    """The end of the roll-out as an instant. Refuses (BaselineNotReady) one that is not behind go-live."""
    if until is None:
        return None
    calendar = organisation.calendar()
    instant = until if isinstance(until, datetime) else calendar.local_midnight(until)
    live = kpi.initiative.go_live_on
    if live is None or instant <= calendar.local_midnight(live):
        raise BaselineNotReady("transition_before_go_live", _("The roll-out must end after the initiative goes live."))
    return instant


def _draft(kpi: Kpi, window: Interval, values: WindowValues, at: datetime) -> Baseline:
    has_control = values.control is not None
    choice = choose_method(values.treated, has_control=has_control, granularity=Granularity(kpi.interval))
    return Baseline(
        kpi=kpi,
        method=Baseline.Method.MEASURED,
        window_start=window.start,
        window_end=window.end,
        value=nine_places(values.treated.mean),
        spread=float(np.std(values.treated.values, ddof=1)),
        intervals=values.n,
        control_value=nine_places(values.control.mean) if values.control is not None else None,
        method_choice=choice.method,
        choice_reason=choice.reason[:300],
        created_at=at,
    )
