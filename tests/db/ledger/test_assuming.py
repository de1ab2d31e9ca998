"""Assumptions change with a date or are corrected without one, and what is shown before is what happens then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from kpis import verification
from kpis.access.models import AuditEvent
from kpis.definitions.changing import ChangeRefused
from kpis.ledger import assuming
from kpis.ledger.assuming import wanted_of
from kpis.ledger.models import Assumption, LedgerEntry
from kpis.roi import previewing
from kpis.roi.statement import roi_statement
from tests.db.ledger.conftest import APRIL, IN_MAY, MARCH
from tests.factories import ControllerFactory, InitiativeFactory, KpiFactory, ValueDriverFactory

LATER = datetime(2026, 4, 10, 9, tzinfo=UTC)
EVEN_LATER = datetime(2026, 4, 20, 9, tzinfo=UTC)


@pytest.fixture
def april(books):
    """Four days of 60.00 each: the 30th and 31st of March, the 1st and 2nd of April. Nothing is closed."""
    for day in (30, 31, 32, 33):
        books.measure(day, 16)
    books.bring_up_to_date(at=LATER)
    return books


def hour(books) -> Assumption:
    return Assumption.objects.get(pk=books.driver.unit_value_id)


def priced(books, amount, **more):
    """A change of the hour to one certain price."""
    value = Decimal(amount)
    wanted = wanted_of(hour(books).on(date(2026, 4, 10)))
    return replace(wanted, low=value, likely=value, high=value, reason="New cost-rate sheet", **more)


def changed(books, wanted, *, at=LATER, by=None, **more):
    assert assuming.change_assumption(hour(books), wanted, by=by or books.controller, at=at, **more)
    books.bring_up_to_date(at=at)


def test_a_price_that_changes_over_a_month_border_prices_each_day_by_its_own_value(april):
    # 4 minutes · 30 cases / 60 are 2 hours a day, of which half becomes real: an hour at 60, then one at 75.
    changed(april, priced(april, "75", valid_from=date(2026, 4, 1)))
    assert april.amounts() == [Decimal("60.00"), Decimal("60.00"), Decimal("75.00"), Decimal("75.00")]
    assert [row.unit_value for row in april.rows()] == [60, 60, 75, 75]
    assert roi_statement(april.initiative, as_of=LATER).benefits.total == Decimal("270.00")
    assert verification.verify(now=LATER).differences == []


def test_a_value_of_the_future_changes_nothing_until_its_day_comes(april):
    changed(april, priced(april, "75", valid_from=date(2026, 4, 3)))
    assert april.amounts() == [Decimal("60.00")] * 4
    april.measure(34, 16)
    april.bring_up_to_date(at=EVEN_LATER)
    assert april.amounts()[-1] == Decimal("75.00")


def test_a_dated_value_never_touches_what_is_closed_and_later_data_of_it_are_priced_as_it_was_then(closed):
    changed(closed, priced(closed, "75", valid_from=date(2026, 4, 1)))
    assert closed.rows("adjustment") == []
    assert closed.amounts("open") == [Decimal("75.00")] * 2

    closed.measure(31, 12)  # eight minutes: two hours that become real, at 60
    closed.bring_up_to_date(at=EVEN_LATER)
    (row,) = closed.rows("adjustment")
    assert (row.amount, row.causes) == (Decimal("60.00"), ["corrected_data"])


def test_a_correction_without_a_date_reaches_all_open_intervals_and_adjusts_the_closed_ones(closed):
    changed(closed, priced(closed, "90"))
    assert [(row.amount, row.causes) for row in closed.rows("adjustment")] == [(Decimal("30.00"), ["assumption"])] * 2
    assert closed.amounts("open") == [Decimal("90.00")] * 2
    assert closed.amounts("closed") == [Decimal("60.00")] * 2
    assert verification.verify(now=LATER).differences == []


def test_a_correction_reaches_only_the_version_that_it_corrects(april):
    changed(april, priced(april, "75", valid_from=date(2026, 4, 2)))
    changed(april, priced(april, "80"), at=EVEN_LATER)
    assert april.amounts() == [Decimal("60.00")] * 3 + [Decimal("80.00")]
    changed(april, priced(april, "81", valid_from=date(2026, 4, 2)), at=EVEN_LATER)  # the very day: corrected as well
    assert april.amounts()[-1] == Decimal("81.00")
    assert [v.replaced_at is None for v in hour(april).versions.all()] == [True, False, False, True]


@pytest.mark.parametrize("valid_from", [None, date(2026, 4, 1), date(2026, 4, 2), date(2027, 1, 1)])
def test_what_is_shown_before_is_what_happens_then(closed, valid_from):
    closed.measure(34, 11)
    closed.bring_up_to_date(at=LATER)
    wanted = priced(closed, "71.37", valid_from=valid_from)
    before = list(LedgerEntry.objects.order_by("pk").values())

    seen = previewing.preview(hour(closed), wanted, by=closed.controller, at=LATER)

    assert list(LedgerEntry.objects.order_by("pk").values()) == before
    assert hour(closed).version == 1
    changed(closed, wanted, stamp=seen.stamp)
    (moved,) = seen.moved
    then = roi_statement(closed.initiative, as_of=LATER)
    assert (moved.after.net, moved.after.roi, moved.after.range) == (then.net, then.roi, then.range)
    assert seen.adjustments == len(closed.rows("adjustment"))
    announced = {month.first: month.amount for month in moved.months if month.is_closed}
    assert announced.get(date(2026, 3, 1), Decimal(0)) == sum(row.amount for row in closed.rows("adjustment"))
    was = {row["id"]: row["amount"] for row in before}
    moved_open = [row.amount - was[row.pk] for row in closed.rows("open") if row.amount != was[row.pk]]
    assert seen.open_intervals == len(moved_open)
    assert sum(m.amount for m in moved.months if not m.is_closed) == sum(moved_open)


def test_a_shared_assumption_moves_every_initiative_that_rests_on_it_and_is_changed_once(april):
    other = InitiativeFactory(slug="other", go_live_on=date(2026, 3, 30))
    kpi = KpiFactory(initiative=other, slug="minutes")
    ValueDriverFactory(kpi=kpi, unit_value=april.driver.unit_value)
    seen = previewing.preview(hour(april), priced(april, "90"), by=april.controller, at=LATER)
    assert {moved.initiative.slug for moved in seen.moved} == {"support", "other"}
    assert seen.after.net - seen.before.net == Decimal("120.00")
    changed(april, priced(april, "90"))
    assert AuditEvent.objects.filter(what="assumption.changed").count() == 1


def test_who_does_not_see_all_that_rests_on_it_does_not_change_it(april):
    ValueDriverFactory(kpi=KpiFactory(), unit_value=april.driver.unit_value)
    someone = ControllerFactory(initiatives=[april.initiative])
    with pytest.raises(ChangeRefused) as refused:
        assuming.change_assumption(hour(april), priced(april, "90"), by=someone, at=LATER)
    assert refused.value.code == "sight_is_limited"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"valid_from": date(2026, 3, 31)}, "period_closed"),
        ({"valid_from": date(2026, 4, 5), "valid_to": date(2026, 4, 4)}, "ends_before_it_begins"),
        ({"high": Decimal(1)}, "not_in_order"),
        ({"reason": ""}, "reason_missing"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(closed, more, code):
    with pytest.raises(ChangeRefused) as refused:
        assuming.change_assumption(hour(closed), replace(priced(closed, "90"), **more), by=closed.controller, at=LATER)
    assert refused.value.code == code
    assert refused.value.detail.endswith((".", "order."))
    assert hour(closed).version == 1


def test_validity_that_overlaps_is_refused_in_either_direction(april):
    changed(april, priced(april, "75", valid_from=date(2026, 5, 1)))
    with pytest.raises(ChangeRefused) as earlier:
        changed(april, priced(april, "70", valid_from=date(2026, 4, 15)))
    with pytest.raises(ChangeRefused) as reaching:
        changed(april, priced(april, "60", valid_to=date(2026, 5, 1)))
    assert (earlier.value.code, reaching.value.code) == ("validity_overlaps", "validity_overlaps")
    changed(april, priced(april, "60", valid_to=date(2026, 4, 30)))


def test_a_share_stays_within_0_and_1(april):
    share = april.driver.realisation
    wanted = replace(wanted_of(share.on(date(2026, 4, 1))), high=Decimal("1.2"), reason="More")
    with pytest.raises(ChangeRefused) as refused:
        assuming.change_assumption(share, wanted, by=april.controller, at=LATER)
    assert refused.value.code == "not_a_share"


def test_what_changed_since_it_was_shown_is_shown_again(april):
    wanted = priced(april, "90")
    seen = previewing.preview(hour(april), wanted, by=april.controller, at=LATER)
    with pytest.raises(ChangeRefused) as other_values:
        changed(april, priced(april, "91"), stamp=seen.stamp)
    april.measure(33, 12)
    april.bring_up_to_date(at=EVEN_LATER)
    with pytest.raises(ChangeRefused) as other_data:
        changed(april, wanted, stamp=seen.stamp)
    assert (other_values.value.code, other_data.value.code) == ("changed_meanwhile", "changed_meanwhile")


def test_the_history_keeps_each_statement_with_who_when_and_why(april):
    changed(april, priced(april, "75", valid_from=date(2026, 4, 1), owner="Carla"))
    newest, first = hour(april).versions.all()
    assert (newest.likely, newest.author, newest.at, newest.reason) == (
        75,
        april.controller,
        LATER,
        "New cost-rate sheet",
    )
    assert (first.likely, first.valid_from, first.author, first.at) == (60, None, None, None)
    event = AuditEvent.objects.get(what="assumption.changed")
    assert event.details["likely"] == {"from": "60.000000", "to": "75"}
    assert event.details["valid_from"] == {"from": None, "to": "2026-04-01"}
    with pytest.raises(IntegrityError), transaction.atomic():
        hour(april).versions.update(likely=61)


def test_the_same_again_changes_nothing(april):
    wanted = replace(wanted_of(hour(april).on(date(2026, 4, 1))), reason="Looked at")
    assert not assuming.change_assumption(hour(april), wanted, by=april.controller, at=LATER)
    assert (hour(april).version, hour(april).versions.count()) == (1, 0)


def test_the_range_of_each_entry_follows_the_version_that_prices_it(april):
    wide = replace(
        priced(april, "75", valid_from=date(2026, 4, 1)), low=Decimal(50), likely=Decimal(75), high=Decimal(100)
    )
    changed(april, wide)
    widths = [(row.low, row.high) for row in april.rows()]
    assert widths[:2] == [(Decimal("60.00"), Decimal("60.00"))] * 2
    # an hour of which P10 and P90 are 50 and 100, drawn 2,000 times
    assert [float(low) for low, _ in widths[2:]] == pytest.approx([50, 50], abs=2)
    assert [float(high) for _, high in widths[2:]] == pytest.approx([100, 100], abs=2)
    found = roi_statement(april.initiative, as_of=LATER).range
    assert float(found.benefit_low) == pytest.approx(120 + 100, abs=4)
    assert float(found.benefit_high) == pytest.approx(120 + 200, abs=4)


def test_closing_goes_on_with_dated_values(april):
    changed(april, priced(april, "75", valid_from=date(2026, 4, 1)))
    april.close(MARCH, at=LATER)
    for day in range(34, 62):
        april.measure(day, 20)
    period = april.close(APRIL, at=IN_MAY)
    assert period.account["support"]["benefit"] == "150.00"
    assert verification.verify(now=IN_MAY).differences == []
