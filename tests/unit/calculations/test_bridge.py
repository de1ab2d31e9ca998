"""From planned to actual net by plain arithmetic, and that nothing is ever lost on the way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations.bridge import CAUSES, BenefitMonth, Found, bridge
from kpis.calculations.planned import Expected, PlannedPhase, expected

D = Decimal
TERMS = PlannedPhase(D(1000), D(2), D("0.50"))  # 1,000 tickets, 2 minutes, 0.50 € a minute: 1,000 € a month
FULL, NONE = Expected(D(1000), D(2000), D(1000)), Expected()


def bars(months, **more):
    given_ = {"not_planned": {}, "planned_costs": {}, "actual_costs": {}} | more
    found = bridge({"Tickets": months}, **given_)
    assert found.planned + sum(bar.amount for bar in found.bars) == found.actual
    return {bar.cause: bar.amount for bar in found.bars if bar.amount}, found


def test_volume_then_effect_then_price_each_at_what_the_ones_before_became():
    # 1,100 tickets instead of 1,000; 1.5 minutes instead of 2; 0.60 € a minute instead of 0.50
    month = BenefitMonth(FULL, FULL, TERMS, Found(D(1100), D(1650), D(990), D("990.00")))

    found, whole = bars([month])

    assert found == {
        "volume": D("100.00"),  # 100 · 2 · 0.50
        "effect": D("-275.00"),  # −0.5 · 1,100 · 0.50
        "price": D("165.00"),  # 0.10 · 1,650
    }
    assert (whole.planned, whole.actual) == (1000, 990)


def test_where_phases_differ_the_mean_effect_and_worth_of_the_month_count():
    # at go-live 2 minutes at 0.50 €; in this month the plan means 3 minutes at 0.60 €
    planned = Expected(D(1000), D(3000), D(1800))
    month = BenefitMonth(planned, planned, TERMS, Found(D(1100), D(1650), D(990), D("990.00")))

    assert bars([month])[0] == {
        "volume": D("180.00"),  # 100 · 3 · 0.60
        "effect": D("-990.00"),  # −1.5 · 1,100 · 0.60
    }


def test_months_that_passed_before_the_later_go_live_are_delay():
    month = BenefitMonth(FULL, NONE, TERMS, None)
    assert bars([month])[0] == {"delay": D("-1000.00")}


def test_a_month_in_which_nothing_was_booked_is_no_lower_volume():
    assert bars([BenefitMonth(FULL, FULL, TERMS, None)])[0] == {"not_booked": D("-1000.00")}


def test_an_earlier_start_than_planned_is_volume_at_planned_effect_and_worth():
    month = BenefitMonth(NONE, NONE, TERMS, Found(D(100), D(200), D(100), D("100.00")))
    assert bars([month])[0] == {"volume": D("100.00")}


def test_costs_by_category_and_what_the_plan_does_not_know():
    found, whole = bars(
        [],
        not_planned={"Overtime": D("70.00")},
        planned_costs={"licence": D(500), "training": D(100)},
        actual_costs={"licence": D(620), "external": D(40)},
    )

    assert found == {"not_planned": D(70), "cost": D(-60)}
    cost = next(bar for bar in whole.bars if bar.cause == "cost")
    assert {part.name: part.amount for part in cost.parts} == {"licence": -120, "training": 100, "external": -40}
    assert (whole.planned, whole.actual) == (-600, -590)


def test_what_was_booked_below_its_own_terms_is_the_rest():
    # capped, because the hours were claimed twice: 1,000 by its terms, 800 booked
    month = BenefitMonth(FULL, FULL, TERMS, Found(D(1000), D(2000), D(1000), D("800.00")))
    assert bars([month])[0] == {"rest": D("-200.00")}


def test_every_cause_has_its_bar_in_the_stated_order():
    assert tuple(bar.cause for bar in bars([])[1].bars) == CAUSES


numbers = st.decimals("-1000", "1000", places=4)
volumes = st.decimals("0", "100000", places=3)
phases = st.builds(PlannedPhase, volumes, numbers, numbers)
found_months = st.none() | st.builds(Found, volumes, numbers, numbers, st.decimals("-99999", "99999", places=2))
money = st.dictionaries(
    st.sampled_from(["licence", "training", "external"]), st.decimals("0", "99999", places=2), max_size=3
)


@given(
    plans=st.lists(st.tuples(phases, st.lists(found_months, min_size=1, max_size=6)), min_size=1, max_size=3),
    ramp=st.lists(st.decimals("0", "1", places=2), max_size=4),
    planned_live=st.dates(date(2026, 1, 1), date(2026, 6, 30)),
    live=st.none() | st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    planned_costs=money,
    actual_costs=money,
)
def test_the_bars_of_any_plan_add_up_to_the_cent(plans, ramp, planned_live, live, planned_costs, actual_costs):
    benefits = {
        f"benefit {k}": [
            BenefitMonth(
                expected([phase], ramp, go_live=planned_live, month=date(2026, 1 + m, 1)),
                expected([phase], ramp, go_live=live, month=date(2026, 1 + m, 1)),
                phase,
                found,
            )
            for m, found in enumerate(months)
        ]
        for k, (phase, months) in enumerate(plans)
    }

    found = bridge(benefits, not_planned={}, planned_costs=planned_costs, actual_costs=actual_costs)

    assert found.planned + sum(bar.amount for bar in found.bars) == found.actual
    booked = sum((m.booked for _, months in plans for m in months if m), D(0))
    assert found.actual == booked - sum(actual_costs.values(), D(0))
    rest = next(bar for bar in found.bars if bar.cause == "rest")
    exact = sum((part.amount for part in rest.parts), D(0))
    assert abs(rest.amount - exact) <= D("0.01") * len(CAUSES)
