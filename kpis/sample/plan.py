"""The words in which the sample company is told: plain data, and the assumptions that several initiatives share.

Dates are the story's own (it ends on 24 November 2026); `story_time` moves them. Roles instead of names everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

NAME = "Musterwerk Pumps"
CONTROLLING = "Head of Controlling"
SERVICE = "Head of Service"
OWNER = "AI product owner"


@dataclass(frozen=True, slots=True)
class Assumed:
    """low, likely, high with who answers for it; `ends` where it must be renewed."""

    name: str
    low: str
    likely: str
    high: str
    owner: str
    source: str
    is_share: bool = False
    ends: date | None = None


@dataclass(frozen=True, slots=True)
class MeasuredBaseline:
    start: date
    end: date  # not in the window any more
    approved: date
    treated: dict[str, str] = field(default_factory=dict)
    control: dict[str, str] | None = None
    rolled_out: date | None = None  # the end of the roll-out


@dataclass(frozen=True, slots=True)
class DeclaredBaseline:
    value: str
    source: str
    approved: date
    low: str | None = None
    high: str | None = None


@dataclass(frozen=True, slots=True)
class KpiPlan:
    slug: str
    name: str
    category: str
    unit: str
    direction: str
    aggregation: str
    interval: str
    description: str = ""
    workdays_only: bool = False
    is_context: bool = False
    targets: tuple[tuple[date, str], ...] = ()
    baseline: MeasuredBaseline | DeclaredBaseline | None = None
    comparisons: tuple[tuple[str, str, float], ...] = ()  # metric, reading, factor


@dataclass(frozen=True, slots=True)
class DriverPlan:
    name: str
    kpi: str
    unit_value: Assumed
    realisation: Assumed
    attribution: Assumed
    volume_kpi: str = ""
    volume_per_interval: str = ""
    unit_factor: str = "1"
    kind: str = "free_form"
    priced_unit: str = ""
    benefit_type: str = "direct"
    is_freed_time: bool = False
    pool: str = ""
    captured_by: str = ""  # the follow-up KPI that shows where freed time went
    owner: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """`hours`: paid ones a month."""

    slug: str
    name: str
    hours: str
    owner: str
    source: str


@dataclass(frozen=True, slots=True)
class CostPlan:
    """`months`: how many monthly payments, 0 for a single one, None for one that goes on."""

    on: date
    name: str
    category: str
    amount: str
    months: int | None = 0
    settlement: str = "reconciled"
    kind: str = "actual"


@dataclass(frozen=True, slots=True)
class CasePlan:
    """What the initiative was approved on; `benefits`: driver, volume a month, improvement of each."""

    live: date
    approved: date
    source: str
    benefits: tuple[tuple[str, str, str], ...]
    costs: tuple[CostPlan, ...]
    ramp: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class InitiativePlan:
    slug: str
    name: str
    business_unit: str
    owner: str
    function: str
    technology: str
    started: date
    live: date
    phases: tuple[tuple[str, date], ...]
    kpis: tuple[KpiPlan, ...]
    drivers: tuple[DriverPlan, ...]
    costs: tuple[CostPlan, ...]
    events: tuple[tuple[date, date | None, str, str], ...] = ()
    description: str = ""
    case: CasePlan | None = None


YEAR_END = date(2026, 12, 31)
SERVICE_HOUR = Assumed(
    "Service hour", "36.50", "38.50", "41.00", CONTROLLING, "Cost-rate sheet 2026, service, full cost", ends=YEAR_END
)
OFFICE_HOUR = Assumed(
    "Office hour", "42.00", "46.00", "51.00", CONTROLLING, "Cost-rate sheet 2026, office functions, full cost"
)
LEGAL_HOUR = Assumed(
    "Legal hour", "68.00", "74.00", "82.00", CONTROLLING, "Cost-rate sheet 2026, legal and procurement, full cost"
)
SEARCH_REALISED = Assumed(
    "Search time that becomes real", ".15", ".30", ".45", "Head of HR", "House assumption", True, YEAR_END
)
SELF_REPORT = Assumed("Due to the assistant", ".80", ".90", "1", "Head of HR", "Self-report of the users", True)
CONTROL_TEAM = Assumed(
    "Due to the assistant", ".97", "1", "1", OWNER, "Control team: other causes are already removed", True
)
FULLY = Assumed("In full", "1", "1", "1", CONTROLLING, "Counted in full", True)
ASSISTED, CONTROL = {"team": "assistant"}, {"team": "control"}
BEFORE_FEBRUARY = (date(2025, 10, 13), date(2026, 1, 31), date(2026, 1, 31))


def monthly(
    on: date, name: str, category: str, amount: str, *, reconciled: int, estimated: bool = False
) -> list[CostPlan]:
    """A monthly cost: reconciled up to September, invoiced in October, in November invoiced or still estimated."""
    october, november = date(2026, 10, on.day), date(2026, 11, on.day)
    now = "estimated" if estimated else "invoiced"
    return [
        CostPlan(on, name, category, amount, reconciled),
        CostPlan(october, name, category, amount, 1, "invoiced"),
        CostPlan(november, name, category, amount, None, now),
    ]
