"""The numbers that were chosen once for everybody, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from kpis.calculations.intervals import Granularity

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Default(Generic[T]):
    """A chosen number and why this one; shares as 0.95, not 95 %."""

    value: T
    source: str


@dataclass(frozen=True, slots=True)
class Enough:
    """How many complete intervals an effect needs before and after go-live."""

    before: int
    after: int


CONFIDENCE: Final = Default(0.95, "Convention of the statistical literature; of effects.")
MONEY_CONFIDENCE: Final = Default(0.80, "P10 to P90, the usual range of business cases; wider ranges are not read.")
ENOUGH_INTERVALS: Final = Default(
    {
        Granularity.HOUR: Enough(336, 168),
        Granularity.DAY: Enough(28, 14),
        Granularity.WEEK: Enough(12, 6),
        Granularity.MONTH: Enough(12, 4),
        Granularity.QUARTER: Enough(6, 3),
    },
    "Daily: four and two whole weeks; hourly: two and one, so that every hour of the week occurs. Weekly to "
    "quarterly: what the AR(1) interval needs to keep its coverage (own simulation).",
)
ENOUGH_WITHOUT_CALENDAR: Final = Default(Enough(5, 5), "Below five values on a side points are shown, no interval.")
BASELINE_SLACK: Final = Default(0.1, "A tenth of what is needed may fall out until go-live: holidays, an outage.")
FEW_INTERVALS_BELOW: Final = Default(12, "Turner et al. 2021: the correlation is hardly estimable in shorter series.")
TREND_NEEDS_BEFORE: Final = Default(24, "Wagner et al. 2002 ask for two years of months in segmented regression.")
TREND_P_VALUE: Final = Default(0.10, "A trend missed does more harm than one too many: the test is made generous.")
MONITORING_TIGHTEST_AT: Final = Default(30, "Waudby-Smith et al. 2024: narrowest after about a month of days.")
MONITORING_START: Final = Default(14, "Two weeks; earlier looks gave false alarms (own simulation).")
SPC_TRIAL: Final = Default(12, "Trial limits; 1.7 % false alarms a point (own simulation).")
SPC_ALARM: Final = Default(20, "Alarms; 1.2 % false alarms a point (own simulation).")
SPC_FIRM: Final = Default(50, "Firm limits; 0.5 % false alarms a point (own simulation).")
SPC_RULES: Final = Default((1, 2), "ISO 7870-2:2023 advises few rules in routine use; all eight cry wolf.")
EWMA_LAMBDA: Final = Default(0.2, "Montgomery: detects shifts of one standard deviation early.")
EWMA_L: Final = Default(2.86, "Average run length about 370 at lambda 0.2, as three-sigma limits have.")
PSI_MODERATE: Final = Default(0.10, "Custom of credit scoring; never without the small-sample threshold.")
PSI_MAJOR: Final = Default(0.25, "Custom of credit scoring; never without the small-sample threshold.")
PSI_FEWEST: Final = Default(200, "Below, stable models exceed the customary thresholds by chance.")
FAIRNESS_FEWEST: Final = Default(30, "Smaller groups differ by chance alone.")
FAIRNESS_RATIO: Final = Default(0.80, "Four-fifths rule, 29 CFR 1607.4 D.")
DISCOUNT_RATE: Final = Default(0.08, "A common cost of capital; each initiative states its own.")
DAYS_A_YEAR: Final = Default(365, "Actual/365 fixed, as spreadsheets' XNPV and XIRR count.")
ANNUALISED_FROM_DAYS: Final = Default(90, "Below a quarter, chance is raised to the fourth power and more.")
RUN_RATE_MONTHS: Final = Default(3, "One odd month is not a year; a quarter is what management reports on.")
HORIZON_MONTHS: Final = Default(36, "Three years, the usual horizon of published business cases.")
DRAWS: Final = Default(10_000, "Monte Carlo error of P10 and P90 below one percent of the range.")
BOOTSTRAP_DRAWS: Final = Default(
    9_999, "The ends of a 95 % interval then lie on a draw; more change no digit that is shown."
)
BOOTSTRAP_FEWEST: Final = Default(20, "Below, BCa covers 79 to 92 % instead of 95 (own simulation); t is better.")
POWER: Final = Default(0.80, "Convention of study planning: four of five true effects of the stated size are found.")
POOL_CAP: Final = Default(1.0, "No more hours can be saved than there are.")
POOL_CAP_HOURS: Final = Default(0.8, "Not every paid hour is productive.")
SKETCH_ERROR: Final = Default(0.01, "Relative error of a quantile that no dashboard shows.")
LATENESS_HOURS: Final = Default(48, "Most business systems deliver within two days.")
FALSE_DISCOVERIES: Final = Default(0.10, "Benjamini and Hochberg: one in ten verdicts of a page may be chance.")
PEERS_FEWEST: Final = Default(5, "Custom of anonymised comparisons: among fewer, one guesses who is who.")
BENCHMARK_YEARS_AI: Final = Default(2, "AI figures age quickly.")
BENCHMARK_YEARS_PROCESS: Final = Default(6, "Process figures move slowly.")
