"""Freed time is traced by overtime, month by month, in figures that can be worked out in the head.

A minute less is 15.00 € a day (`conftest`), so 16 instead of 20 minutes free 60.00 € on each day. Overtime was 100 and
120 hours in January and February: 110 without the assistant. An hour less is worth 60 €, without any share.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpis import verification
from kpis.baselines import approving, declaring
from kpis.definitions import changing as definitions
from kpis.definitions.changing import ChangeRefused
from kpis.ledger import changing, closing, periods
from kpis.ledger.models import LedgerEntry, Trace, ValueDriver
from kpis.roi.monthly import by_month
from kpis.roi.statement import roi_statement
from kpis.rollups.models import KpiState
from tests.db.ledger.conftest import IN_APRIL, IN_MAY, MARCH, Books, exactly, open_books
from tests.factories import (
    AssumptionFactory,
    ControllerFactory,
    KpiFactory,
    ProductOwnerFactory,
    SeriesFactory,
    ShareFactory,
    ValueDriverFactory,
)

IN_AUGUST = datetime(2026, 8, 5, 9, tzinfo=UTC)
APRIL_IS_CLOSED = datetime(2026, 5, 6, 9, tzinfo=UTC)


class Followed:
    """Books whose driver is followed by overtime; `overtime(4, 107)` is that of April."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.kpi = KpiFactory(
            initiative=books.initiative, slug="overtime", unit="h", aggregation="sum", interval="month", category="cost"
        )
        self.series = SeriesFactory(kpi=self.kpi)
        self.overtime(1, 100)
        self.overtime(2, 120)
        changing.change_driver(books.driver, {"captured_by": self.kpi, "is_freed_time": True}, by=None, at=IN_APRIL)

    def overtime(self, month: int, hours: float) -> None:
        self.books.arrive(self.series, [(datetime(2026, month, 27, 12, tzinfo=UTC), float(hours))])

    def rows(self, status: str = "") -> list[Trace]:
        rows = Trace.objects.filter(**({"status": status} if status else {}))
        return list(rows.order_by("interval_start", "driver_id", "pk"))

    def by_month(self) -> dict[int, D]:
        found: dict[int, D] = {}
        for row in self.rows():
            month = (row.interval_start + timedelta(days=2)).month
            found[month] = found.get(month, D(0)) + row.amount
        return found

    def benefits(self, at: datetime):
        return roi_statement(self.books.initiative, as_of=at).benefits


@pytest.fixture
def followed(books) -> Followed:
    return Followed(books)


def differences(now: datetime) -> list[str]:
    return [str(difference) for difference in verification.verify(now=now).differences]


def test_each_month_shows_the_smaller_of_what_was_saved_and_what_overtime_fell_by(followed):
    """April: 240.00 saved, 3 h less. May: 120.00, 20 h less. June: 60.00, more overtime. July: no figure."""
    for day in (32, 33, 34, 35, 62, 63, 93, 123):
        followed.books.measure(day, 16)
    for month, hours in ((4, 107), (5, 90), (6, 130)):
        followed.overtime(month, hours)
    followed.books.bring_up_to_date(at=IN_AUGUST)

    april, may, june = followed.rows()
    assert (april.booked, april.amount) == (D("240.00"), D("180.00"))
    assert (may.booked, may.amount) == (D("120.00"), D("120.00"))
    assert (june.booked, june.amount) == (D("60.00"), D("0.00"))
    assert {(r.counterfactual, r.unit_factor, r.unit_value) for r in followed.rows()} == {(110.0, D(1), D(60))}
    benefits = followed.benefits(IN_AUGUST)
    assert (benefits.direct, benefits.captured, benefits.freed) == (D("480.00"), D("300.00"), D("180.00"))
    assert differences(IN_AUGUST) == []


def test_a_baseline_that_is_too_short_says_so_on_every_trace(followed):
    followed.books.measure(32, 16)
    followed.overtime(4, 107)
    followed.books.bring_up_to_date(at=IN_AUGUST)
    (row,) = followed.rows()
    assert (row.basis, row.intervals_before, row.baseline) == ("plain_difference", 2, None)


