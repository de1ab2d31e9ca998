"""The same hours are booked once, to the cent, in whatever order data, closing and decisions come."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kpis import verification
from kpis.calculations.counterfactual import Counterfactual
from kpis.ledger import changing, closing, periods
from kpis.ledger.models import LedgerEntry
from kpis.ledger.overlap import overlaps_among
from kpis.ledger.pools import stating
from kpis.ledger.pools.models import Apart
from kpis.ledger.posting import post_entries
from kpis.roi.portfolio import portfolio_statement
from kpis.roi.statement import roi_statement
from kpis.rollups.models import KpiState
from tests.db.ledger.pools.conftest import form_team
from tests.factories import (
    BaselineFactory,
    CapacityFactory,
    EffectFactory,
    IntervalValueFactory,
    KpiFactory,
    OrganisationFactory,
    PoolFactory,
    SeriesFactory,
    ValueDriverFactory,
)

APRIL, MAY = date(2026, 4, 1), date(2026, 5, 1)
IN_MAY = datetime(2026, 5, 4, 9, tzinfo=UTC)
LATER = datetime(2026, 5, 8, 9, tzinfo=UTC)
IN_JUNE = datetime(2026, 6, 3, 9, tzinfo=UTC)


def differences(now: datetime) -> list[str]:
    return [str(difference) for difference in verification.verify(now=now).differences]


@pytest.fixture
def two(team):
    """Support reports by the day, the assistant by the month: 40 hours in April, of which support has 5."""
    team.joins("support")
    team.joins("assistant", interval="month")
    for day, hours in ((1, 2), (2, 3)):
        team.reports("support", date(2026, 4, day), hours)
    team.reports("assistant", date(2026, 4, 15), 40)
    return team


# -- the same hours -------------------------------------------------------------------------------------------------


def test_what_is_measured_by_the_day_is_not_claimed_again_by_the_month(two):
    two.brought_up_to_date(IN_MAY)

    assert two.said("support") == [("100.00", "100.00"), ("150.00", "150.00")]
    assert two.said("assistant") == [("2000.00", "0.00")]
    (row,) = two.rows("assistant")
    assert (row.amount, row.low, row.high) == (0, 0, 0)
    assert differences(IN_MAY) == []


def test_in_a_month_in_which_the_better_claim_is_silent_the_other_counts(two):
    two.reports("assistant", date(2026, 5, 15), 10)
    two.brought_up_to_date(IN_JUNE)
    assert two.said("assistant") == [("2000.00", "0.00"), ("500.00", "500.00")]


def test_the_sum_of_entries_evidence_and_portfolio_is_free_of_what_was_claimed_twice(two):
    two.brought_up_to_date(IN_MAY)
    initiatives = [driver.initiative for driver in two.drivers.values()]

    rows = [roi_statement(initiative, as_of=IN_MAY) for initiative in initiatives]
    totals = portfolio_statement(initiatives, as_of=IN_MAY).totals

    assert [row.benefits.total for row in rows] == [Decimal("250.00"), Decimal("0.00")]
    assert totals.benefits.total == sum(totals.evidence.values()) == Decimal("250.00")
    assert (totals.range.net_low, totals.range.net_high) == (rows[0].range.net_low, rows[0].range.net_high)
    assert rows[1].range.net_low == rows[1].range.net_high == 0
    (overlap,) = overlaps_among(initiatives)
    assert (overlap.first.driver, overlap.not_counted) == (two.drivers["support"], Decimal("2000.00"))


def test_the_better_grade_counts_whoever_was_there_first():
    OrganisationFactory(zone="Europe/Berlin")
    pool, begin, drivers = PoolFactory(), datetime(2026, 3, 1, 23, tzinfo=UTC), []
    for grade in ("D", "A", "C"):
        kpi = KpiFactory()
        baseline = BaselineFactory(kpi=kpi, declared=True, approved=True)
        without = Counterfactual("constant", 12.5).as_json()
        EffectFactory(kpi=kpi, baseline=baseline, counterfactual=without, evidence_grade=grade)
        IntervalValueFactory(series=SeriesFactory(kpi=kpi), start=begin, mean=10.0)
        drivers.append(ValueDriverFactory(kpi=kpi, pool=pool))

    post_entries([driver.kpi_id for driver in drivers], now=begin + timedelta(days=3))

    counted = {driver.entries.get().evidence_grade: driver.entries.get().counted for driver in drivers}
    claimed = drivers[0].entries.get().claimed
    assert (counted, claimed > 0) == ({"D": 0, "A": claimed, "C": 0}, True)


def test_a_loss_counts_in_full_and_holds_no_hours(two):
    two.reports("support", date(2026, 4, 3), -6)
    two.brought_up_to_date(IN_MAY)
    assert two.said("support")[-1] == ("-300.00", "-300.00")
    assert two.said("assistant") == [
        ("2000.00", "2000.00")
    ]  # +5 h − 6 h: nothing was saved that could be counted twice


def test_pools_of_other_names_and_the_sample_companys_are_apart(two):
    other = two.joins("legal", interval="month", pool=PoolFactory(slug="legal hours"))
    two.reports("legal", date(2026, 4, 15), 7)
    assert stating.pool_of("TEAM  north", other.initiative, other.kpi, by=None, at=IN_MAY) == two.pool
    other.initiative.is_sample = True
    assert stating.pool_of("team north", other.initiative, other.kpi, by=None, at=IN_MAY) != two.pool
    two.brought_up_to_date(IN_MAY)
    assert two.said("legal") == [("350.00", "350.00")]


# -- capacity -------------------------------------------------------------------------------------------------------


def test_different_hours_count_up_to_the_prudent_share_of_what_is_paid(two):
    """50 paid hours, 0.8 of them: 40. Support has 5, so 35 of the assistant's 40 are left: 1,750.00."""
    CapacityFactory(pool=two.pool, quantity=Decimal(50))
    two.pool.rule = "in_order"
    two.pool.save()
    two.brought_up_to_date(IN_MAY)

    (row,) = two.rows("assistant")
    assert (row.claimed, row.counted, row.amount) == (Decimal("2000.00"), Decimal("1750.00"), Decimal("1750.00"))
    whole = [
        Decimal(40) * Decimal(price) for price in (two.rows("support")[0].low / 2, two.rows("support")[0].high / 2)
    ]
    assert [float(row.low), float(row.high)] == pytest.approx([float(w) * 0.875 for w in whole], rel=0.05)
    assert two.total("support") == Decimal("250.00")
    assert differences(IN_MAY) == []


