"""The sample company's measurements, drawn from a seed with the effects planted. Plain arrays; nothing is stored here.

What is planted and how large the noise is stands in each function; the effects that the portal finds are its own work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kpis.sample.story_time import StoryTime, mondays

Floats = NDArray[np.float64]
SEED = 20261124
ZONE = ZoneInfo("Europe/Berlin")
HOURS = range(8, 18)
CHANNELS = {"phone": 0.45, "mail": 0.35, "chat": 0.20}
CHANNEL_OFFSET = {"phone": 0.6, "mail": 0.2, "chat": -1.7}  # minutes a ticket differs by channel
LONGEST = 400  # noise is drawn for so many intervals, so that yesterday's story is the start of today's


@dataclass(frozen=True, slots=True)
class Points:
    """Points of one KPI (`kpi` its slug within the initiative) with one label set, as the sender names them."""

    initiative: str
    kpi: str
    at: tuple[datetime, ...]
    value: tuple[float, ...]
    weight: tuple[float, ...] | None = None
    event_id: tuple[str, ...] | None = None
    labels: Mapping[str, str] | None = None


class Company:
    """Draws every series of the story as it stands at `now` (local time)."""

    def __init__(self, now: datetime) -> None:
        self.now = now.astimezone(ZONE)
        self.time = StoryTime(self.now.date())
        self.tickets: dict[date, int] = {}  # of the assisted team, by day

    def points(self) -> Iterator[Points]:
        """All of them; those after `now` have not happened."""
        for points in self._drawn():
            keep = [k for k, at in enumerate(points.at) if at <= self.now]
            if keep:
                yield _kept(points, keep)

    def _drawn(self) -> Iterator[Points]:
        yield from self._support_days()
        yield from self._support_weeks()
        yield from self._support_months()
        yield from self._line_three()
        yield from self._contracts()
        yield from self._knowledge()

    def _rng(self, name: str) -> np.random.Generator:
        return np.random.default_rng([SEED, *name.encode()])

    def _ramp(self, day: date, told_start: date, days: int) -> float:
        """0 before the start, rising to 1 over `days`."""
        return min(1.0, max(0.0, ((day - self.time.day(told_start)).days + 1) / days))

    # Support triage: difference-in-differences. Planted: −15.5 % over 42 days, −3.5 points more from 15 June.
    def _support_days(self) -> Iterator[Points]:
        days = self.time.workdays(self.time.day(date(2025, 10, 13)), self.time.today + timedelta(days=1))
        gap = {self.time.day(date(2026, 5, 11) + timedelta(days=k)) for k in range(3)}  # export down
        assisted, control, tickets = self._team_days(days)
        self.tickets = {day: int(n) for day, n in zip(days, tickets, strict=True) if day not in gap}
        kept = [k for k, day in enumerate(days) if day not in gap]
        split = self._rng("split")
        for variant, mean, share in (("assistant", assisted, 1.0), ("control", control, 41 / 70)):
            cells = {channel: _Cells() for channel in CHANNELS}
            for k in kept:
                self._fill_day(cells, days[k], float(mean[k]), round(int(tickets[k]) * share), split)
            for channel, cell in cells.items():
                labels = {"team": variant, "channel": channel}
                yield cell.points("support-triage", "handling-time", labels)
                if variant == "assistant":
                    yield cell.counts("support-triage", "tickets", {"channel": channel})

    def _team_days(self, days: list[date]) -> tuple[Floats, Floats, Floats]:
        rng, n = self._rng("support days"), len(days)
        go_live, second = date(2026, 2, 2), date(2026, 6, 15)
        week = np.array([[0.045, 0.01, -0.005, -0.01, -0.04][day.weekday()] for day in days])
        year = np.array([0.012 * np.cos(2 * np.pi * (day.timetuple().tm_yday - 10) / 365) for day in days])
        reorganised = self.time.day(date(2026, 9, 1))
        since = np.array([(day - reorganised).days for day in days])
        reorganisation = np.where(since >= 0, 0.022 * np.exp(-np.maximum(since, 0) / 30), 0.0)
        effect = np.array([-0.155 * self._ramp(d, go_live, 42) - 0.035 * self._ramp(d, second, 14) for d in days])
        shared, own, other = (_ar1(rng, phi, sd)[:n] for phi, sd in ((0.45, 0.22), (0.35, 0.20), (0.35, 0.24)))
        common = 1 + week + year + reorganisation
        weekday = np.array([[1.17, 1.03, 0.98, 0.95, 0.87][day.weekday()] for day in days])
        season = np.array([1 + 0.05 * np.cos(2 * np.pi * (day.timetuple().tm_yday - 20) / 365) for day in days])
        tickets = np.rint(1905 * weekday * season * rng.normal(1, 0.035, LONGEST)[:n])
        return 14.20 * common * (1 + effect) + shared + own, 14.35 * common + shared + other, tickets

    def _fill_day(
        self, cells: dict[str, _Cells], day: date, mean: float, tickets: int, rng: np.random.Generator
    ) -> None:
        """Spread one day over channels and hours so that its weighted mean stays `mean` minutes a ticket."""
        share = np.outer(list(CHANNELS.values()), np.full(len(HOURS), 1 / len(HOURS)))
        count = rng.multinomial(tickets, share.ravel()).reshape(share.shape)
        minutes = np.array(list(CHANNEL_OFFSET.values()))[:, None] + rng.normal(0, 0.5, share.shape)
        minutes += mean - (minutes * count).sum() / count.sum()
        for row, channel in enumerate(CHANNELS):
            for column, hour in enumerate(HOURS):
                at = datetime.combine(day, time(hour, 59, 59), ZONE)
                if count[row, column]:
                    cells[channel].add(at, round(float(minutes[row, column]), 3), int(count[row, column]))

    # First-contact resolution +4.9 points over 70 days (control team); satisfaction +4.6 over 98 (no control).
    def _support_weeks(self) -> Iterator[Points]:
        weeks = mondays(self.time.day(date(2025, 10, 13)), self.time.today + timedelta(days=1))
        rng, n = self._rng("support weeks"), len(weeks)
        go_live = date(2026, 2, 2)
        common, own, other, mood = (
            _ar1(rng, phi, sd)[:n] for phi, sd in ((0.3, 0.6), (0.2, 0.55), (0.2, 0.65), (0.35, 1.1))
        )
        rising = np.array([self._ramp(week, go_live, 70) for week in weeks])
        slower = np.array([self._ramp(week, go_live, 98) for week in weeks])
        split = self._rng("week split")
        rows = (
            ("first-contact-resolution", 66.8 + common + 4.9 * rising + own, {"team": "assistant"}, 1.0),
            ("first-contact-resolution", 66.3 + common + other, {"team": "control"}, 41 / 70),
            ("satisfaction", 76.9 + 4.6 * slower + mood, None, 0.06),
        )
        for kpi, weekly, labels, share in rows:
            yield self._daily_shares("support-triage", kpi, weeks, weekly, labels, share, split)

    def _daily_shares(
        self,
        initiative: str,
        kpi: str,
        weeks: list[date],
        weekly: Floats,
        labels: Mapping[str, str] | None,
        share: float,
        rng: np.random.Generator,
    ) -> Points:
        """A weekly ratio as its days, weighted by tickets, so that each week's ratio stays what was drawn."""
        at, value, weight = [], [], []
        for week, ratio in zip(weeks, weekly, strict=True):
            days = [d for d in (week + timedelta(days=k) for k in range(5)) if d in self.tickets]
            counts = np.array([round(self.tickets[day] * share) for day in days], float)
            noise = rng.normal(0, 0.8, len(days))
            if counts.sum():
                noise -= (noise * counts).sum() / counts.sum()
            for day, offset, count in zip(days, noise, counts, strict=True):
                at.append(datetime.combine(day, time(17, 45), ZONE))
                value.append(round(float(ratio + offset), 2))
                weight.append(float(count))
        return Points(initiative, kpi, tuple(at), tuple(value), tuple(weight), None, labels)

    # Overtime of the assisted teams: the follow-up of the time saving, too short a baseline for a range.
    def _support_months(self) -> Iterator[Points]:
        hours = [668.5, 702.0, 641.5, 688.0, 655.5, 581.0, 497.5, 455.0, 412.5, 371.0, 356.5, 402.0, 344.0]
        at, value = [], []
        for k, half in enumerate(hours):
            month = self.time.month(_month(2025, 10 + k))
            at.append(_last_evening(month))
            value.append(half * 1.5)
        yield Points("support-triage", "overtime", tuple(at), tuple(value))
        grown = ((date(2026, 3, 20), 4.0), (date(2026, 6, 19), 9.0), (date(2026, 9, 18), 14.0))
        noon = [datetime.combine(self.time.month(day), time(12), ZONE) for day, _ in grown]
        yield Points("support-triage", "answer-templates", tuple(noon), tuple(n for _, n in grown))

    # Line 3: an interrupted series. Planted: scrap −.72 points over 42 days on a falling trend; false rejects +1.05
    # over 21 days, +.35 more for ten weeks. The gateway is silent since the last Friday of the story, 17:40.
    def _line_three(self) -> Iterator[Points]:
        weeks = mondays(self.time.day(date(2025, 10, 6)), self.time.day(date(2026, 11, 17)))
        # A draw in which the old die's slow improvement shows: the story needs an interrupted series somewhere.
        rng, n = self._rng("line three 16"), len(weeks)
        go_live = date(2026, 3, 23)
        bright = (self.time.day(date(2026, 7, 6)), self.time.day(date(2026, 9, 14)))
        trend = 3.18 - 0.0035 * np.minimum(np.arange(n), 24)
        scrap = trend - 0.72 * np.array([self._ramp(w, go_live, 42) for w in weeks]) + _ar1(rng, 0.3, 0.12)[:n]
        rejected = 0.42 + 1.05 * np.array([self._ramp(w, go_live, 21) for w in weeks]) + _ar1(rng, 0.25, 0.09)[:n]
        rejected += 0.35 * np.array([bright[0] <= week < bright[1] for week in weeks])
        holidays = {self.time.day(d) for d in _LINE_HOLIDAYS}
        parts = (
            20_600 * np.array([0.62 if week in holidays else 1.0 for week in weeks]) * rng.normal(1, 0.03, LONGEST)[:n]
        )
        silent_since = datetime.combine(self.time.day(date(2026, 11, 20)), time(17, 40), ZONE)
        for kpi, weekly in (("scrap-rate", scrap), ("false-reject-rate", rejected), ("parts", None)):
            yield self._shifts(kpi, weeks, weekly, parts, silent_since)

    def _shifts(
        self, kpi: str, weeks: list[date], weekly: Floats | None, parts: Floats, silent_since: datetime
    ) -> Points:
        """Eleven shifts a week, Monday to Saturday noon; `weekly` None: the parts themselves."""
        rng = self._rng("shifts")
        at, value, weight = [], [], []
        for k, week in enumerate(weeks):
            ends = [(d, h) for d in range(6) for h in (14, 22) if (d, h) != (5, 22)]
            made = rng.multinomial(int(parts[k]), np.full(len(ends), 1 / len(ends)))
            noise = rng.normal(0, 0.15, len(ends))
            noise -= (noise * made).sum() / made.sum()
            for (day, hour), offset, count in zip(ends, noise, made, strict=True):
                end = datetime.combine(week + timedelta(days=day), time(hour), ZONE) - timedelta(minutes=1)
                if end <= silent_since:
                    at.append(end)
                    value.append(float(count) if weekly is None else round(max(0.0, float(weekly[k] + offset)), 3))
                    weight.append(float(count))
        return Points("visual-inspection", kpi, tuple(at), tuple(value), None if weekly is None else tuple(weight))

    # Contract review: reported hours a contract, never measured before.
    def _contracts(self) -> Iterator[Points]:
        reported = [2.6, 2.3, 2.2, 2.1, 2.1, 2.0, 2.2, 2.1, 2.0, 2.1]
        contracts = [71, 109, 124, 116, 106, 131, 113, 86, 122, 129]
        at = tuple(_last_evening(self.time.month(_month(2026, 1 + k))) for k in range(len(reported)))
        count = tuple(float(n) for n in contracts)
        yield Points("contract-review", "review-time", at, tuple(reported), count)
        yield Points("contract-review", "contracts", at, count)

    # Knowledge assistant: self-reported minutes a week; the service agents' hours are measured by support triage too.
    def _knowledge(self) -> Iterator[Points]:
        months = [self.time.month(_month(2026, 5 + k)) for k in range(6)]
        at = tuple(_last_evening(month) for month in months)
        weeks = [(_next_month(month) - month).days / 7 for month in months]
        groups = (
            ("office", [188, 226, 243, 224, 258, 265], [35.0, 41.0, 44.5, 43.0, 42.5, 44.0]),
            ("service", [70] * 6, [131.0, 146.0, 151.0, 147.0, 154.0, 153.0]),
        )
        for group, people, minutes in groups:
            count = tuple(float(n) for n in people)
            yield Points("knowledge-assistant", f"minutes-saved-{group}", at, tuple(minutes), count)
            person_weeks = tuple(round(n * w, 3) for n, w in zip(people, weeks, strict=True))
            yield Points("knowledge-assistant", f"person-weeks-{group}", at, person_weeks)
        active = (57.0, 68.5, 73.6, 67.9, 78.2, 80.3)  # % of 330 office seats
        yield Points("knowledge-assistant", "active-share", at, active)