def test_a_declared_baseline_of_the_follow_up_counts_and_is_named(followed):
    draft = declaring.declare(
        followed.kpi, value=D(112), low=None, high=None, source="Payroll", by=ProductOwnerFactory(), at=IN_APRIL
    )
    approving.approve(draft, by=ControllerFactory(), at=IN_APRIL)
    for day in range(32, 40):
        followed.books.measure(day, 16)
    followed.overtime(4, 107)
    followed.books.bring_up_to_date(at=IN_MAY)
    (row,) = followed.rows()
    assert (row.basis, row.baseline, row.counterfactual, row.amount) == ("declared", draft, 112.0, D("300.00"))


def test_the_month_that_holds_go_live_counts_what_was_saved_in_it(followed):
    for day in (30, 31):
        followed.books.measure(day, 16)
    followed.overtime(3, 105)
    followed.books.bring_up_to_date(at=IN_APRIL)
    assert [(r.booked, r.amount) for r in followed.rows()] == [(D("120.00"), D("120.00"))]


def test_a_month_that_runs_shows_nothing_yet(followed):
    followed.books.measure(32, 16)
    followed.overtime(4, 90)
    followed.books.bring_up_to_date(at=datetime(2026, 4, 29, 9, tzinfo=UTC))
    assert followed.rows() == []
    assert followed.benefits(datetime(2026, 4, 29, 9, tzinfo=UTC)).captured == 0


def test_a_follow_up_of_which_nothing_is_known_before_go_live_shows_nothing(followed):
    from kpis.rollups.models import IntervalValue

    followed.books.measure(32, 16)
    followed.overtime(4, 90)
    followed.books.bring_up_to_date(at=IN_APRIL)
    IntervalValue.objects.filter(series=followed.series, start__lt=datetime(2026, 3, 15, tzinfo=UTC)).delete()
    KpiState.objects.update(evaluated_version=0)
    followed.books.bring_up_to_date(at=IN_MAY)
    assert followed.rows() == []


def test_a_loss_is_never_traced_and_freed_time_says_it_in_full(followed):
    followed.books.measure(32, 22)  # two minutes more: −30.00
    followed.overtime(4, 90)
    followed.books.bring_up_to_date(at=IN_MAY)
    benefits = followed.benefits(IN_MAY)
    assert (benefits.captured, benefits.freed) == (D("0.00"), D("-30.00"))


def test_what_the_books_know_by_a_day_is_what_was_traced_by_then(followed):
    followed.books.measure(32, 16)
    followed.overtime(4, 90)
    followed.books.bring_up_to_date(at=IN_MAY)
    in_april = followed.benefits(datetime(2026, 4, 20, tzinfo=UTC))
    assert (in_april.captured, in_april.freed) == (D("0.00"), D("60.00"))
    assert followed.benefits(IN_MAY).captured == D("60.00")
    months = {
        m.first.month: (m.freed, m.traced)
        for m in by_month(roi_statement(followed.books.initiative, as_of=IN_MAY).flows[0])
    }
    assert months[4] == (D("0.00"), D("60.00"))


def test_a_follow_up_in_minutes_is_priced_by_the_hour(books):
    followed = Followed(books)
    kpi = KpiFactory(initiative=books.initiative, slug="extra", unit="min", aggregation="sum", interval="month")
    series = SeriesFactory(kpi=kpi)
    for month, minutes in ((1, 600), (2, 600), (4, 555)):
        books.arrive(series, [(datetime(2026, month, 20, tzinfo=UTC), float(minutes))])
    changing.change_driver(books.driver, {"captured_by": kpi}, by=None, at=IN_APRIL)
    books.measure(32, 16)
    books.bring_up_to_date(at=IN_MAY)
    (row,) = followed.rows()
    assert (row.kpi, row.amount) == (kpi, D("45.00"))  # three quarters of an hour


