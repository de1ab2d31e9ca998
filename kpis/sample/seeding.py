"""Bring the sample company into the portal: through the same verbs and the same write path as anyone's data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby

import numpy as np
from django.db import transaction

from kpis import pipeline
from kpis.access import people
from kpis.access.models import User
from kpis.baselines import approving, declaring, measuring
from kpis.benchmarks.models import Comparison
from kpis.calculations.intervals import epoch_us
from kpis.definitions import changing, organisation
from kpis.definitions.models import Annotation, Holiday, Initiative, Kpi, Target
from kpis.ingest import quarters
from kpis.ingest.accepting import accept_columns
from kpis.ingest.columns import Columns, columns_of, joined
from kpis.ledger.models import Assumption, CostEntry, ValueDriver
from kpis.ledger.pools import stating
from kpis.phases import history
from kpis.sample import books, cases, pools, removing
from kpis.sample.initiatives import INITIATIVES
from kpis.sample.measured import Company, Points
from kpis.sample.plan import (
    NAME,
    Assumed,
    CostPlan,
    DeclaredBaseline,
    DriverPlan,
    InitiativePlan,
    KpiPlan,
    MeasuredBaseline,
)
from kpis.sample.story_time import StoryTime
from kpis.sources.models import DataSource

Batch = tuple[datetime, str, Columns]  # when it came, from which source, what
SOURCES = {  # slug: name, initiative, and the silence after which it is stale
    "ticket-system": ("Ticket system", "support-triage", timedelta(days=4)),
    "payroll": ("Payroll", "support-triage", timedelta(days=45)),
    "line-3-gateway": ("Line 3 gateway", "visual-inspection", timedelta(days=2)),
    "contract-register": ("Contract register", "contract-review", timedelta(days=45)),
    "usage-survey": ("Usage survey", "knowledge-assistant", timedelta(days=45)),
}
SOURCE_OF = {
    "overtime": "payroll",
    "visual-inspection": "line-3-gateway",
    "contract-review": "contract-register",
    "knowledge-assistant": "usage-survey",
}


def ensure_sample(*, at: datetime) -> bool:
    """Seed the sample company into a portal without any initiative, unless it was removed; True where that was done."""
    if Initiative.objects.exists() or removing.was_removed():
        return False
    seed(at=at)
    return True


def seed(*, at: datetime) -> None:
    """The whole story as it stands at `at`. Definitions, measurements, baselines, drivers and costs, then the chain."""
    _Seeding(at).run()


class _Seeding:
    def __init__(self, at: datetime) -> None:
        self.at = at
        self.company = Company(at)
        self.time: StoryTime = self.company.time
        self.late_days, self.late_arrival = books.late_days(self.time), books.late_arrival(self.time)
        self.by: User = people.first_administrator() or people.ensure_administrator(at=at)[0]
        self.assumptions: dict[Assumed, Assumption] = {}

    @transaction.atomic
    def run(self) -> None:
        """All or nothing: a start that is interrupted here begins anew the next time."""
        self._organisation()
        for plan in INITIATIVES:
            self._define(plan)
        in_time, late = self._measurements()
        self._send(in_time)
        _work_off()
        pools.state_pools(self.time, by=self.by, at=self.at)
        for plan in INITIATIVES:
            self._baselines(plan)
            self._money(plan)
            cases.promise(plan, self.time, by=self.by)
        _work_off()
        # Months are closed as they were: up to the late tickets' own before these came, the rest after them.
        books.close_months(self.time, by=self.by, until=self.late_arrival)
        self._send(late)
        books.book_what_came_late(at=self.late_arrival)
        books.close_months(self.time, by=self.by, until=self.at)
        _work_off()

    def _organisation(self) -> None:
        organisation.rename(NAME, by=self.by, at=self.at)
        Holiday.objects.bulk_create(
            [Holiday(on=on, name=name) for on, name in self.time.holidays().items()], ignore_conflicts=True
        )

    # -- definitions ------------------------------------------------------------------------------------------------

    def _define(self, plan: InitiativePlan) -> None:
        fields = {
            "slug": plan.slug,
            "name": plan.name,
            "description": plan.description,
            "business_unit": plan.business_unit,
            "owner": plan.owner,
            "industry": "manufacturing",
            "business_function": plan.function,
            "technology": plan.technology,
            "currency": "EUR",
            "started_on": self.time.day(plan.started),
            "go_live_on": self.time.day(plan.live),
            "is_sample": True,
        }
        initiative = changing.create_initiative(fields, by=self.by, at=self.at)
        for phase, on in plan.phases:
            history.enter_phase(initiative, phase, on=self.time.day(on), by=self.by)
        for position, kpi in enumerate(plan.kpis):
            self._kpi(initiative, kpi, position)
        for on, until, kind, text in plan.events:
            shown = Annotation(
                initiative=initiative,
                on=self.time.day(on),
                until=self.time.day(until) if until else None,
                kind=kind,
                text=text,
            )
            changing.create(shown, by=self.by, at=self.at)
        for slug, (name, owner, silence) in SOURCES.items():
            if owner == plan.slug:
                source = DataSource(
                    slug=slug, name=name, kind="push", initiative=initiative, stale_after=silence, is_sample=True
                )
                changing.create(source, by=self.by, at=self.at)

    def _kpi(self, initiative: Initiative, plan: KpiPlan, position: int) -> None:
        fields = {
            "initiative": initiative,
            "slug": plan.slug,
            "name": plan.name,
            "description": plan.description,
            "category": plan.category,
            "unit": plan.unit,
            "direction": plan.direction,
            "aggregation": plan.aggregation,
            "interval": plan.interval,
            "workdays_only": plan.workdays_only,
            "is_context": plan.is_context,
            "position": position,
        }
        kpi = changing.create_kpi(fields, by=self.by, at=self.at)
        for on, value in plan.targets:
            changing.create(Target(kpi=kpi, on=self.time.day(on), value=Decimal(value)), by=self.by, at=self.at)
        for metric, reading, factor in plan.comparisons:
            comparison = Comparison(kpi=kpi, metric=metric, reading=reading, factor=factor)
            changing.create(comparison, by=self.by, at=self.at)

    # -- measurements -----------------------------------------------------------------------------------------------

    def _measurements(self) -> tuple[list[Batch], list[Batch]]:
        """In the order in which they would have come, a batch a week and source, the wrong ones too; then the late."""
        batches = sorted(self._batches(), key=lambda batch: batch[:2])
        return [b for b in batches if b[0] != self.late_arrival], [b for b in batches if b[0] == self.late_arrival]

    def _send(self, batches: Iterable[Batch]) -> None:
        sources = {source.slug: source for source in DataSource.objects.filter(is_sample=True)}
        for arrived, slug, columns in batches:
            accept_columns(columns, actor=self.by, source=sources[slug], at=arrived)
        quarters.begin_anew()

    def _batches(self) -> Iterator[Batch]:
        parts: dict[tuple[datetime, str], list[Columns]] = {}
        for points in self.company.points():
            slug = SOURCE_OF.get(points.kpi) or SOURCE_OF.get(points.initiative, "ticket-system")
            for arrived, indices in self._by_arrival(points):
                parts.setdefault((arrived, slug), []).append(_columns(points, indices))
        for (arrived, slug), columns in parts.items():
            yield arrived, slug, joined(columns)
        yield self._wrong_clock()

    def _by_arrival(self, points: Points) -> Iterator[tuple[datetime, list[int]]]:
        for arrived, group in groupby(range(len(points.at)), key=lambda k: self._arrival(points, k)):
            yield arrived, list(group)

    def _arrival(self, points: Points, k: int) -> datetime:
        """Early on the Monday after, or now; two days' last hours of the ticket export came three weeks late."""
        day = points.at[k].date()
        is_exported = points.kpi in {"handling-time", "tickets"} and (points.labels or {}).get("team") != "control"
        if is_exported and day in self.late_days and points.at[k].hour >= 16:
            return self.late_arrival
        return min(self._morning(day + timedelta(days=7 - day.weekday())), self.at)

    def _morning(self, day: date) -> datetime:
        return datetime.combine(day, time(5), UTC)

    def _wrong_clock(self) -> tuple[datetime, str, Columns]:
        """37 rows of desk 12, whose clock runs two hours ahead: refused, and kept to be looked at."""
        arrived = min(self._morning(self.time.day(date(2026, 11, 18))), self.at)
        times = tuple(arrived + timedelta(hours=2, seconds=k) for k in range(37))
        labels = {"team": "assistant", "channel": "phone"}
        ids = tuple(f"desk-12-{k + 1}" for k in range(37))
        points = Points("support-triage", "handling-time", times, (12.0,) * 37, (1.0,) * 37, ids, labels)
        return arrived, "ticket-system", _columns(points, range(37))

    # -- baselines --------------------------------------------------------------------------------------------------

    def _baselines(self, plan: InitiativePlan) -> None:
        for kpi_plan in plan.kpis:
            if kpi_plan.baseline is None:
                continue
            kpi = Kpi.objects.get(key=f"{plan.slug}.{kpi_plan.slug}")
            approved = datetime.combine(self.time.day(kpi_plan.baseline.approved), time(9), UTC)
            draft = self._draft(kpi, kpi_plan.baseline, approved)
            approving.approve(draft, by=self.by, at=approved)

    def _draft(self, kpi: Kpi, plan: MeasuredBaseline | DeclaredBaseline, at: datetime):  # type: ignore[no-untyped-def]
        if isinstance(plan, DeclaredBaseline):
            low, high = (Decimal(v) if v is not None else None for v in (plan.low, plan.high))
            return declaring.declare(
                kpi, value=Decimal(plan.value), low=low, high=high, source=plan.source, by=self.by, at=at
            )
        return measuring.measure(
            kpi,
            window_start=self.time.day(plan.start),
            window_end=self.time.day(plan.end),
            treated=plan.treated or None,
            control=plan.control,
            transition_until=self.time.day(plan.rolled_out) if plan.rolled_out else None,
            by=self.by,
            at=at,
        )

    # -- money ------------------------------------------------------------------------------------------------------

    def _money(self, plan: InitiativePlan) -> None:
        initiative = Initiative.objects.get(slug=plan.slug)
        for driver in plan.drivers:
            self._driver(initiative, driver)
        for cost in plan.costs:
            changing.create(self._cost(initiative, cost), by=self.by, at=self.at)

    def _driver(self, initiative: Initiative, plan: DriverPlan) -> None:
        def kpi(slug: str) -> Kpi | None:
            return Kpi.objects.get(key=f"{initiative.slug}.{slug}") if slug else None

        measured = Kpi.objects.get(key=f"{initiative.slug}.{plan.kpi}")
        driver = ValueDriver(
            initiative=initiative,
            name=plan.name,
            kpi=measured,
            volume_kpi=kpi(plan.volume_kpi),
            volume_per_interval=Decimal(plan.volume_per_interval) if plan.volume_per_interval else None,
            kind=plan.kind,
            priced_unit=plan.priced_unit,
            unit_factor=Decimal(plan.unit_factor),
            unit_value=self._assumption(plan.unit_value),
            realisation=self._assumption(plan.realisation),
            attribution=self._assumption(plan.attribution),
            benefit_type=plan.benefit_type,
            is_freed_time=plan.is_freed_time,
            pool=stating.pool_of(plan.pool, initiative, measured, by=self.by, at=self.at),
            captured_by=kpi(plan.captured_by),
            owner=plan.owner,
            source=plan.source,
        )
        changing.create(driver, by=self.by, at=self.at)

    def _assumption(self, plan: Assumed) -> Assumption:
        """One row for each assumption of the story, however many drivers rest on it."""
        if plan not in self.assumptions:
            row = Assumption(
                name=plan.name,
                low=Decimal(plan.low),
                likely=Decimal(plan.likely),
                high=Decimal(plan.high),
                is_share=plan.is_share,
                owner=plan.owner,
                source=plan.source,
                valid_to=self.time.day(plan.ends) if plan.ends else None,
            )
            self.assumptions[plan] = changing.create(row, by=self.by, at=self.at)
        return self.assumptions[plan]

    def _cost(self, initiative: Initiative, plan: CostPlan) -> CostEntry:
        """Monthly costs keep the day of the month; single ones move with the story's days."""
        monthly = plan.months != 0 or plan.on.day == 1
        on = self.time.month(plan.on) if monthly else self.time.day(plan.on)
        last = self._last_payment(plan)
        return CostEntry(
            initiative=initiative,
            name=plan.name,
            cost_category=plan.category,
            amount=Decimal(plan.amount),
            currency=initiative.currency,
            on=on,
            recurrence="none" if plan.months == 0 else "monthly",
            until=self.time.month(last) if last else None,
            settlement=plan.settlement,
            kind=plan.kind,
        )

    def _last_payment(self, plan: CostPlan) -> date | None:
        if not plan.months:
            return None
        months = plan.on.month - 1 + plan.months - 1
        return date(plan.on.year + months // 12, months % 12 + 1, plan.on.day)


def _columns(points: Points, indices: Iterable[int]) -> Columns:
    chosen = list(indices)
    weight = None if points.weight is None else np.array([points.weight[k] for k in chosen], float)
    ids = None if points.event_id is None else [points.event_id[k] for k in chosen]
    return columns_of(
        f"{points.initiative}.{points.kpi}",
        np.array([epoch_us(points.at[k]) for k in chosen], np.int64),
        np.array([points.value[k] for k in chosen], float),
        weight=weight,
        event_id=ids,
        labels=points.labels,
    )


def _work_off() -> None:
    while pipeline.bring_up_to_date(at_most=1000):
        pass
