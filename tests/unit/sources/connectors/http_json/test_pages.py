from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx

from kpis.sources.connectors.http_json.pages import HttpJson
from kpis.sources.fetching import FetchFailed, Order

ADDRESS = "https://desk.example/api"
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
TICKET = {"number": 4711, "closed": "2026-03-02T10:30:00+01:00", "minutes": 12.5, "team": {"name": "north"}}
FIELDS = {"at": "closed", "value": "minutes"}


def order(fields=FIELDS, *, points="tickets", query="tickets", zone="Europe/Berlin"):
    until = NINE + timedelta(hours=1)
    return Order("a.b", query, NINE, until, timedelta(hours=1), zone, points=points, fields=fields)


def pulled(asked, *pages):
    """The portions of one order against a server that answers with `pages` in turn."""
    with respx.mock, httpx.Client(headers={"Authorization": "Bearer s3cret"}) as client:
        answers = [
            httpx.Response(200, content=p) if isinstance(p, bytes) else httpx.Response(200, json=p) for p in pages
        ]
        route = respx.get(url__regex=r".*").mock(side_effect=answers)
        portions = list(HttpJson(ADDRESS, client).portions(asked))
        return portions, [str(call.request.url) for call in route.calls]


def points_of(row, fields=FIELDS, **more):
    (portion,), _ = pulled(order(fields, **more), {"tickets": [row]})
    return portion.points


def refusal(asked, *pages):
    with pytest.raises(FetchFailed) as caught:
        pulled(asked, *pages)
    return caught.value


def test_the_window_stands_in_the_path_as_utc():
    _, (url,) = pulled(order(query="tickets?closed_after={from}&closed_before={until}"), {"tickets": []})
    assert url == (ADDRESS + "/tickets?closed_after=2026-03-02T09%3A00%3A00Z&closed_before=2026-03-02T10%3A00%3A00Z")


def test_pages_are_followed_to_the_last_and_only_then_the_feed_counts_as_pulled():
    asked = order(FIELDS | {"next": "next"})
    portions, urls = pulled(
        asked,
        {"tickets": [TICKET], "next": f"{ADDRESS}/tickets?page=2"},
        {"tickets": [TICKET], "next": "/api/tickets?page=3"},
        {"tickets": [TICKET], "next": None},
    )
    assert urls == [f"{ADDRESS}/tickets", f"{ADDRESS}/tickets?page=2", f"{ADDRESS}/tickets?page=3"]
    assert [portion.until for portion in portions] == [None, None, asked.until]


def test_a_cursor_is_put_into_the_path_and_escaped():
    asked = order(FIELDS | {"next": "meta.after"}, query="tickets?after={cursor}")
    _, urls = pulled(asked, {"tickets": [], "meta": {"after": "a/b&c"}}, {"tickets": [], "meta": {"after": ""}})
    assert urls == [f"{ADDRESS}/tickets?after=", f"{ADDRESS}/tickets?after=a%2Fb%26c"]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/tickets",
        "http://desk.example/api",
        "https://desk.example:8443/api",
        "//evil.example/x",
        "https://desk.example@evil.example/",
        "file:///etc/passwd",
        "https://[::1",
    ],
)
def test_the_next_page_never_takes_our_credentials_to_another_host(address):
    assert refusal(order(FIELDS | {"next": "next"}), {"tickets": [], "next": address}).code == "other_host"


def test_a_page_that_leads_back_to_itself_ends_the_pull():
    page = {"tickets": [], "next": f"{ADDRESS}/tickets"}
    assert refusal(order(FIELDS | {"next": "next"}), page, page).code == "too_many_pages"


def test_endless_pages_end_at_a_thousand():
    pages = [{"tickets": [], "next": f"/api/tickets?page={n}"} for n in range(2, 1100)]
    assert refusal(order(FIELDS | {"next": "next"}), *pages).code == "too_many_pages"


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 100_000, b'{"tickets": [NaN]}', b"\xff"])
def test_a_body_that_is_no_json_is_refused(body):
    assert refusal(order(), body).code == "answer_unreadable"
