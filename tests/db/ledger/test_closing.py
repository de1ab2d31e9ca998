"""A controller closes one period after the other; what is closed is frozen, and nobody is surprised by it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from kpis.access.models import AuditEvent
from kpis.ledger import closing, periods, posting, spending
from kpis.ledger.closing import ClosingNotAllowed, PeriodNotClosable
from kpis.ledger.models import CostEntry, Period
from kpis.plumbing.models import Change
from kpis.rollups import rolling
from tests.db.ledger.conftest import APRIL, IN_APRIL, IN_MAY, MARCH, open_books
from tests.factories import (
    AdministratorFactory,
    AnnotationFactory,
    ControllerFactory,
    EngineerFactory,
    InitiativeFactory,
    OrganisationFactory,
    ProductOwnerFactory,
    UserFactory,
)
from tests.together import at_once, while_uncommitted


@pytest.fixture
def march(books):
    """Two days of March at 16 minutes, 60.00 € each, and the first of April."""
    for day in (30, 31, 32):
        books.measure(day, 16)
    return books


def refusal(books, key: str = MARCH, *, at=IN_APRIL, **more) -> PeriodNotClosable:
    with pytest.raises(PeriodNotClosable) as refused:
        books.close(key, at=at, **more)
    assert not Period.objects.filter(first=date.fromisoformat(f"{key[:7]}-01")).exists()
    return refused.value


def test_closing_freezes_the_entries_of_the_period_and_no_other(march):
    closed = march.close(MARCH, at=IN_APRIL)

    assert march.amounts("closed") == [Decimal("60.00"), Decimal("60.00")]
    assert march.amounts("open") == [Decimal("60.00")]
    assert (closed.first, closed.last) == (date(2026, 3, 1), date(2026, 3, 31))
    assert closed.ends_at == datetime(2026, 3, 31, 22, tzinfo=UTC)  # midnight in Berlin


def test_who_closed_it_and_what_it_came_to_is_kept_and_told(march, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        closed = march.close(MARCH, at=IN_APRIL)

    closed.refresh_from_db()
    frozen = {
        "entries": 2,
        "benefit": "120.00",
        "adjustments": 0,
        "adjusted": "0.00",
        "freed": "0.00",
        "captured": "120.00",
        "cost": "100.00",
    }
    assert closed.account == {"support": {"currency": "EUR"} | frozen}
    assert (closed.closed_at, closed.closed_by) == (IN_APRIL, march.controller)
    event = AuditEvent.objects.get(what="period.closed")
    assert (event.subject, event.actor) == ("period:2026-03", f"user:{march.controller.pk}")
    assert event.details["account"] == closed.account
    assert ("roi", "support") in set(Change.objects.values_list("event", "key"))


def test_what_waits_to_be_computed_is_computed_before_it_is_frozen(march):
    march.bring_up_to_date(at=IN_APRIL)
    march.driver.unit_value.low = march.driver.unit_value.likely = march.driver.unit_value.high = Decimal(120)
    march.driver.unit_value.save()
    march.driver.kpi.state.version += 1
    march.driver.kpi.state.save()

    closing.close_period(periods.period_named(MARCH), by=march.controller, at=IN_APRIL)

    assert march.amounts("closed") == [Decimal("120.00"), Decimal("120.00")]


@pytest.mark.parametrize("who", [UserFactory, EngineerFactory, ProductOwnerFactory])
def test_nobody_but_a_controller_or_an_administrator_closes(march, who):
    refused = refusal(march, by=who())
    assert isinstance(refused, ClosingNotAllowed)
    assert (refused.code, refused.detail) == (
        "closing_not_yours",
        "Periods are closed by a controller or an administrator.",
    )


def test_an_administrator_closes_too(march):
    assert march.close(MARCH, at=IN_APRIL, by=AdministratorFactory()).pk


def test_who_sees_some_initiatives_only_closes_nothing(march):
    assert refusal(march, by=ControllerFactory(initiatives=[march.initiative])).code == "sight_is_limited"


def test_a_period_that_is_not_over_is_not_closed(march):
    march.close(MARCH, at=IN_APRIL)
    refused = refusal(march, APRIL, at=IN_APRIL)
    assert (refused.code, refused.detail) == (
        "period_not_over",
        "This period is not over yet: it ends with 30\xa0Apr\xa02026.",
    )


def test_the_earlier_period_is_closed_first(march):
    refused = refusal(march, APRIL, at=IN_MAY, reason="As it is")
    assert refused.code == "earlier_period_open"
    assert "March 2026" in refused.detail


def test_a_closed_period_is_not_closed_again(march):
    march.close(MARCH, at=IN_APRIL)
    with pytest.raises(PeriodNotClosable, match="closed already"):
        march.close(MARCH, at=IN_APRIL)
    assert Period.objects.count() == 1


def test_where_nothing_is_booked_there_is_nothing_to_close():
    OrganisationFactory()
    with pytest.raises(PeriodNotClosable, match="nothing to close"):
        closing.close_period(periods.period_named(MARCH), by=ControllerFactory(), at=IN_APRIL)


def test_a_period_before_the_first_booking_is_not_closed(march):
    assert refusal(march, "2026-02").code == "nothing_booked"


def test_while_data_of_the_last_day_may_still_come_it_is_said_which_and_until_when(books):
    books.measure(30, 16)
    books.measure(31, 16)
    refused = refusal(books, at=datetime(2026, 4, 1, 8, tzinfo=UTC))
    assert refused.code == "intervals_incomplete"
    assert "support.minutes is not complete yet: data for Tue 31\xa0Mar\xa02026 may still come" in refused.detail
    assert "Thu 2\xa0Apr\xa02026, 00:00 Europe/Berlin" in refused.detail


def test_a_day_without_data_needs_a_reason_which_is_kept(books):
    books.measure(30, 16)
    books.measure(32, 16)
    refused = refusal(books)
    assert refused.code == "gaps_without_reason"
    assert "support.minutes has no data in 1 interval (Tue 31\xa0Mar\xa02026)" in refused.detail
    assert "support.cases" in refused.detail

    closed = books.close(MARCH, at=IN_APRIL, reason="The export was down, nobody has the tickets.")

    assert closed.reason == "The export was down, nobody has the tickets."


def test_a_gap_that_a_noted_outage_explains_needs_no_reason(books):
    books.measure(30, 16)
    books.measure(32, 16)
    AnnotationFactory(initiative=books.initiative, on=date(2026, 3, 31), kind="outage", text="Export down")
    assert books.close(MARCH, at=IN_APRIL).reason == ""


def test_measurements_that_have_just_arrived_are_computed_first(march):
    march.bring_up_to_date(at=IN_APRIL)
    march.measure(31, 10)
    with pytest.raises(PeriodNotClosable) as refused:
        closing.close_period(periods.period_named(MARCH), by=march.controller, at=IN_APRIL)
    assert refused.value.code == "data_on_its_way"


def test_measurements_of_a_later_day_do_not_keep_a_period_open(march):
    march.bring_up_to_date(at=IN_APRIL)
    march.measure(33, 10)
    assert closing.close_period(periods.period_named(MARCH), by=march.controller, at=IN_APRIL).pk


def test_a_whole_fiscal_quarter_is_closed_at_once(march):
    CostEntry.objects.update(on=date(2026, 1, 7))
    march.initiative.started_on = date(2026, 1, 1)
    march.initiative.save()

    closed = march.close("2026-01-to-2026-03", at=IN_APRIL)

    assert (closed.kind, closed.account["support"]["entries"]) == ("quarter", 2)
    assert periods.next_to_close(is_sample=False).key == APRIL
    assert periods.period_named("2026-02-to-2026-04") is None  # no fiscal quarter


def test_a_quarter_of_which_a_month_is_closed_goes_on_by_months(march):
    CostEntry.objects.update(on=date(2026, 1, 7))
    march.close("2026-01", at=IN_APRIL)
    with pytest.raises(PeriodNotClosable) as refused:
        march.close("2026-01-to-2026-03", at=IN_APRIL)
    assert refused.value.code == "period_closed"
    assert march.close("2026-02", at=IN_APRIL).first == date(2026, 2, 1)


def test_a_week_belongs_to_the_period_in_which_it_ends(books):
    books.driver.kpi.interval = "week"
    books.driver.kpi.save()
    for day in range(30, 50):
        books.measure(day, 16)

    books.close(MARCH, at=IN_MAY)
    assert books.rows("closed") == []

    assert books.close(APRIL, at=IN_MAY, reason="Only until the 19th").account["support"]["entries"] == 3


def test_the_sample_company_s_books_are_apart_from_one_s_own(books, arrive, stand_at):
    sample = open_books(arrive, stand_at, "made-up", is_sample=True)
    for each in (books, sample):
        for day in (30, 31, 32):
            each.measure(day, 16)

    closed = sample.close("sample-2026-03", at=IN_APRIL)

    assert list(closed.account) == ["made-up"]
    assert {row.initiative.slug for row in books.rows("closed")} == {"made-up"}
    assert periods.closed_until(is_sample=False) is None
    assert books.close(MARCH, at=IN_APRIL).account.keys() == {"support"}


def test_an_initiative_without_money_does_not_appear(march):
    InitiativeFactory(slug="idle")
    assert march.close(MARCH, at=IN_APRIL).account.keys() == {"support"}


# -- at the same moment ---------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_controllers_who_close_at_once_one_does_and_the_other_is_told(march):
    march.bring_up_to_date(at=IN_APRIL)
    people = [march.controller, ControllerFactory()]
    refused = at_once(
        *(lambda who=who: closing.close_period(periods.period_named(MARCH), by=who, at=IN_APRIL) for who in people)
    )

    assert [(type(e), e.code) for e in refused] == [(PeriodNotClosable, "period_closed")]
    assert Period.objects.count() == AuditEvent.objects.filter(what="period.closed").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("minutes", [14, 18])
def test_whether_the_worker_posts_before_or_after_the_closing_the_sum_is_the_same(march, minutes):
    """The correction has been rolled up; posting it and closing run into each other."""
    march.bring_up_to_date(at=IN_APRIL)
    march.measure(31, minutes)
    rolling.roll_up_arrivals(at_most=100)

    raised = at_once(
        lambda: posting.post_entries([march.driver.kpi_id], now=IN_APRIL),
        lambda: closing.close_period(periods.period_named(MARCH), by=march.controller, at=IN_APRIL),
        lambda: posting.post_entries([march.driver.kpi_id], now=IN_APRIL + timedelta(minutes=1)),
    )

    assert raised == []
    march.bring_up_to_date(at=IN_APRIL + timedelta(minutes=2))
    assert sum(march.amounts()[:-1]) == Decimal(60 + (20 - minutes) * 15)
    assert march.amounts("open") == [Decimal("60.00")]


def close_march(books):
    return closing.close_period(periods.period_named(MARCH), by=books.controller, at=IN_APRIL)


@pytest.mark.django_db(transaction=True)
def test_what_is_posted_while_a_closing_is_under_way_waits_and_is_an_adjustment(march):
    march.bring_up_to_date(at=IN_APRIL)

    def correct() -> None:
        march.measure(31, 12)
        rolling.roll_up_arrivals(at_most=100)
        posting.post_entries([march.driver.kpi_id], now=IN_APRIL + timedelta(minutes=1))

    with while_uncommitted(lambda: close_march(march), correct) as raised:
        pass

    assert raised == []
    assert (march.amounts("closed"), march.amounts("adjustment")) == ([Decimal("60.00")] * 2, [Decimal("60.00")])


@pytest.mark.django_db(transaction=True)
def test_a_cost_that_is_booked_while_its_period_closes_waits_and_is_refused(march):
    march.bring_up_to_date(at=IN_APRIL)
    fields = {
        "initiative": march.initiative,
        "name": "Late",
        "cost_category": "licence",
        "amount": Decimal("5.00"),
        "on": date(2026, 3, 31),
    }

    def book() -> None:
        spending.create_cost(fields, by=march.controller, at=IN_APRIL)

    with while_uncommitted(lambda: close_march(march), book) as raised:
        pass

    assert [getattr(e, "code", e) for e in raised] == ["period_closed"]
    assert not CostEntry.objects.filter(name="Late").exists()