def test_external_spend_is_taken_at_face_value(books):
    kpi = KpiFactory(initiative=books.initiative, slug="agency", unit="EUR", aggregation="sum", interval="month")
    series = SeriesFactory(kpi=kpi)
    for month, euros in ((2, 1000), (4, 977.5)):
        books.arrive(series, [(datetime(2026, month, 20, tzinfo=UTC), float(euros))])
    changing.change_driver(books.driver, {"captured_by": kpi, "is_freed_time": True}, by=None, at=IN_APRIL)
    books.measure(32, 16)
    books.bring_up_to_date(at=IN_MAY)
    assert [(r.unit_factor, r.unit_value, r.amount) for r in Trace.objects.all()] == [(1, 1, D("22.50"))]


def test_two_drivers_of_one_follow_up_share_its_hours(followed):
    """3 h less in April: the first driver's 60.00 take one of them, so the other gets 120.00 of its 600.00."""
    other = ValueDriverFactory(
        kpi=followed.books.driver.kpi,
        volume_kpi=followed.books.driver.volume_kpi,
        unit_value=AssumptionFactory(**exactly("60")),
        realisation=ShareFactory(**exactly("1", share=True)),
        attribution=ShareFactory(**exactly("1", share=True)),
        captured_by=followed.kpi,
        is_freed_time=True,
    )
    followed.books.measure(32, 16)
    followed.overtime(4, 107)
    followed.books.bring_up_to_date(at=IN_MAY)
    first, second = followed.rows()
    assert (first.driver, first.taken, first.amount) == (followed.books.driver, 0, D("60.00"))
    assert (second.driver, second.taken, second.booked, second.amount) == (other, 1, D("120.00"), D("120.00"))
    followed.overtime(4, 108.5)
    followed.books.bring_up_to_date(at=IN_MAY + timedelta(hours=1))
    assert [row.amount for row in followed.rows()] == [D("60.00"), D("30.00")]

    changing.delete_driver(followed.books.driver, by=None, at=IN_MAY + timedelta(hours=2))
    followed.books.bring_up_to_date(at=IN_MAY + timedelta(hours=3))
    assert [row.amount for row in followed.rows()] == [D("90.00")]


def test_data_of_the_follow_up_alone_moves_the_trace_and_a_second_run_moves_nothing(followed):
    followed.books.measure(32, 16)
    followed.overtime(4, 109.5)
    followed.books.bring_up_to_date(at=IN_MAY)
    assert followed.by_month() == {4: D("30.00")}
    followed.overtime(4, 109.25)
    followed.books.bring_up_to_date(at=IN_MAY + timedelta(hours=1))
    assert followed.by_month() == {4: D("45.00")}
    before = list(Trace.objects.values())
    KpiState.objects.update(evaluated_version=0)
    followed.books.bring_up_to_date(at=IN_MAY + timedelta(hours=2))
    assert list(Trace.objects.values()) == before


def test_without_a_follow_up_all_is_freed_again(followed):
    followed.books.measure(32, 16)
    followed.overtime(4, 90)
    followed.books.bring_up_to_date(at=IN_MAY)
    changing.change_driver(followed.books.driver, {"captured_by": None}, by=None, at=IN_MAY)
    followed.books.bring_up_to_date(at=IN_MAY + timedelta(hours=1))
    assert followed.rows() == []
    assert followed.benefits(IN_MAY).freed == D("60.00")


# -- closed periods -------------------------------------------------------------------------------------------------


@pytest.fixture
def closed(followed):
    """March and April are closed: 120.00 of March are traced, and 180.00 of the 240.00 of April."""
    for day in (30, 31, 32, 33, 34, 35):
        followed.books.measure(day, 16)
    followed.overtime(3, 100)
    followed.books.close(MARCH, at=IN_APRIL)
    for day in range(36, 63):
        followed.books.measure(day, 20)
    followed.overtime(4, 107)
    followed.books.close("2026-04", at=APRIL_IS_CLOSED, reason="Sundays")
    return followed


