"""What a connector is: an order goes in, portions of points come out.

A connector reads this module and nothing else of the house: it knows neither rows nor the clock, so it is tested
against recorded answers, and taking one away touches its own folder, the registry and the model's list of kinds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import httpx
import msgspec

from kpis.ingest.columns import Columns
from kpis.plumbing.outbound import OutboundError

Shape = TypeVar("Shape")

LONGEST_DETAIL = 300
NOBODY_THERE = {"outbound_refused", "outbound_unreachable"}
INVISIBLE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Order:
    """One feed and the half-open window `[start, until)` it is asked for; `until` is the instant of the run.

    `step` is the time between two samples of a query, a divisor of an hour. `zone` is the organisation's.
    """

    kpi: str
    query: str
    start: datetime
    until: datetime
    step: timedelta
    zone: str
    points: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    keep_labels: tuple[str, ...] = ()
    memory: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Portion:
    """What is stored in one transaction: points of the order's KPI, values as the source says them.

    until : the feed has been pulled up to here once this is stored; None: not yet. memory : to be told next time; None:
    as before. left_out : samples that are no number (NaN and infinite, as Prometheus marks what is gone).
    """

    points: Columns
    left_out: int = 0
    until: datetime | None = None
    memory: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()


class FetchFailed(Exception):
    """This feed got no answer that can be used: a stable `code` and a sentence for the page."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = plain(detail)


class SourceOutOfReach(FetchFailed):
    """The source itself does not answer, or lets nobody in: there is no use in asking it for the other feeds."""


class Connector(Protocol):
    """One run's conversation with one source."""

    default_overlap: timedelta

    def __init__(self, address: str, client: httpx.Client) -> None: ...

    @staticmethod
    def check(order: Order) -> None:
        """Refuse (FetchFailed) an order that can never work, before anything is asked."""

    def portions(self, order: Order) -> Iterator[Portion]:
        """Ask for `order` and yield what came. Refuses (FetchFailed) what cannot be used."""


def plain(text: str) -> str:
    """`text` of a source as one short line without control characters, fit for a page and a log."""
    line = INVISIBLE.sub(" ", text).strip()
    return line if len(line) <= LONGEST_DETAIL else line[: LONGEST_DETAIL - 1] + "…"


def answer_of(client: httpx.Client, method: str, url: str, **options: Any) -> httpx.Response:
    """The answer to one request, whatever its status.

    Refuses (SourceOutOfReach) where nobody answers; an answer that is too slow, too large or damaged (FetchFailed)
    may well be this feed's own.
    """
    try:
        return client.request(method, url, **options)
    except OutboundError as error:
        refusal = SourceOutOfReach if error.code in NOBODY_THERE else FetchFailed
        raise refusal(error.code, str(error)) from error
    except httpx.TimeoutException as error:
        raise FetchFailed("outbound_timeout", "The source did not answer in time.") from error
    except httpx.TransportError as error:
        raise SourceOutOfReach("outbound_unreachable", "The source cannot be reached.") from error
    except (httpx.InvalidURL, UnicodeError) as error:
        raise FetchFailed("address_wrong", "The address of the request is none.") from error


def refuse_bad_status(response: httpx.Response, said: str = "") -> None:
    """Refuse an answer that is not 2xx; `said` is the source's own explanation."""
    status = response.status_code
    if 200 <= status < 300:
        return
    if status in (401, 403):
        raise SourceOutOfReach("not_let_in", f"The source refused our credentials (status {status}). {said}")
    if status in (429, 502, 503, 504):
        raise SourceOutOfReach("source_busy", f"The source is not ready to answer (status {status}). {said}")
    if 300 <= status < 400:
        raise FetchFailed("redirected", f"The source points elsewhere (status {status}); redirects are not followed.")
    if status == 404:
        raise FetchFailed("not_found", f"The source has nothing at this path (status 404). {said}")
    raise FetchFailed("source_answered_error", f"The source answered with status {status}. {said}")


def json_of(response: httpx.Response, shape: type[Shape]) -> Shape:
    """The answer's JSON as `shape`. Refuses what is no JSON, another shape, or nested without end."""
    try:
        return msgspec.json.decode(response.content, type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise FetchFailed("answer_unreadable", f"The answer is not the JSON that was expected: {error}") from error