def test_a_capacity_counts_from_its_month_on(two):
    two.reports("assistant", date(2026, 5, 15), 40)
    fields = {"rule": "in_order"}
    stating.change_pool(two.pool, fields, by=None, at=IN_MAY, reason="Other hours")
    stated = stating.StatedCapacity(date(2026, 5, 20), Decimal(10), "Head of Service", "Payroll")
    stating.state_capacity(two.pool, stated, by=None, at=IN_MAY, reason="Short-time work")
    two.brought_up_to_date(IN_JUNE)
    assert two.said("assistant") == [("2000.00", "2000.00"), ("2000.00", "400.00")]


def test_pro_rata_everybody_gives_up_the_same_share(two):
    """45 hours asked for, 36 there: four fifths."""
    CapacityFactory(pool=two.pool, quantity=Decimal(45))
    stating.change_pool(two.pool, {"rule": "pro_rata"}, by=None, at=IN_MAY, reason="Agreed by both")
    two.brought_up_to_date(IN_MAY)
    assert two.said("support") == [("100.00", "80.00"), ("150.00", "120.00")]
    assert two.said("assistant") == [("2000.00", "1600.00")]


def test_effects_on_one_process_multiply_what_is_left_of_it(two):
    """5 and 40 of 100 hours: 1 − 0.95 · 0.6 = 43 hours, split as ln 0.95 : ln 0.6 = 0.051293 : 0.510826."""
    CapacityFactory(pool=two.pool, quantity=Decimal(100))
    stating.change_pool(two.pool, {"rule": "one_process"}, by=None, at=IN_MAY, reason="Drafts after triage")
    two.brought_up_to_date(IN_MAY)
    assert two.said("support") == [("100.00", "78.47"), ("150.00", "117.71")]  # 43 h · 50 · 0.091250 = 196.18
    assert two.said("assistant") == [("2000.00", "1953.81")]
    assert differences(IN_MAY) == []


# -- decisions ------------------------------------------------------------------------------------------------------