def adjustments(followed: Followed) -> list[tuple[D, list[str]]]:
    return [(row.amount, row.causes) for row in followed.rows("adjustment")]


def test_closed_months_hold_their_traces(closed):
    assert [(row.status, row.amount) for row in closed.rows()] == [("closed", D("120.00")), ("closed", D("180.00"))]
    assert differences(APRIL_IS_CLOSED) == []


def test_a_late_figure_of_the_follow_up_is_a_dated_adjustment(closed):
    later = APRIL_IS_CLOSED + timedelta(days=2)
    closed.overtime(4, 106.5)  # half an hour less: 30.00
    closed.books.bring_up_to_date(at=later)
    (row,) = closed.rows("adjustment")
    assert (row.amount, row.causes, row.booked_at) == (D("30.00"), ["corrected_data"], later)
    assert row.corrects == closed.rows("closed")[1]
    assert closed.benefits(later - timedelta(days=1)).captured == D("300.00")
    assert closed.benefits(later).captured == D("330.00")
    assert differences(later) == []


def test_a_follow_up_figure_that_was_missing_when_the_month_was_closed_is_an_adjustment(followed):
    for day in (30, 31, 32):
        followed.books.measure(day, 16)
    followed.overtime(3, 100)
    followed.books.close(MARCH, at=IN_APRIL)
    for day in range(33, 63):
        followed.books.measure(day, 20)
    followed.books.close("2026-04", at=APRIL_IS_CLOSED, reason="Payroll is late")
    followed.overtime(4, 90)
    followed.books.bring_up_to_date(at=APRIL_IS_CLOSED + timedelta(days=3))
    assert adjustments(followed) == [(D("60.00"), ["late_data"])]
    assert followed.rows("adjustment")[0].corrects is None


def test_a_saving_that_is_adjusted_takes_its_trace_along(closed):
    closed.books.measure(31, 20)  # nothing was saved on that day: March comes to 60.00
    later = APRIL_IS_CLOSED + timedelta(days=2)
    closed.books.bring_up_to_date(at=later)
    assert adjustments(closed) == [(D("-60.00"), ["saving"])]
    benefits = closed.benefits(later)
    assert (benefits.direct, benefits.captured, benefits.freed) == (D("300.00"), D("240.00"), D("60.00"))
    assert differences(later) == []


def test_a_price_that_is_corrected_is_the_cause(closed):
    fields = {"unit_value": changing.Stated(D(30), D(30), D(30))}
    changing.change_driver(closed.books.driver, fields, by=None, at=APRIL_IS_CLOSED)
    closed.books.bring_up_to_date(at=APRIL_IS_CLOSED + timedelta(days=1))
    assert adjustments(closed) == [
        (D("-60.00"), ["saving", "assumption"]),  # March: 60.00 saved
        (D("-90.00"), ["saving", "assumption"]),  # April: 3 h at 30
    ]


def test_a_follow_up_from_a_date_on_leaves_closed_months_as_they_are(closed):
    fields = {"captured_by": None, "valid_from": date(2026, 5, 1)}
    changing.change_driver(closed.books.driver, fields, by=None, at=APRIL_IS_CLOSED)
    closed.books.bring_up_to_date(at=APRIL_IS_CLOSED + timedelta(days=1))
    assert adjustments(closed) == []
    assert closed.by_month() == {3: D("120.00"), 4: D("180.00")}
    assert differences(APRIL_IS_CLOSED + timedelta(days=1)) == []


def test_a_follow_up_that_comes_after_the_close_is_told_as_the_drivers_change(books):
    ValueDriver.objects.update(is_freed_time=True)
    for day in (30, 31, 32):
        books.measure(day, 16)
    books.close(MARCH, at=IN_APRIL)
    followed = Followed(books)
    followed.overtime(3, 100)
    books.bring_up_to_date(at=IN_MAY)
    assert adjustments(followed) == [(D("120.00"), ["driver"])]


