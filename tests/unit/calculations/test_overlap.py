"""What counts of claims on one pool, against plain arithmetic and against a second, slower way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.calculations.overlap import Claim, Claimant, Rule, counted, sequential

MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)


def claim(amount, month=MAY, *, price=50, parts=None) -> Claim:
    money = Decimal(amount).quantize(Decimal("0.01"))
    return Claim(money, Fraction(money) / price, parts or ((month, Fraction(1)),))


def claimant(key, *claims, party=None) -> Claimant:
    return Claimant(key, key if party is None else party, [c if isinstance(c, Claim) else claim(c) for c in claims])


def count(*claimants, rule=Rule.BEST_EVIDENCE, limits=None, apart=(), wholes=None):
    limits = {month: Fraction(hours) for month, hours in (limits or {}).items()}
    found = counted(claimants, rule=rule, limits=limits, apart=[frozenset(pair) for pair in apart], wholes=wholes)
    return {key: [str(amount) for amount in amounts] for key, amounts in found.items()}


def test_of_the_same_hours_the_better_evidence_counts_and_the_rest_nothing():
    assert count(claimant(1, 100, 200), claimant(2, 900)) == {1: ["100.00", "200.00"], 2: ["0.00"]}


def test_claims_of_one_initiative_are_not_taken_for_the_same_hours():
    assert count(claimant(1, 100), claimant(2, 900, party=1)) == {1: ["100.00"], 2: ["900.00"]}


def test_in_a_month_in_which_nobody_before_claims_anything_the_later_claim_counts():
    assert count(claimant(1, claim(100, MAY)), claimant(2, claim(900, JUNE))) == {1: ["100.00"], 2: ["900.00"]}


def test_who_loses_in_a_month_holds_no_hours_of_it():
    assert count(claimant(1, 100, -150), claimant(2, 900)) == {1: ["100.00", "-150.00"], 2: ["900.00"]}


def test_losses_count_in_full_and_make_room_for_gains_of_their_month_only_up_to_nothing():
    """Held by another, a month of +900 and −300 comes to nothing, not to −300; one of +300 and −900 to −600."""
    assert count(claimant(1, 10), claimant(2, 900, -300))[2] == ["300.00", "-300.00"]
    assert count(claimant(1, 10), claimant(2, 300, -900))[2] == ["300.00", "-900.00"]


def test_a_quarter_counts_for_the_months_that_nobody_holds():
    quarter = claim(
        900, parts=((date(2026, 4, 1), Fraction(30, 91)), (MAY, Fraction(31, 91)), (JUNE, Fraction(30, 91)))
    )
    assert count(claimant(1, claim(100, MAY)), claimant(2, quarter))[2] == ["593.40"]  # 900 · 60 / 91, downwards


def test_different_hours_add_up_to_the_limit_in_order_of_evidence():
    """40 h of 50.00: the first takes 30, the next finds 10 of its 20, the third none."""
    found = count(claimant(1, 1500), claimant(2, 600, 400), claimant(3, 700), rule=Rule.IN_ORDER, limits={MAY: 40})
    assert found == {1: ["1500.00"], 2: ["300.00", "200.00"], 3: ["0.00"]}


def test_a_limit_holds_for_the_best_evidence_too():
    assert count(claimant(1, 1000, 2000), limits={MAY: 40}) == {1: ["666.66", "1333.33"]}


def test_pro_rata_all_are_cut_by_the_same_share():
    found = count(claimant(1, 1500), claimant(2, 1000), rule=Rule.PRO_RATA, limits={MAY: 40})
    assert found == {1: ["1200.00"], 2: ["800.00"]}  # 50 h asked for, 40 there


def test_effects_on_one_process_take_their_shares_of_what_the_others_leave():
    """40 and 30 of 100 hours: 1 − 0.6 · 0.7 = 0.58, split by ln 0.6 = −0.510826 and ln 0.7 = −0.356675, of 50.00."""
    wholes = {MAY: Fraction(100)}
    found = count(claimant(1, 2000), claimant(2, 1000, 500), rule=Rule.ONE_PROCESS, wholes=wholes)
    assert found == {1: ["1707.65"], 2: ["794.89", "397.44"]}  # 2,900 · 0.588848 and · 0.411152, downwards


def test_an_effect_on_a_process_by_itself_counts_as_it_is_and_one_of_all_of_it_leaves_nothing():
    wholes = {MAY: Fraction(100)}
    assert count(claimant(1, 2000), rule=Rule.ONE_PROCESS, wholes=wholes) == {1: ["2000.00"]}
    found = count(claimant(1, 5000), claimant(2, -70), rule=Rule.ONE_PROCESS, wholes=wholes, limits={MAY: 80})
    assert found == {1: ["4000.00"], 2: ["-70.00"]}
    both = count(claimant(1, 6000), claimant(2, 1000), rule=Rule.ONE_PROCESS, wholes=wholes)
    assert 4995 <= sum(Decimal(amount) for amounts in both.values() for amount in amounts) <= 5000


def test_a_month_of_nothing_but_losses_on_one_process_counts_them_in_full():
    wholes = {MAY: Fraction(100)}
    found = count(claimant(1, -20), claimant(2, -30), rule=Rule.ONE_PROCESS, wholes=wholes, limits={MAY: 80})
    assert found == {1: ["-20.00"], 2: ["-30.00"]}


def test_without_a_whole_the_best_evidence_of_one_process_counts():
    assert count(claimant(1, 2000), claimant(2, 1500), rule=Rule.ONE_PROCESS) == {1: ["2000.00"], 2: ["0.00"]}


def test_claims_that_somebody_decided_to_be_other_hours_are_added():
    assert count(claimant(1, 100), claimant(2, 900), claimant(3, 50), apart=[(1, 2)]) == {
        1: ["100.00"],
        2: ["900.00"],
        3: ["0.00"],
    }


def test_who_counts_nothing_holds_nothing():
    """2 claims the hours of 1; 3 has other hours than 1, and is not held by the claim of 2 that does not count."""
    assert count(claimant(1, 100), claimant(2, 900), claimant(3, 50), apart=[(1, 3)])[3] == ["50.00"]


AMOUNTS = st.decimals(-5000, 5000, places=2)
CLAIMANTS = st.lists(st.lists(st.tuples(AMOUNTS, st.sampled_from([MAY, JUNE])), max_size=4), min_size=1, max_size=4)


@given(CLAIMANTS, st.sampled_from(list(Rule)), st.one_of(st.none(), st.integers(0, 200)))
def test_never_more_than_is_claimed_than_is_there_and_losses_always_in_full(drawn, rule, hours):
    claimants = [claimant(key, *(claim(a, month) for a, month in claims)) for key, claims in enumerate(drawn)]
    limits = {} if hours is None else {MAY: Fraction(hours), JUNE: Fraction(hours)}
    wholes = {month: limit * Fraction(5, 4) for month, limit in limits.items()}
    found = counted(claimants, rule=rule, limits=limits, wholes=wholes)

    for month in (MAY, JUNE):
        net = Decimal(0)
        for one in claimants:
            pairs = [(c.amount, n) for c, n in zip(one.claims, found[one.key], strict=True) if c.parts[0][0] == month]
            assert all(n == c if c <= 0 else 0 <= n <= c for c, n in pairs)
            own = sum((n for _, n in pairs), Decimal(0))
            net += own if rule is Rule.PRO_RATA else max(own, Decimal(0))
        if hours is not None:
            # Losses alone may lie below; what is gained is never above what is there.
            assert net <= hours * 50


@given(st.lists(st.floats(-0.9, 0.95), min_size=1, max_size=5))
def test_sequential_effects_multiply_what_is_left_and_each_gets_its_part_whatever_the_order(effects):
    left = 1.0
    for effect in effects:
        left *= 1 - effect
    total, parts = sequential(effects)

    assert total == pytest.approx(1 - left, abs=1e-12)
    assert sum(parts) == pytest.approx(total, abs=1e-9)
    for order in list(permutations(range(len(effects))))[:6]:
        again = sequential([effects[k] for k in order])[1]
        assert again == pytest.approx([parts[k] for k in order], abs=1e-9)


def test_two_effects_of_a_half_each_save_three_quarters_together():
    assert sequential([0.5, 0.5]) == (0.75, [0.375, 0.375])
    assert sequential([0.0, 0.0]) == (0.0, [0.0, 0.0])
    with pytest.raises(ValueError, match="nothing for another"):
        sequential([0.2, 1.0])