def test_claims_that_a_controller_sets_apart_are_added_until_that_is_taken_back(two):
    two.brought_up_to_date(IN_MAY)
    pair = two.drivers["support"], two.drivers["assistant"]
    decided = stating.set_apart(*pair, by=two.controller, at=IN_MAY, reason="Night shift, another team")
    two.brought_up_to_date(IN_MAY)
    assert two.said("assistant") == [("2000.00", "2000.00")]
    assert differences(IN_MAY) == []

    stating.bring_together(decided, by=two.controller, at=IN_MAY, reason="It was the same shift")
    two.brought_up_to_date(IN_MAY)
    assert (two.said("assistant"), Apart.objects.exists()) == ([("2000.00", "0.00")], False)


def test_three_claims_on_one_pool_and_a_pair_that_is_apart(two):
    two.joins("planner", interval="week")
    two.reports("planner", date(2026, 4, 15), 4)
    stating.set_apart(two.drivers["support"], two.drivers["planner"], by=None, at=IN_MAY, reason="Other people")
    two.brought_up_to_date(IN_MAY)
    assert [two.total(slug) for slug in ("support", "assistant", "planner")] == [Decimal(250), Decimal(0), Decimal(200)]


def test_the_claim_comes_back_when_the_better_driver_goes_or_leaves_the_pool(two):
    two.brought_up_to_date(IN_MAY)
    changing.change_driver(two.drivers["support"], {"pool": "others"}, by=None, at=IN_MAY)
    two.brought_up_to_date(IN_MAY)
    assert two.said("assistant") == [("2000.00", "2000.00")]

    changing.change_driver(two.drivers["support"], {"pool": "Team North"}, by=None, at=IN_MAY)
    two.brought_up_to_date(IN_MAY)
    assert two.said("assistant") == [("2000.00", "0.00")]

    changing.delete_driver(two.drivers["support"], by=None, at=IN_MAY)
    two.brought_up_to_date(IN_MAY)
    assert two.said("assistant") == [("2000.00", "2000.00")]
    assert differences(IN_MAY) == []


# -- closed periods -------------------------------------------------------------------------------------------------


def test_a_better_claim_that_arrives_after_the_close_takes_back_what_was_booked(team):
    team.joins("support")
    team.joins("assistant", interval="month")
    team.reports("assistant", date(2026, 4, 15), 40)
    team.reports("assistant", date(2026, 5, 2), 1)  # April is complete
    team.close("2026-04", IN_MAY)
    team.reports("support", date(2026, 4, 1), 2)
    team.brought_up_to_date(LATER)

    (row,) = team.rows("assistant", "adjustment")
    assert (row.amount, row.causes) == (Decimal("-2000.00"), ["overlap"])
    assert (row.claimed, row.counted, row.corrects) == (2000, 0, team.rows("assistant", "closed")[0])
    assert [(r.amount, r.causes) for r in team.rows("support")] == [(Decimal("100.00"), ["driver"])]
    assert team.total("assistant") == 0
    assert differences(LATER) == []
    assert roi_statement(team.drivers["assistant"].initiative, as_of=LATER).benefits.total == 0


def test_a_claim_that_moves_while_another_holds_its_hours_is_written_down_and_comes_back_whole(two):
    two.reports("assistant", date(2026, 5, 2), 1)
    two.reports("support", date(2026, 5, 3), 1)
    two.close("2026-04", IN_MAY)
    two.reports("assistant", date(2026, 4, 20), 10)
    two.brought_up_to_date(LATER)
    (row,) = two.rows("assistant", "adjustment")
    assert (row.amount, row.claimed, row.causes) == (Decimal("0.00"), Decimal("2500.00"), ["late_data", "overlap"])

    stating.set_apart(two.drivers["support"], two.drivers["assistant"], by=None, at=LATER, reason="Other people")
    two.brought_up_to_date(LATER)
    assert two.total("assistant") == Decimal("2500.00")
    assert differences(LATER) == []