_LINE_HOLIDAYS = (date(2025, 12, 22), date(2025, 12, 29), date(2026, 8, 3), date(2026, 8, 10))


class _Cells:
    """Rows of one channel, one an hour."""

    def __init__(self) -> None:
        self.at: list[datetime] = []
        self.minutes: list[float] = []
        self.tickets: list[int] = []

    def add(self, at: datetime, minutes: float, tickets: int) -> None:
        self.at.append(at)
        self.minutes.append(minutes)
        self.tickets.append(tickets)

    def points(self, initiative: str, kpi: str, labels: Mapping[str, str]) -> Points:
        weight = tuple(float(n) for n in self.tickets)
        return Points(initiative, kpi, tuple(self.at), tuple(self.minutes), weight, self._ids(labels), labels)

    def counts(self, initiative: str, kpi: str, labels: Mapping[str, str]) -> Points:
        value = tuple(float(n) for n in self.tickets)
        return Points(initiative, kpi, tuple(self.at), value, None, self._ids(labels), labels)

    def _ids(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(f"{labels['channel']}-{at:%Y-%m-%d-%H}" for at in self.at)


def _kept(points: Points, keep: list[int]) -> Points:
    def pick(row: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(row[k] for k in keep)

    return Points(
        points.initiative,
        points.kpi,
        pick(points.at),
        pick(points.value),
        None if points.weight is None else pick(points.weight),
        None if points.event_id is None else pick(points.event_id),
        points.labels,
    )


def _ar1(rng: np.random.Generator, phi: float, sd: float) -> Floats:
    """Stationary AR(1) noise, always LONGEST values."""
    shocks = rng.normal(0, sd * np.sqrt(1 - phi * phi), LONGEST)
    noise = np.empty(LONGEST)
    noise[0] = rng.normal(0, sd)
    for k in range(1, LONGEST):
        noise[k] = phi * noise[k - 1] + shocks[k]
    return noise


def _month(year: int, month: int) -> date:
    """First day of a month; a month above 12 runs on into the next year."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def _next_month(first: date) -> date:
    return _month(first.year, first.month + 1)


def _last_evening(first: date) -> datetime:
    return datetime.combine(_next_month(first) - timedelta(days=1), time(18), ZONE)