def test_a_follow_up_that_is_measured_otherwise_leaves_closed_months_as_they_are(closed):
    from kpis.rollups import rolling

    later = APRIL_IS_CLOSED + timedelta(days=1)
    definitions.change_kpi(closed.kpi, {"direction": "increase"}, by=None, at=later, reason="Wrong way round")
    rolling.recompute([closed.kpi.pk])
    closed.books.bring_up_to_date(at=later + timedelta(hours=1))
    assert adjustments(closed) == []
    assert differences(later + timedelta(hours=1)) == []


def test_a_follow_up_with_closed_traces_stays(closed):
    with pytest.raises(ChangeRefused) as refused:
        changing.remove_kpi(closed.kpi, by=None, at=APRIL_IS_CLOSED)
    assert refused.value.code == "period_closed"


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("update kpis_trace set amount = 179.99 where status = 'closed' and amount = 180", "Closed trace"),
        ("update kpis_trace set amount = 1 where status = 'open'", "Trace of"),
        ("update kpis_trace set booked = booked + 1 where status = 'open'", "booked: stored"),
        ("delete from kpis_trace where status = 'open'", "amount: stored 0.00"),
    ],
)
def test_damage_of_a_trace_is_found(closed, damage, named):
    closed.books.measure(63, 16)
    closed.overtime(5, 109.5)
    at = datetime(2026, 6, 3, 9, tzinfo=UTC)
    closed.books.bring_up_to_date(at=at)
    assert differences(at) == []
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        cursor.execute(damage)
        cursor.execute("set session_replication_role = origin")
    assert any(named in difference for difference in differences(at))
    assert (
        any(difference.startswith("ROI support benefits.captured") for difference in differences(at))
        or "booked" in damage
    )


def test_by_no_way_past_the_verbs_is_a_closed_trace_changed(closed):
    from django.db import IntegrityError

    for sql in ("update kpis_trace set amount = 0", "delete from kpis_trace", "update kpis_trace set status = 'open'"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


# -- in any order ---------------------------------------------------------------------------------------------------

DAYS, HOURS = st.integers(30, 36), st.integers(70, 130)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("measure"), DAYS, st.integers(8, 30)),
        st.tuples(st.just("overtime"), st.sampled_from([3, 4]), HOURS),
        st.tuples(st.just("overtime before"), st.sampled_from([1, 2]), HOURS),
        st.tuples(st.just("price"), st.integers(1, 200), st.just(0)),
        st.tuples(st.just("close"), st.just(0), st.just(0)),
        st.tuples(st.just("run"), st.just(0), st.just(0)),
        st.tuples(st.just("run again"), st.just(0), st.just(0)),
    ),
    max_size=14,
)


@pytest.fixture
def fresh(arrive, stand_at):
    return lambda: Followed(open_books(arrive, stand_at))