def test_a_second_run_books_nothing(two):
    two.reports("assistant", date(2026, 5, 2), 1)
    two.close("2026-04", IN_MAY)
    two.reports("support", date(2026, 4, 9), 2)
    two.brought_up_to_date(LATER)
    before = list(LedgerEntry.objects.order_by("pk").values())
    KpiState.objects.update(evaluated_version=0)
    two.brought_up_to_date(LATER + timedelta(hours=1))
    assert list(LedgerEntry.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("column", ["claimed", "counted"])
def test_a_share_that_somebody_changed_is_found(two, column):
    two.brought_up_to_date(IN_MAY)
    LedgerEntry.objects.filter(driver=two.drivers["assistant"]).update(**{column: Decimal("1999.99")})
    assert any(f" {column}: " in found for found in differences(IN_MAY))


# -- in any order ---------------------------------------------------------------------------------------------------

WHO = st.sampled_from(["support", "assistant", "planner"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("report"), WHO, st.integers(1, 6), st.integers(-20, 60)),
        st.tuples(st.just("capacity"), st.just(""), st.integers(10, 120), st.just(0)),
        st.tuples(st.just("rule"), st.sampled_from(["best_evidence", "in_order", "pro_rata"]), st.just(0), st.just(0)),
        st.tuples(st.just("close"), st.just(""), st.just(0), st.just(0)),
        st.tuples(st.just("run"), st.just(""), st.just(0), st.just(0)),
    ),
    max_size=8,
)


def worked_out(reported: dict[str, dict[int, int]], rule: str, capacity: int | None) -> dict[str, Decimal]:
    """What counts of each in April, in hours by plain arithmetic; support comes first, then assistant and planner."""
    net = {who: Decimal(sum(days.values())) for who, days in reported.items()}
    gains = {who: Decimal(sum(h for h in days.values() if h > 0)) for who, days in reported.items()}
    gains["assistant"] = max(net["assistant"], Decimal(0))  # one interval: its days are added up before
    room = None if capacity is None else Decimal(capacity) * Decimal("0.8")
    if rule == "pro_rata":
        asked, gained = sum(net.values(), Decimal(0)), sum(gains.values(), Decimal(0))
        if room is None or asked <= room or not gained:
            return net
        share = min(Decimal(1), (room + gained - asked) / gained)
        return {who: gains[who] * share - (gains[who] - net[who]) for who in net}
    found, held = {}, False
    for who, hours in net.items():
        if hours <= 0:
            found[who] = hours
            continue
        found[who] = Decimal(0) if held and rule == "best_evidence" else hours if room is None else min(hours, room)
        if found[who] > 0:
            held = True
            room = None if room is None else room - found[who]
    return found


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
@example(
    steps=[
        ("report", "assistant", 1, -7),
        ("report", "assistant", 2, 30),
        ("report", "support", 1, 20),
        ("report", "planner", 2, 9),
        ("capacity", "", 12, 0),
        ("close", "", 0, 0),
        ("rule", "pro_rata", 0, 0),
        ("report", "planner", 3, -4),
    ]
)
def test_reports_rules_capacities_and_closing_in_any_order_end_in_the_same_truth(arrive, stand_at, steps):
    with transaction.atomic():
        team, now = form_team(arrive, stand_at), IN_MAY
        reported: dict[str, dict[int, int]] = {}
        for who, interval in (("support", "day"), ("assistant", "month"), ("planner", "day")):
            team.joins(who, interval=interval)
            team.reports(who, MAY, 0)  # April is complete
            reported[who] = {}
        rule, capacity = "best_evidence", None
        for name, what, a, b in steps:
            now += timedelta(hours=1)
            if name == "report":
                team.reports(what, date(2026, 4, a), b)
                reported[what][a] = b
            elif name == "capacity":
                stated = stating.StatedCapacity(APRIL, Decimal(a), "Head of Service", "Payroll")
                stating.state_capacity(team.pool, stated, by=None, at=now, reason="Counted")
                capacity = a
            elif name == "rule":
                stating.change_pool(team.pool, {"rule": what}, by=None, at=now, reason="Agreed")
                rule = what
            elif name == "close" and not any(p.first == APRIL for p in periods.closed_periods(is_sample=False)):
                team.brought_up_to_date(now)
                if LedgerEntry.objects.exists():
                    april = periods.period_named("2026-04")
                    if periods.next_to_close(is_sample=False).first == APRIL:
                        closing.close_period(april, by=team.controller, at=now, reason="As it is")
            elif name == "run":
                team.brought_up_to_date(now)
            assert differences(now) == []
        team.brought_up_to_date(now)

        due = worked_out(reported, rule, capacity)
        for who in reported:
            # Downwards to the cent in each entry that is cut: at most six of them.
            assert 0 <= due[who] * 50 - team.total(who) < Decimal("0.07"), (who, rule)
        assert differences(now) == []
        transaction.set_rollback(True)
