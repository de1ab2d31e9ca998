"""From freed time to the overtime that shows where it went, and on to payroll's own figures."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.db.dashboards.test_periods import client_of, text_of
from tests.db.ledger.conftest import IN_APRIL, IN_MAY, arrive, books, stand_at
from tests.db.ledger.test_tracing import Followed
from tests.factories import AdministratorFactory, InitiativeFactory, UserFactory

__all__ = ["arrive", "books", "stand_at"]


@pytest.fixture
def followed(books):
    """March: 60.00 of 120.00 are traced. April: no figure of overtime yet. May runs."""
    found = Followed(books)
    for day in (30, 31, 32, 62):
        books.measure(day, 16)
    found.overtime(3, 109)
    books.bring_up_to_date(at=IN_MAY)
    return found


@pytest.fixture
def reader():
    return client_of(AdministratorFactory())


def test_the_drivers_page_says_month_by_month_where_the_time_went(followed, reader):
    page = text_of(reader, f"/how/drivers/{followed.books.driver.pk}/")
    assert "Where the time went" in page
    assert "plain difference" in page and "2 of 12 intervals before go-live" in page
    assert "110.0" in page and "109.0" in page
    assert "no value: nothing is traced" in page  # April
    (row,) = followed.rows()
    assert f'href="/how/traces/{row.pk}/"' in page


def test_a_trace_leads_to_the_measurements_behind_it(followed, reader):
    (row,) = followed.rows()
    page = text_of(reader, f"/how/traces/{row.pk}/")
    assert "The plain mean of the last 2 intervals before go-live: 110.000" in page
    assert "of it is traced, the rest is freed time only" in page
    assert "60.00" in page and "120.00" in page
    assert "2026" in page and "109" in page  # payroll's own figure, with when it came
    assert f'href="/how/drivers/{followed.books.driver.pk}/"' in page


def test_what_was_traced_of_a_saving_is_never_more_than_it(followed, reader):
    followed.overtime(3, 50)
    followed.books.bring_up_to_date(at=datetime(2026, 5, 5, 9, tzinfo=UTC))
    (row,) = followed.rows()
    assert "No more than that can be traced, so it is €120.00" in text_of(reader, f"/how/traces/{row.pk}/")


def test_the_figures_traced_and_freed_open_their_parts(followed, reader):
    captured = text_of(reader, "/how/initiatives/support/captured/")
    freed = text_of(reader, "/how/initiatives/support/freed/")
    assert "traced in" in captured and "60.00" in captured
    assert "freed time, not traced yet" in freed
    initiative = text_of(reader, "/initiatives/support/")
    assert "Minutes saved, traced" in initiative and "Minutes saved, freed only" in initiative
    assert "freed time traced" in initiative


def test_a_closed_and_corrected_trace_says_so(followed, reader):
    followed.books.close("2026-03", at=datetime(2026, 5, 5, 9, tzinfo=UTC))
    followed.overtime(3, 108.5)
    followed.books.bring_up_to_date(at=datetime(2026, 5, 6, 9, tzinfo=UTC))
    first, second = followed.rows()
    assert "Closed, and corrected since" in text_of(reader, f"/how/traces/{first.pk}/")
    page = text_of(reader, f"/how/traces/{second.pk}/")
    assert "Booked on" in page and "corrected data" in page and f'href="/how/traces/{first.pk}/"' in page


def test_a_trace_out_of_sight_is_not_found(followed):
    outsider = UserFactory(role="executive", limited=True)
    outsider.initiatives.add(InitiativeFactory())
    (row,) = followed.rows()
    text_of(client_of(outsider), f"/how/traces/{row.pk}/", status=404)
    text_of(client_of(outsider), "/how/traces/999999/", status=404)


def test_the_page_of_the_follow_up_kpi_says_what_it_shows(followed, reader):
    page = text_of(reader, "/kpis/support.overtime/")
    assert "where the time of “Minutes saved” went:" in page and "€60.00" in page


def test_in_german(followed):
    german = client_of(AdministratorFactory(language="de"), "de")
    (row,) = followed.rows()
    assert "Wohin die Zeit ging" in text_of(german, f"/how/drivers/{followed.books.driver.pk}/")
    assert "Verglichen mit" in text_of(german, f"/how/traces/{row.pk}/")


def test_without_a_follow_up_it_is_freed_time_as_before(books, reader):
    from kpis.ledger.models import ValueDriver

    ValueDriver.objects.update(is_freed_time=True)
    books.measure(30, 16)
    books.bring_up_to_date(at=IN_APRIL)
    assert "nothing has traced yet where it went" in text_of(reader, f"/how/drivers/{books.driver.pk}/")
