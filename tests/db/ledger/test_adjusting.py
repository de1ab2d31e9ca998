"""What is learned after the close: each difference is a dated adjustment, and the sum of all rows is the truth."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpis import verification
from kpis.baselines import approving, declaring
from kpis.definitions import organisation
from kpis.ledger import changing, closing, periods
from kpis.ledger.changing import Stated
from kpis.ledger.models import LedgerEntry
from kpis.roi.monthly import by_month
from kpis.roi.portfolio import portfolio_statement
from kpis.roi.statement import roi_statement
from kpis.rollups.models import IntervalValue, KpiState
from tests.db.ledger.conftest import APRIL, IN_APRIL, IN_MAY, MARCH, open_books
from tests.factories import ControllerFactory, ProductOwnerFactory, ShareFactory

LATER = datetime(2026, 4, 10, 9, tzinfo=UTC)
EVEN_LATER = datetime(2026, 4, 20, 9, tzinfo=UTC)


@pytest.fixture
def closed(books):
    """March is closed with 60.00 on each of its two days; the first of April has 60.00 and is open."""
    for day in (30, 31, 32):
        books.measure(day, 16)
    books.close(MARCH, at=IN_APRIL)
    return books


def adjustments(books) -> list[tuple[Decimal, list[str]]]:
    return [(row.amount, row.causes) for row in books.rows("adjustment")]


def price(driver, amount: str) -> dict[str, Stated]:
    return {"unit_value": Stated(Decimal(amount), Decimal(amount), Decimal(amount))}


def test_a_late_point_becomes_an_adjustment_and_back_again_the_sum_is_nothing(closed):
    closed.measure(31, 8, event="ticket-9")  # (16 + 8) / 2 = 12 minutes: two hours more, so 120.00
    closed.bring_up_to_date(at=LATER)

    (row,) = closed.rows("adjustment")
    assert (row.amount, row.causes) == (Decimal("60.00"), ["late_data"])
    assert row.corrects == closed.rows("closed")[1]
    assert row.booked_at == row.computed_at == LATER
    assert (row.actual, row.counterfactual, row.volume) == (12.0, 20.0, 30.0)
    assert closed.amounts("closed") == [Decimal("60.00")] * 2

    closed.measure(31, 24, event="ticket-9")  # (16 + 24) / 2 = 20: nothing was saved
    closed.bring_up_to_date(at=EVEN_LATER)
    closed.measure(31, 16, event="ticket-9")
    closed.bring_up_to_date(at=IN_MAY)

    assert adjustments(closed) == [
        (Decimal("60.00"), ["late_data"]),
        (Decimal("-120.00"), ["corrected_data"]),
        (Decimal("60.00"), ["corrected_data"]),
    ]
    assert sum(row.amount for row in closed.rows("adjustment")) == 0
    assert {row.corrects_id for row in closed.rows("adjustment")} == {closed.rows("closed")[1].pk}


def test_a_second_run_adjusts_nothing(closed):
    closed.measure(31, 10)
    closed.bring_up_to_date(at=LATER)
    before = list(LedgerEntry.objects.order_by("pk").values())
    KpiState.objects.update(evaluated_version=0)
    closed.bring_up_to_date(at=EVEN_LATER)
    assert list(LedgerEntry.objects.order_by("pk").values()) == before


def test_a_day_that_had_no_data_when_it_was_closed_is_adjusted_though_there_is_nothing_to_point_at(books):
    books.measure(30, 16)
    books.measure(32, 16)
    books.close(MARCH, at=IN_APRIL, reason="Export down")
    books.measure(31, 18)
    books.bring_up_to_date(at=LATER)
    books.measure(31, 17)
    books.bring_up_to_date(at=EVEN_LATER)

    first, second = books.rows("adjustment")
    assert [(first.amount, first.causes), (second.amount, second.causes)] == [
        (Decimal("30.00"), ["late_data"]),
        (Decimal("15.00"), ["corrected_data"]),
    ]
    assert (first.corrects, second.corrects) == (None, first)


def test_data_from_before_the_first_closed_period_is_an_adjustment_as_well(books):
    for day in (31, 32, 33):
        books.measure(day, 16)
    books.close(MARCH, at=IN_APRIL, reason="It began late")
    books.measure(30, 16)
    books.bring_up_to_date(at=LATER)
    assert adjustments(books) == [(Decimal("60.00"), ["late_data"])]
    assert books.amounts("open") == [Decimal("60.00")] * 2


def test_data_that_is_gone_takes_its_amount_back_and_gives_it_again(closed):
    IntervalValue.objects.filter(series=closed.minutes, start=datetime(2026, 3, 30, 22, tzinfo=UTC)).delete()
    KpiState.objects.update(evaluated_version=0)
    closed.bring_up_to_date(at=LATER)
    (row,) = closed.rows("adjustment")
    assert (row.amount, row.causes, row.volume, row.measurements) == (Decimal("-60.00"), ["corrected_data"], 0, 0)

    closed.measure(31, 16)
    closed.bring_up_to_date(at=EVEN_LATER)
    assert sum(row.amount for row in closed.rows("adjustment")) == 0


def test_a_changed_assumption_is_an_adjustment_of_the_closed_and_a_new_amount_of_the_open(closed):
    changing.change_driver(closed.driver, price(closed.driver, "90"), by=None, at=LATER)
    closed.bring_up_to_date(at=LATER)

    assert adjustments(closed) == [(Decimal("30.00"), ["assumption"])] * 2
    assert closed.amounts("open") == [Decimal("90.00")]


def test_a_version_that_counts_from_a_date_never_reaches_back_into_a_closed_period(closed):
    fields = price(closed.driver, "90") | {"valid_from": date(2026, 4, 1)}
    changing.change_driver(closed.driver, fields, by=None, at=LATER)
    closed.bring_up_to_date(at=LATER)

    assert (adjustments(closed), closed.amounts("open")) == ([], [Decimal("90.00")])

    closed.measure(31, 12)  # what is learned of the closed day is priced as it was then: 8 minutes are 120.00
    closed.bring_up_to_date(at=EVEN_LATER)
    assert adjustments(closed) == [(Decimal("60.00"), ["corrected_data"])]


def test_a_new_baseline_is_named_as_the_cause(closed):
    draft = declaring.declare(
        closed.driver.kpi, value=Decimal(22), low=None, high=None, source="Recount", by=ProductOwnerFactory(), at=LATER
    )
    approving.approve(draft, by=closed.controller, at=LATER)
    closed.bring_up_to_date(at=LATER)
    assert adjustments(closed) == [(Decimal("30.00"), ["baseline"])] * 2


def test_a_driver_that_ends_within_what_is_closed_gives_back_the_rest(closed):
    changing.change_driver(closed.driver, {"valid_to": date(2026, 3, 30)}, by=None, at=LATER)
    closed.bring_up_to_date(at=LATER)
    assert adjustments(closed) == [(Decimal("-60.00"), ["driver"])]
    assert closed.amounts("open") == []


def test_several_causes_are_all_named(closed):
    changing.change_driver(closed.driver, price(closed.driver, "90"), by=None, at=LATER)
    closed.measure(31, 8, event="ticket-9")
    closed.bring_up_to_date(at=LATER)
    assert adjustments(closed)[1] == (Decimal("120.00"), ["late_data", "assumption"])


def test_adjustments_are_frozen_with_the_period_in_which_they_were_booked(closed):
    closed.measure(31, 12)
    closed.bring_up_to_date(at=LATER)
    for day in range(33, 63):
        closed.measure(day, 20)

    april = closed.close(APRIL, at=IN_MAY)

    told = april.account["support"]
    assert (told["benefit"], told["adjustments"], told["adjusted"]) == ("60.00", 1, "60.00")
    assert periods.holder_of(closed.rows("adjustment")[0], periods.closed_periods(is_sample=False)).key == MARCH


def test_a_closed_period_keeps_what_it_booked_when_the_kpi_is_measured_otherwise(closed):
    from kpis.definitions import changing as definitions
    from kpis.rollups import rolling

    definitions.change_kpi(closed.driver.kpi, {"direction": "increase"}, by=None, at=LATER, reason="Wrong way round")
    rolling.recompute([closed.driver.kpi_id])
    closed.bring_up_to_date(at=LATER)

    assert (adjustments(closed), closed.amounts("closed")) == ([], [Decimal("60.00")] * 2)
    assert closed.amounts("open") == [Decimal("-60.00")]
    assert verification.verify(now=LATER).differences == []


def test_no_interval_of_a_new_length_counts_what_is_booked_once_more(closed):
    from kpis.definitions import changing as definitions
    from kpis.rollups import rolling

    for day in range(33, 48):
        closed.measure(day, 16)
    definitions.change_kpi(closed.driver.kpi, {"interval": "week"}, by=None, at=LATER, reason="Weekly is enough")
    rolling.recompute([closed.driver.kpi_id])
    closed.bring_up_to_date(at=EVEN_LATER)

    # The week from the 30th of March holds two closed days; the next one begins on the 6th of April.
    assert closed.rows("open")[0].interval_start == datetime(2026, 4, 5, 22, tzinfo=UTC)
    assert adjustments(closed) == []


def test_in_statements_an_adjustment_counts_in_the_month_in_which_it_was_booked(closed):
    closed.measure(31, 12)
    closed.bring_up_to_date(at=LATER)

    def benefit(at):
        return roi_statement(closed.initiative, as_of=at).benefits.total

    assert (benefit(LATER - timedelta(days=1)), benefit(LATER)) == (Decimal("180.00"), Decimal("240.00"))
    months = by_month(roi_statement(closed.initiative, as_of=IN_MAY).flows[0])
    assert [(m.first.month, m.benefit, m.cost) for m in months] == [
        (3, Decimal("120.00"), Decimal("100.00")),
        (4, Decimal("120.00"), Decimal("0")),
    ]
    march = roi_statement(closed.initiative, as_of=organisation.calendar().end_of_day(date(2026, 3, 31)))
    assert (march.benefits.total, march.net) == (Decimal("120.00"), Decimal("20.00"))


def test_the_range_after_an_adjustment_is_that_of_what_is_known_now(closed):
    """Drawn from the interval as it is now, once: not from both of its rows."""
    share = ShareFactory(low=Decimal("0.4"), likely=Decimal("0.5"), high=Decimal("0.6"))
    closed.driver.realisation = share
    closed.driver.save()
    closed.measure(31, 12)
    closed.bring_up_to_date(at=LATER)
    known = roi_statement(closed.initiative, as_of=LATER)

    assert known.benefits.total == Decimal("240.00")
    assert known.range.net_low < known.net < known.range.net_high
    assert float(known.range.expected_net) == pytest.approx(float(known.net), abs=2)


# -- in any order ---------------------------------------------------------------------------------------------------

DAYS = st.integers(30, 34)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("measure"), DAYS, st.integers(8, 30)),
        st.tuples(st.just("late"), DAYS, st.integers(8, 30)),
        st.tuples(st.just("cases"), DAYS, st.integers(1, 60)),
        st.tuples(st.just("price"), st.integers(1, 200), st.just(0)),
        st.tuples(st.just("baseline"), st.integers(10, 30), st.just(0)),
        st.tuples(st.just("close"), st.just(0), st.just(0)),
        st.tuples(st.just("run"), st.just(0), st.just(0)),
        st.tuples(st.just("run again"), st.just(0), st.just(0)),
    ),
    max_size=14,
)


@pytest.fixture
def fresh_books(arrive, stand_at):
    """New books each time, and nothing of them is left."""
    return lambda: open_books(arrive, stand_at)


def worked_out(measured: dict[int, dict[str, float]], cases: dict[int, float], price: int, baseline: int) -> Decimal:
    """The same by plain arithmetic: whole minutes and prices, so every step is exact."""
    total = Decimal(0)
    for day, values in measured.items():
        if day in cases:
            mean = Decimal(repr(sum(values.values()) / len(values)))
            amount = (baseline - mean) * Decimal(repr(float(cases[day]))) * Decimal("0.016666666666667") * price
            total += (amount * Decimal("0.5")).quantize(Decimal("0.01"), "ROUND_HALF_EVEN")
    return total


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_points_corrections_closing_and_changed_assumptions_in_any_order_end_in_the_same_truth(fresh_books, steps):
    with transaction.atomic():
        books, now = fresh_books(), datetime(2026, 5, 4, 9, tzinfo=UTC)
        measured: dict[int, dict[str, float]] = {}
        cases: dict[int, float] = {}
        priced, baseline = 60, 20
        for name, a, b in steps:
            now += timedelta(hours=1)
            if name in ("measure", "late"):
                event = "late" if name == "late" else ""
                books.measure(a, b, event=event, cases=cases.get(a, 30))
                measured.setdefault(a, {})[event] = b
                cases.setdefault(a, 30)
            elif name == "cases" and a in measured:
                books.measure(a, measured[a].setdefault("", 16), cases=b)
                cases[a] = b
            elif name == "price":
                changing.change_driver(books.driver, price(books.driver, str(a)), by=None, at=now)
                priced = a
            elif name == "baseline":
                kpi = books.driver.kpi
                draft = declaring.declare(
                    kpi, value=Decimal(a), low=None, high=None, source="Recount", by=ProductOwnerFactory(), at=now
                )
                approving.approve(draft, by=ControllerFactory(), at=now)
                baseline = a
            elif name == "close":
                following = periods.next_to_close(is_sample=False)
                if following.ends_at <= now:
                    books.bring_up_to_date(at=now)
                    closing.close_period(following, by=books.controller, at=now, reason="As it is")
            elif name == "run":
                books.bring_up_to_date(at=now)
            elif name == "run again":
                KpiState.objects.update(evaluated_version=0)
                books.bring_up_to_date(at=now)
            assert verified(now) == []
        books.bring_up_to_date(at=now)

        truth = worked_out(measured, cases, priced, baseline)
        assert sum(books.amounts(), Decimal(0)) == truth
        statement = roi_statement(books.initiative, as_of=now)
        assert statement.benefits.total == sum(statement.evidence.values()) == truth
        assert sum(month.benefit for month in by_month(statement.flows[0])) == truth
        totals = portfolio_statement([books.initiative], as_of=now).totals
        assert totals.net == truth - Decimal(100)
        assert verified(now) == []
        transaction.set_rollback(True)


def verified(now: datetime) -> list[str]:
    """Differences that verify finds, whatever is still on its way."""
    return [str(difference) for difference in verification.verify(now=now).differences]
