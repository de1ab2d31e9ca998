"""The assumption register: who answers for which number, how old it is, what rests on it and what it moves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from kpis.calculations.answer import Answer
from kpis.calculations.money import cents
from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.ledger.models import Assumption, AssumptionVersion, ValueDriver
from kpis.ledger.versions import ROLES, attach
from kpis.roi.break_even import NOTHING_BOOKED, break_even
from kpis.roi.flows import Flows, flows_of
from kpis.roi.portfolio import in_one_currency
from kpis.roi.sensitivity import Resting, resting_on_assumptions

SOON = timedelta(days=60)
KIND = {"unit_value": "price", "realisation": "realisation", "attribution": "attribution"}
NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Marks:
    """What is to be done about an assumption. `days`: until it runs out, where that is soon."""

    no_owner: bool
    no_source: bool
    review_due: bool
    has_run_out: bool
    days: int | None

    def __bool__(self) -> bool:
        return self.no_owner or self.no_source or self.review_due or self.has_run_out or self.days is not None


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One assumption with all that rests on it, among the initiatives that were asked for.

    holds : what it says today; following : versions that begin later. amounts : what each driver has booked, by its
    id; absent where nothing is. booked : their sum, in the register's currency. low, high : the net of the initiatives
    that it serves at both ends, the others likely; None where it has no range or nothing is booked. break_even : in
    its own unit.
    """

    assumption: Assumption
    holds: AssumptionVersion
    following: tuple[AssumptionVersion, ...]
    kinds: tuple[str, ...]
    drivers: tuple[ValueDriver, ...]
    amounts: dict[int, Decimal]
    unit: str
    priced_unit: str
    booked: Decimal
    low: Decimal | None
    high: Decimal | None
    break_even: Answer
    marks: Marks

    @property
    def served(self) -> list[tuple[ValueDriver, Decimal]]:
        """Each driver with what it has booked."""
        return [(driver, self.amounts.get(driver.pk, NOTHING)) for driver in self.drivers]

    @property
    def swing(self) -> Decimal:
        return NOTHING if self.low is None or self.high is None else abs(self.high - self.low)

    @property
    def flips_sign(self) -> bool:
        return self.low is not None and self.high is not None and (self.low < 0) != (self.high < 0)

    @property
    def initiatives(self) -> tuple[Initiative, ...]:
        return tuple(dict.fromkeys(driver.initiative for driver in self.drivers))


@dataclass(frozen=True, slots=True)
class Register:
    """`rows`: by what rests on them, the most first. `reasons` names what could not be added up."""

    currency: str
    rows: tuple[RegisterRow, ...]
    reasons: dict[str, str]


def register_of(initiatives: Sequence[Initiative], *, as_of: datetime) -> Register:
    """All assumptions of these initiatives, each once; in their currency, or in the reporting one where they differ."""
    house, today = organisation.current(), organisation.calendar().local_date(as_of)
    currencies = {initiative.currency for initiative in initiatives}
    currency = currencies.pop() if len(currencies) == 1 else house.reporting_currency
    flows, missing = in_one_currency(flows_of(initiatives, as_of=as_of), currency, today=today)
    resting = resting_on_assumptions([flow for f in flows for flow in f.drivers])
    drivers = ValueDriver.objects.filter(initiative__in=initiatives).order_by("initiative__name", "pk")
    served = list(drivers.select_related("initiative", "kpi", "unit_value", "realisation", "attribution"))
    attach(served)
    rows = [_row(pk, own, resting.get(pk), flows, today) for pk, own in _by_assumption(served).items()]
    return Register(currency, tuple(sorted(rows, key=lambda row: (-abs(row.booked), row.assumption.name))), missing)


def _by_assumption(drivers: Iterable[ValueDriver]) -> dict[int, list[ValueDriver]]:
    found: dict[int, list[ValueDriver]] = {}
    for driver in drivers:
        for pk in dict.fromkeys(getattr(driver, f"{role}_id") for role in ROLES):
            found.setdefault(pk, []).append(driver)
    return found


def _row(
    pk: int, drivers: list[ValueDriver], resting: Resting | None, flows: Sequence[Flows], today: date
) -> RegisterRow:
    used = [(role, getattr(driver, role)) for role in ROLES for driver in drivers]
    roles = [(role, assumption) for role, assumption in used if assumption.pk == pk]
    assumption = roles[0][1]
    holds = assumption.on(today)
    own = [f for f in flows if f.initiative in {driver.initiative for driver in drivers}]
    low, high = _ends(resting, own)
    return RegisterRow(
        assumption=assumption,
        holds=holds,
        following=tuple(v for v in assumption.validities if v.valid_from is not None and v.valid_from > today),
        kinds=tuple(dict.fromkeys(KIND[role] for role, _ in roles)),
        drivers=tuple(drivers),
        amounts={flow.driver.pk: flow.amount for flow in resting.drivers} if resting else {},
        unit="share" if assumption.is_share else drivers[0].initiative.currency,
        priced_unit="" if assumption.is_share else drivers[0].priced_unit,
        booked=resting.booked if resting else NOTHING,
        low=low,
        high=high,
        break_even=break_even(resting, own) if resting else Answer(None, "undefined", NOTHING_BOOKED),
        marks=marks_of(assumption, holds, today),
    )


def marks_of(assumption: Assumption, holds: AssumptionVersion, today: date) -> Marks:
    """As of a local day. What ends and is followed by another value does not run out."""
    follows = holds is not assumption.validities[-1]
    ends = None if holds.valid_to is None or follows else holds.valid_to
    return Marks(
        no_owner=not holds.owner,
        no_source=not holds.source,
        review_due=holds.review_on is not None and holds.review_on <= today,
        has_run_out=holds.has_run_out(today),
        days=(ends - today).days if ends is not None and today <= ends <= today + SOON else None,
    )


def _ends(resting: Resting | None, flows: Sequence[Flows]) -> tuple[Decimal | None, Decimal | None]:
    if resting is None or resting.is_certain:
        return None, None
    net = sum((f.benefit - f.invested for f in flows), Decimal(0))
    return net + cents(resting.moves("low")), net + cents(resting.moves("high"))
