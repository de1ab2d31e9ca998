"""NDJSON and CSV: what is much without being points is refused before it fills the memory."""

from __future__ import annotations

import tracemalloc
from time import process_time

import pytest
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.ingest.decoding import csv, lines, ndjson
from kpis.ingest.refusals import BodyTooLarge
from tests.bad_points import as_csv, as_ndjson, point

DECODERS = {"ndjson": ndjson, "csv": csv}


@pytest.mark.parametrize("form", DECODERS)
@pytest.mark.parametrize("waste", [b"\n", b"\r\n", b"1," * 4_999 + b"\n"], ids=["blank", "blank CRLF", "wide"])
def test_what_is_no_point_cannot_fill_the_memory_either(form, waste, settings):
    settings.INGEST_MAX_POINTS = 10_000
    body = b"kpi,at,value\n" * (form == "csv") + waste * (8 * 1024 * 1024 // len(waste))
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge, match="INGEST_MAX_POINTS") as refusal:
            DECODERS[form].columns_from(body)
        assert refusal.value.code == "too_many_values"
        assert tracemalloc.get_traced_memory()[1] < 4 * len(body)
    finally:
        tracemalloc.stop()


def test_as_many_points_as_the_limit_are_read_though_each_has_every_column_and_blank_lines_lie_between(settings):
    settings.INGEST_MAX_POINTS = 50
    full = [point(id=f"e{n}", weight=2, labels={f"l{k}": "x" for k in range(16)}) for n in range(50)]
    table = as_csv(full).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert len(csv.columns_from(table)) == len(ndjson.columns_from(as_ndjson(full))) == 50
    assert len(ndjson.columns_from(as_ndjson(full).replace(b"\n", b"\n\n"))) == 50


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=12), st.integers(1, 10), st.booleans())
def test_the_first_line_beyond_the_limit_is_named(lengths, most, ends):
    body = b"\n".join(b"x" * length for length in lengths) + b"\n" * ends
    long = [number for number, length in enumerate(lengths, 1) if length > most]
    with override_settings(INGEST_MAX_LINE_BYTES=most):
        if not long:
            lines.refuse_long(body)
            return
        with pytest.raises(BodyTooLarge, match=rf"^Line {long[0]} "):
            lines.refuse_long(body)


def test_a_head_of_thousands_of_columns_takes_no_time(settings):
    settings.INGEST_MAX_LINE_BYTES = 1024 * 1024
    head = b"kpi,at,value," + b",".join(b"label.%d" % n for n in range(80_000))
    began = process_time()
    assert len(csv.columns_from(head + b"\n")) == 0
    assert process_time() - began < 2
