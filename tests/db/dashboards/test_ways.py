"""The drawer *All ways to say the ROI*: every name with its formula in words, or why it cannot be said."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.db.dashboards.conftest import seen
from tests.db.roi.conftest import AS_OF, book, driver
from tests.factories import CostEntryFactory, InitiativeFactory, OrganisationFactory, UserFactory

__all__ = ["book", "driver"]


@pytest.fixture(autouse=True)
def house(at):
    with at(AS_OF):
        yield OrganisationFactory(zone="UTC", reporting_currency="EUR")


@pytest.fixture
def initiative(driver, book):
    initiative = InitiativeFactory(
        slug="support", name="Support", started_on=date(2026, 1, 1), go_live_on=date(2026, 3, 1)
    )
    monthly = driver(initiative, "month", is_freed_time=True)
    for month, days in (("2026-03-01", 31), ("2026-04-01", 30), ("2026-05-01", 31)):
        book(monthly, month, 250, days=days)
    CostEntryFactory(initiative=initiative, amount=Decimal(300), on=date(2026, 1, 15))
    return initiative


def test_each_name_stands_with_its_figure_its_formula_and_its_reason(initiative):
    page = seen("/how/initiatives/support/ways/")

    assert "<b>150.0%</b>" in page and "<b>2.50</b>" in page
    assert "came back ÷ invested" in page
    assert "No cost recurs, so there is nothing that a running year would cost." in page
    assert "carried on from 1 Jun 2026" in page
    assert 'class="state open">forecast</span>' in page


def test_the_pages_of_the_initiative_and_of_the_portfolio_lead_there(initiative):
    InitiativeFactory(slug="bare")
    assert 'href="/how/initiatives/bare/ways/" data-drawer' in seen("/initiatives/bare/")
    assert 'href="/how/portfolio/ways/" data-drawer' in seen("/")
    assert "<b>2.50</b>" in seen("/how/portfolio/ways/")


def test_in_german_every_name_is_german(initiative):
    page = seen("/how/initiatives/support/ways/", language="de")

    assert "Vielfaches" in page and "Keine Kosten kehren wieder" in page
    assert "Return multiple" not in page


def test_of_what_one_may_not_see_there_is_nothing(initiative):
    user = UserFactory(limited=True)
    user.initiatives.add(InitiativeFactory(slug="mine"))

    seen("/how/initiatives/support/ways/", user, status=404)


def test_before_anything_flowed_each_name_says_why_it_has_no_figure(house):
    InitiativeFactory(slug="new", name="New", started_on=None, go_live_on=None)

    page = seen("/how/initiatives/new/ways/")

    assert "There are no costs yet" in page
    assert "Neither a start nor a go-live is set" in page
