from __future__ import annotations

import httpx
import pytest
import respx

from kpis.plumbing.outbound import OutboundFailed, OutboundRefused
from kpis.sources.fetching import FetchFailed, SourceOutOfReach, answer_of, json_of, plain, refuse_bad_status

ADDRESS = "https://desk.example/tickets"


def raised(status: int) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        refuse_bad_status(httpx.Response(status), "Said by the source.")
    return caught.value


def test_a_word_of_a_source_becomes_one_short_line_without_control_characters():
    assert plain("no\x00 such\r\nmetric\u2028 <b>") == "no such metric <b>"
    assert len(plain("x" * 5000)) == 300


@pytest.mark.parametrize("status", [401, 403, 429, 502, 503, 504])
def test_a_source_that_lets_nobody_in_or_is_not_ready_is_not_asked_for_its_other_feeds(status):
    assert isinstance(raised(status), SourceOutOfReach)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *[(401, "not_let_in"), (403, "not_let_in"), (404, "not_found"), (301, "redirected"), (429, "source_busy")],
        *[(500, "source_answered_error"), (418, "source_answered_error")],
    ],
)
def test_each_kind_of_refusal_has_its_own_code(status, code):
    assert raised(status).code == code


@pytest.mark.parametrize("status", [200, 204])
def test_an_answer_of_the_two_hundreds_is_no_failure(status):
    refuse_bad_status(httpx.Response(status))


@respx.mock
@pytest.mark.parametrize(
    ("error", "code", "whole_source"),
    [
        (OutboundRefused("Not public."), "outbound_refused", True),
        (OutboundFailed("outbound_unreachable", "Nobody there."), "outbound_unreachable", True),
        (OutboundFailed("outbound_too_large", "Too large."), "outbound_too_large", False),
        (OutboundFailed("outbound_timeout", "Too slow."), "outbound_timeout", False),
        (httpx.ReadTimeout("slow"), "outbound_timeout", False),
        (httpx.ConnectError("10.0.0.7 refused"), "outbound_unreachable", True),
    ],
)
def test_a_source_that_cannot_be_reached_is_told_apart_from_one_bad_answer(error, code, whole_source):
    respx.get(ADDRESS).mock(side_effect=error)
    with httpx.Client() as client, pytest.raises(FetchFailed) as caught:
        answer_of(client, "GET", ADDRESS)
    assert caught.value.code == code
    assert isinstance(caught.value, SourceOutOfReach) == whole_source
    assert "10.0.0.7" not in caught.value.detail


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 100_000, b'{"a": NaN}', b"\xff\xfe", b'"\\ud800'])
def test_what_is_no_json_is_refused_with_one_code(body):
    with pytest.raises(FetchFailed) as caught:
        json_of(httpx.Response(200, content=body), object)
    assert caught.value.code == "answer_unreadable"
