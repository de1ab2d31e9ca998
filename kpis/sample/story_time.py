"""The story's calendar moved so that it ends today: days by whole weeks (weekdays stay), months by whole months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.easter import easter

from kpis.ledger.costs import months_later

TOLD_ON = date(2026, 11, 24)  # the day on which the story, as written down, ends
FIRST_DAY = date(2025, 10, 1)


@dataclass(frozen=True, slots=True)
class StoryTime:
    """`today` is the last day of the story, of which only the hours so far have happened."""

    today: date

    def day(self, told: date) -> date:
        """A day of the story in the reader's calendar; the weekday stays."""
        return told + timedelta(weeks=(self.today - TOLD_ON).days // 7)

    def month(self, told: date) -> date:
        """A date that counts in months (a salary, a report): the same day of the month."""
        months = (self.today.year - TOLD_ON.year) * 12 + self.today.month - TOLD_ON.month
        return months_later(told, months)

    @property
    def first_day(self) -> date:
        return min(self.day(FIRST_DAY), self.month(FIRST_DAY))

    def holidays(self) -> dict[date, str]:
        """Public holidays of all German states while the story runs."""
        years = range(self.first_day.year, self.today.year + 1)
        return {on: name for year in years for on, name in _holidays_of(year).items()}

    def workdays(self, start: date, end: date) -> list[date]:
        """Mondays to Fridays that are no holiday, in `[start, end)`."""
        free = self.holidays()
        days = (start + timedelta(days=k) for k in range((end - start).days))
        return [day for day in days if day.weekday() < 5 and day not in free]


def mondays(start: date, end: date) -> list[date]:
    """The Mondays in `[start, end)`."""
    first = start + timedelta(days=-start.weekday() % 7)
    return [first + timedelta(weeks=k) for k in range(max(0, -(-(end - first).days // 7)))]


def _holidays_of(year: int) -> dict[date, str]:
    sunday = easter(year)
    return {
        date(year, 1, 1): "New Year",
        sunday - timedelta(days=2): "Good Friday",
        sunday + timedelta(days=1): "Easter Monday",
        date(year, 5, 1): "Labour Day",
        sunday + timedelta(days=39): "Ascension Day",
        sunday + timedelta(days=50): "Whit Monday",
        date(year, 10, 3): "Day of German Unity",
        date(year, 12, 25): "Christmas Day",
        date(year, 12, 26): "Boxing Day",
    }
