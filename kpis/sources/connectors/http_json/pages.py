"""From the first page to the last: addresses, windows, cursors.

The feed's path is added to the source's address and may hold `{from}` and `{until}`, the window as RFC 3339 in UTC.
`next` is a jmespath on the whole answer: the address of the next page, or what stands for `{cursor}` in the path. It
never leads to another host, because the credentials travel with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urljoin, urlsplit

import httpx

from kpis.sources.connectors.http_json.rows import Reading
from kpis.sources.fetching import FetchFailed, Order, Portion, answer_of, json_of, plain, refuse_bad_status

MOST_PAGES = 1_000
DEFAULT_PORT = {"http": 80, "https": 443}


class HttpJson:
    """One run's conversation with one business system."""

    default_overlap = timedelta(days=1)

    def __init__(self, address: str, client: httpx.Client) -> None:
        self.address = address
        self.client = client

    @staticmethod
    def check(order: Order) -> None:
        Reading(order)

    def portions(self, order: Order) -> Iterator[Portion]:
        """Yield page after page; the feed counts as pulled up to the window's end with the last one."""
        reading = Reading(order)
        url: str | None = self._first_page(order)
        seen: set[str] = set()
        while url:
            if url in seen or len(seen) >= MOST_PAGES:
                raise FetchFailed("too_many_pages", f"The source leads on without end: {len(seen)} pages were read.")
            seen.add(url)
            response = answer_of(self.client, "GET", url, headers={"Accept": "application/json"})
            refuse_bad_status(
                response, plain(response.text) if "json" in response.headers.get("content-type", "") else ""
            )
            page = json_of(response, object)
            url = self._next_page(order, reading, page, url)
            yield Portion(reading.points(page), until=None if url else order.until)

    def _first_page(self, order: Order) -> str:
        return self._joined(_filled(order.query, order, cursor=""))

    def _next_page(self, order: Order, reading: Reading, page: object, url: str) -> str | None:
        following = reading.next_page(page)
        if following is None:
            return None
        if "{cursor}" in order.query:
            return self._joined(_filled(order.query, order, cursor=following))
        return self._on_our_host(url, following)

    def _on_our_host(self, url: str, following: str) -> str:
        try:
            joined = urljoin(url, following)
            ours = _origin(joined) == _origin(self.address)
        except ValueError as error:
            raise FetchFailed("other_host", "The next page has no address that can be read.") from error
        if not ours:
            raise FetchFailed("other_host", "The next page is on another host; our credentials are not carried there.")
        return joined

    def _joined(self, path: str) -> str:
        """The address with the feed's path added; an address may end in a path of its own."""
        if not path or path.startswith("?"):
            return self.address + path
        return self.address.rstrip("/") + "/" + path.lstrip("/")


def _filled(path: str, order: Order, *, cursor: str) -> str:
    """`path` with the window and the cursor in their places, escaped for an address."""
    filled = path.replace("{from}", quote(_rfc3339(order.start), safe="")).replace(
        "{until}", quote(_rfc3339(order.until), safe="")
    )
    return filled.replace("{cursor}", quote(cursor, safe=""))


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or DEFAULT_PORT.get(parts.scheme)
