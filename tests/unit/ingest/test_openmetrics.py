from __future__ import annotations

import contextlib
import gzip
import math
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.ingest.decoding.openmetrics import CLASSIC, OPENMETRICS, samples_from
from kpis.ingest.named import as_text
from kpis.ingest.refusals import BatchRefused

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOON_US = int(NOON.timestamp()) * 1_000_000
PAGE = b"""# HELP desk_tickets_total Tickets.
# TYPE desk_tickets_total counter
desk_tickets_total{team="a"} 4711 1772452800123
desk_tickets_total{team="b \\"x\\""} 12
# TYPE queue gauge
queue 7.5
# TYPE wait histogram
wait_bucket{le="0.5"} 1
wait_bucket{le="+Inf"} 3
wait_sum 4.5
wait_count 3
# TYPE old summary
old{quantile="0.99"} NaN
old_sum 1
old_count 2
mystery 1
"""
MODERN = b"""# TYPE desk_tickets counter
desk_tickets_total{team="a"} 4711 1772452800.123456789
desk_tickets_created{team="a"} 1772452000 1772452800.123456789
# TYPE queue gauge
queue 7.5
# EOF
"""


def read(body, media_type=CLASSIC, encoding=""):
    return samples_from(body, media_type, encoding, at=NOON)


def kinds(named):
    return {as_text(labels): kind for labels, kind in zip(named.labels, named.kinds, strict=True)}


def test_a_page_of_prometheus_is_read_with_the_kind_of_each_series():
    assert kinds(read(PAGE, "text/plain; version=0.0.4; charset=utf-8")) == {
        'desk_tickets_total{team="a"}': "counter",
        'desk_tickets_total{team="b \\"x\\""}': "counter",
        "queue": "gauge",
        'wait_bucket{le="0.5"}': "counter",
        'wait_bucket{le="+Inf"}': "counter",
        "wait_sum": "counter",
        "wait_count": "counter",
        'old{quantile="0.99"}': "gauge",
        "old_sum": "counter",
        "old_count": "counter",
        "mystery": "unknown",
    }


def test_a_sample_has_its_own_time_or_that_of_its_arrival():
    named = read(PAGE)
    assert named.at_us.tolist()[:3] == [1_772_452_800_123_000, NOON_US, NOON_US]
    assert math.isnan(named.value[7])
    assert not named.ended.any()


def test_openmetrics_is_read_and_says_nothing_of_when_a_counter_was_made():
    named = read(MODERN, "application/openmetrics-text; version=1.0.0")
    assert kinds(named) == {'desk_tickets_total{team="a"}': "counter", "queue": "gauge"}
    assert named.at_us.tolist() == [1_772_452_800_123_456, NOON_US]


def test_gzip_is_unpacked_and_an_empty_page_is_none_of_trouble():
    assert len(read(gzip.compress(PAGE), encoding="gzip")) == 11
    assert len(read(b"")) == 0
    assert len(read(b"# EOF\n", OPENMETRICS)) == 0


@pytest.mark.parametrize(
    ("body", "media_type", "code"),
    [
        (b"queue seven\n", CLASSIC, "invalid_page"),
        (b'queue{a="b" 7\n', CLASSIC, "invalid_page"),
        (b"queue\n", CLASSIC, "invalid_page"),
        (b"<html>not found</html>\n", CLASSIC, "invalid_page"),
        (PAGE, OPENMETRICS, "invalid_page"),
        (b"queue 7\n", OPENMETRICS, "invalid_page"),  # no end
        (b"\xff\xfe 7\n", CLASSIC, "invalid_text"),
        (b"queue 7\n", "application/json", "unsupported_media_type"),
        (b"queue 7\n", "", "unsupported_media_type"),
        (b"a" * 20_000 + b" 1\n", CLASSIC, "line_too_long"),
        (b"\n" * 4_000_000, CLASSIC, "too_many_points"),
    ],
)
def test_what_is_no_page_of_metrics_is_refused_by_name(body, media_type, code):
    with pytest.raises(BatchRefused) as refusal:
        read(body, media_type)
    assert refusal.value.code == code


@pytest.mark.parametrize("value", ["1e400", "-Inf", "NaN"])
def test_a_value_that_is_not_finite_stays_what_it_is(value):
    assert not math.isfinite(read(f"queue {value}\n".encode()).value[0])


@pytest.mark.parametrize("at", ["1e400", "NaN", "9" * 30, "-9e15"])
def test_an_instant_beyond_all_calendars_is_marked_or_refused(at):
    for page, media_type in [(f"queue 1 {at}\n", CLASSIC), (f"queue 1 {at}\n# EOF\n", OPENMETRICS)]:
        try:
            assert read(page.encode(), media_type).at_us.tolist() == [-(2**63)]
        except BatchRefused as refused:
            assert refused.code == "invalid_page"


@pytest.mark.parametrize(
    "line", [b'm{a="' + b"\\" * 16_000 + b'"} 1', b"m{" + b'a="b",' * 2_700 + b"} 1", b"m " * 8_000]
)
def test_a_long_line_costs_little(line):
    started = time.process_time()
    with contextlib.suppress(BatchRefused):
        read(line + b"\n")
    assert time.process_time() - started < 2


@given(st.binary(max_size=200) | st.text('abm_total{}=",\\ 019.eE+-#TYPEcounterEOF\n', max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused(data):
    for media_type in (CLASSIC, OPENMETRICS):
        try:
            read(data, media_type)
        except BatchRefused as refused:
            assert refused.code in {"invalid_page", "invalid_text"}


def test_more_points_than_the_limit_are_refused_by_its_name(settings):
    settings.INGEST_MAX_POINTS = 5
    with pytest.raises(BatchRefused, match="INGEST_MAX_POINTS"):
        read(PAGE)
