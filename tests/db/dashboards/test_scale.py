"""From pilot to scale on a page without scripts: the address is the question, the answer says where evidence ends."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.db.dashboards.conftest import seen
from tests.db.roi.conftest import book, driver, piloted
from tests.factories import InitiativeFactory, OrganisationFactory, UserFactory

__all__ = ["book", "driver", "piloted"]
PAGE = "/initiatives/support/scale/"
QUESTION = "?users_now=100&users_at_scale=400&months_to_scale=12&months=24&kept=80&block=100&licence=2"


@pytest.fixture(autouse=True)
def house(at):
    with at(datetime(2026, 6, 10, 10, tzinfo=UTC)):
        yield OrganisationFactory(zone="UTC", reporting_currency="EUR")


def test_the_question_stands_alone_until_it_is_asked(piloted):
    page = seen(PAGE)
    assert "measured since March 2026: €1,000 a month, running costs €250" in page
    assert "What to ask" not in page


def test_the_answer_says_what_it_comes_to_where_evidence_ends_and_what_is_missing(piloted):
    page = seen(PAGE + QUESTION)

    assert "From month 1 on this is an assumption." in page
    assert "evidence ends here" in page
    assert "€10.00" in page  # 1,000 a month for 100 users
    assert "Not in it: infrastructure and usage, integration, training, support, governance and review." in page
    assert 'class="state declared">assumed' in page


def test_a_question_that_cannot_be_asked_says_why_beside_its_field(piloted):
    page = seen(PAGE + QUESTION.replace("users_at_scale=400", "users_at_scale=4"))
    assert "Users at scale are at least those of today." in page and "What to ask" not in page


def test_without_three_full_months_the_page_says_so(house):
    InitiativeFactory(slug="support")
    page = seen(PAGE + QUESTION)
    assert "A projection needs three full months of booked benefits." in page


def test_in_german_and_only_for_those_who_see_it(piloted):
    assert "hier endet der Nachweis" in seen(PAGE + QUESTION, language="de")
    stranger = UserFactory(limited=True)
    stranger.initiatives.add(InitiativeFactory(slug="mine"))
    seen(PAGE, stranger, status=404)