def worked_out(minutes: dict[int, int], overtime: dict[int, int], price: int) -> D:
    """The same by plain arithmetic."""
    without = D(repr((overtime[1] + overtime[2]) / 2))
    total = D(0)
    for month, days in ((3, (30, 31)), (4, (32, 33, 34, 35, 36))):
        saved = sum(
            ((20 - D(minutes[d])) * 30 * D("0.016666666666667") * price / 2).quantize(D("0.01"), "ROUND_HALF_EVEN")
            for d in days
            if d in minutes
        )
        if month in overtime and any(d in minutes for d in days):
            total += max(
                D(0), min(D(saved), ((without - overtime[month]) * price).quantize(D("0.01"), "ROUND_HALF_EVEN"))
            )
    return total


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_in_whatever_order_data_closing_and_corrections_come_the_same_is_traced(fresh, steps):
    with transaction.atomic():
        followed, now = fresh(), APRIL_IS_CLOSED
        minutes: dict[int, int] = {}
        overtime, priced = {1: 100, 2: 120}, 60
        for name, a, b in steps:
            now += timedelta(hours=1)
            if name == "measure":
                followed.books.measure(a, b)
                minutes[a] = b
            elif name.startswith("overtime"):
                followed.overtime(a, b)
                overtime[a] = b
            elif name == "price":
                fields = {"unit_value": changing.Stated(D(a), D(a), D(a))}
                changing.change_driver(followed.books.driver, fields, by=None, at=now)
                priced = a
            elif name == "close":
                following = periods.next_to_close(is_sample=False)
                if following.ends_at <= now:
                    followed.books.bring_up_to_date(at=now)
                    closing.close_period(following, by=followed.books.controller, at=now, reason="As it is")
            elif name == "run":
                followed.books.bring_up_to_date(at=now)
            else:
                KpiState.objects.update(evaluated_version=0)
                followed.books.bring_up_to_date(at=now)
            assert differences(now) == []
        now += timedelta(hours=1)
        followed.books.bring_up_to_date(at=now)

        assert sum((row.amount for row in followed.rows()), D(0)) == worked_out(minutes, overtime, priced)
        statement = roi_statement(followed.books.initiative, as_of=now)
        booked = sum((entry.amount for entry in LedgerEntry.objects.filter(is_freed_time=True)), D(0))
        captured = worked_out(minutes, overtime, priced)
        assert statement.benefits.freed == booked - captured
        months = by_month(statement.flows[0])
        assert sum((month.traced for month in months), D(0)) == captured
        assert sum((month.freed for month in months), D(0)) == statement.benefits.freed
        assert differences(now) == []
        transaction.set_rollback(True)


# -- what cannot follow ---------------------------------------------------------------------------------------------


def refused(driver: ValueDriver, **fields) -> str:
    with pytest.raises(ChangeRefused) as error:
        changing.change_driver(driver, fields, by=None, at=IN_APRIL)
    assert error.value.attr == "captured_by"
    assert len(error.value.detail) > 30
    return error.value.code


def test_a_saving_is_not_traced_by_the_kpis_from_which_it_is_computed(followed):
    driver = followed.books.driver
    assert refused(driver, captured_by=driver.kpi) == "follow_up_is_its_own"
    assert refused(driver, captured_by=driver.volume_kpi) == "follow_up_is_its_own"


def test_a_follow_up_is_of_the_same_initiative(followed):
    assert refused(followed.books.driver, captured_by=KpiFactory(unit="h")) == "follow_up_of_another_initiative"


def test_two_savings_do_not_prove_each_other_however_long_the_way(followed):
    initiative = followed.books.initiative
    third = KpiFactory(initiative=initiative, slug="third", unit="h", interval="month")
    given = {"initiative": initiative, "is_freed_time": True}
    ValueDriverFactory(kpi=followed.kpi, captured_by=third, **given)
    back = ValueDriverFactory(kpi=third, **given)
    minutes = followed.books.driver.kpi
    minutes.interval = "month"
    minutes.save()
    assert refused(back, captured_by=minutes) == "follow_up_in_a_circle"


@pytest.mark.parametrize("unit", ["{case}", "%", "h/{agent}", "USD", "EUR/h"])
def test_a_follow_up_without_a_price_in_the_drivers_units_is_refused(followed, unit):
    kpi = KpiFactory(initiative=followed.books.initiative, slug="other", unit=unit, interval="month")
    assert refused(followed.books.driver, captured_by=kpi) == "follow_up_has_no_price"


def test_a_follow_up_is_not_measured_more_often_than_the_saving(followed):
    kpi = KpiFactory(initiative=followed.books.initiative, slug="other", unit="h", interval="hour")
    assert refused(followed.books.driver, captured_by=kpi) == "follow_up_too_often"


def test_only_freed_time_is_traced(followed):
    assert refused(followed.books.driver, is_freed_time=False) == "follow_up_of_no_freed_time"
    assert refused(followed.books.driver, benefit_type="indirect") == "follow_up_of_no_freed_time"
    changing.change_driver(followed.books.driver, {"is_freed_time": False, "captured_by": None}, by=None, at=IN_APRIL)
