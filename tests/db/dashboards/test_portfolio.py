"""`/`: what the portfolio page asks of the database, however much there is."""

from __future__ import annotations

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.db.dashboards.conftest import signed_in
from tests.db.roi.conftest import book, driver, house
from tests.factories import (
    BaselineFactory,
    BenchmarkFactory,
    ComparisonFactory,
    CostEntryFactory,
    DataSourceFactory,
    InitiativeFactory,
    KpiFactory,
    PoolFactory,
)

__all__ = ["book", "driver", "house"]

AT_MOST = 30  # what initiatives, money, traces, pools, rates, benchmarks and the state of sources each ask, once


def queries_of(client: Client) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/").status_code == 200
    return len(queries)


def test_the_page_asks_as_often_for_nine_initiatives_as_for_three(driver, book):
    BenchmarkFactory()

    def grow(by: int) -> None:
        for initiative in InitiativeFactory.create_batch(by):
            saved = driver(initiative, pool=PoolFactory(slug="team north"))
            for day in ("2026-03-02", "2026-05-04"):
                book(saved, day, 100)
            CostEntryFactory(initiative=initiative)
            DataSourceFactory(initiative=initiative)
            ComparisonFactory(kpi=saved.kpi)
            BaselineFactory(kpi=KpiFactory(initiative=initiative))

    grow(3)
    reader = signed_in(role="administrator")
    few = queries_of(reader)
    grow(6)

    assert queries_of(reader) == few <= AT_MOST
