from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx

from kpis.plumbing import outbound
from kpis.sources import pulling, schedule
from kpis.sources.models import Pull
from tests.factories import DataSourceFactory, FeedFactory, KpiFactory

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
DESK = "https://desk.example"


@pytest.fixture
def desk(monkeypatch):
    """A ticket system that answers as a test says: `desk.rows = […]`, or `desk.pages = [response, …]`."""
    # The checked transport resolves names; recorded answers need none. It has tests of its own.
    monkeypatch.setattr(outbound, "client", lambda **options: httpx.Client(headers=options["headers"]))

    class Desk:
        rows: list[dict[str, object]] = []
        pages: list[httpx.Response | Exception] = []
        requests: list[httpx.Request] = []

        def answer(self, request):
            self.requests.append(request)
            if not self.pages:
                return httpx.Response(200, content=json.dumps({"tickets": self.rows}).encode())
            page = self.pages.pop(0)
            if isinstance(page, Exception):
                raise page
            return page

    desk = Desk()
    desk.rows, desk.pages, desk.requests = [], [], []
    with respx.mock(assert_all_called=False) as mocked:
        mocked.route(host="desk.example").mock(side_effect=desk.answer)
        yield desk


@pytest.fixture
def source():
    """A ticket system, pulled every five minutes with an hour's overlap, with one KPI."""
    source = DataSourceFactory(
        slug="desk", kind="http_json", address=DESK, every=timedelta(minutes=5), overlap=timedelta(hours=1)
    )
    kpi = KpiFactory(slug="handling-time", initiative__slug="support")
    fields = {"at": "closed", "value": "minutes", "id": "number"}
    FeedFactory(source=source, kpi=kpi, query="tickets?from={from}", points="tickets", fields=fields)
    return source


@pytest.fixture
def pulled(at):
    """Claim and carry out a run of a source at an instant; the run as it ended."""

    def pull(source, when=NINE) -> Pull:
        with at(when):
            run = schedule.claim_due(source.pk, at=when)
            assert run is not None, "the source is not due"
            pulling.pull(run)
        run.refresh_from_db()
        return run

    return pull


def ticket(number, minutes=10.0, closed="2026-03-02T08:30:00Z"):
    return {"number": number, "minutes": minutes, "closed": closed}
