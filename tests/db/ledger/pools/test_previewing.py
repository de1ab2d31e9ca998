"""A change of an assumption moves what counts of everyone's claims on the pool, and the look at it says so before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from kpis.definitions.changing import ChangeRefused
from kpis.ledger import assuming
from kpis.ledger.assuming import wanted_of
from kpis.ledger.models import Assumption
from kpis.ledger.pools.models import Pool
from kpis.roi import previewing
from tests.factories import CapacityFactory

IN_MAY = datetime(2026, 5, 4, 9, tzinfo=UTC)
LATER = datetime(2026, 5, 8, 9, tzinfo=UTC)


@pytest.fixture
def two(team):
    """300.00 € a month may be claimed: support claims 250.00 by the day, the assistant 2,000.00 by the month."""
    Pool.objects.filter(pk=team.pool.pk).update(unit=Pool.Unit.MONEY, currency="EUR", share=Decimal(1), rule="in_order")
    team.pool.refresh_from_db()
    CapacityFactory(pool=team.pool, quantity=Decimal(300))
    team.joins("support")
    team.joins("assistant", interval="month")
    for day, hours in ((1, 2), (2, 3)):
        team.reports("support", date(2026, 4, day), hours)
    team.reports("assistant", date(2026, 4, 15), 40)
    team.brought_up_to_date(IN_MAY)
    return team


def forty(team):
    price = Assumption.objects.get(pk=team.drivers["support"].unit_value_id)
    wanted = replace(wanted_of(price.on(date(2026, 4, 1))), likely=Decimal(40), reason="Recount")
    return price, wanted


def test_what_one_gives_back_is_shown_and_then_booked_for_the_other(two):
    assert (two.total("support"), two.total("assistant")) == (Decimal("250.00"), Decimal("50.00"))
    price, wanted = forty(two)

    seen = previewing.preview(price, wanted, by=two.controller, at=IN_MAY)

    found = {moved.initiative.slug: (moved.before.net, moved.after.net) for moved in seen.moved}
    assert found == {
        "support": (Decimal("250.00"), Decimal("200.00")),
        "assistant": (Decimal("50.00"), Decimal("100.00")),
    }
    assert seen.before.net == seen.after.net == Decimal("300.00")
    assert (two.total("support"), two.total("assistant")) == (Decimal("250.00"), Decimal("50.00"))

    assuming.change_assumption(price, wanted, by=two.controller, at=IN_MAY, stamp=seen.stamp)
    two.brought_up_to_date(IN_MAY)
    assert (two.total("support"), two.total("assistant")) == (Decimal("200.00"), Decimal("100.00"))


def test_a_claim_of_somebody_else_that_moves_in_between_has_it_shown_again(two):
    price, wanted = forty(two)
    seen = previewing.preview(price, wanted, by=two.controller, at=IN_MAY)
    two.reports("assistant", date(2026, 4, 16), 1)
    two.brought_up_to_date(LATER)
    with pytest.raises(ChangeRefused) as refused:
        assuming.change_assumption(price, wanted, by=two.controller, at=LATER, stamp=seen.stamp)
    assert refused.value.code == "changed_meanwhile"
