"""NDJSON and CSV: what a line may be, and that all forms of the same points say the same."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.ingest.columns import UNREADABLE_TIME, Columns
from kpis.ingest.decoding import csv, ndjson, plain_json
from kpis.ingest.decoding import json as rows_of_json
from kpis.ingest.refusals import BatchRefused, BodyTooLarge, UnreadableBody
from tests.bad_points import as_columnar, as_csv, as_ndjson, as_rows, point
from tests.unit.ingest.test_json import any_rows, as_lists

GOOD = json.dumps(point()).encode()
MARCH_US = 1_772_357_400_000_000  # 2026-03-01 09:30 UTC, by `date -u -d … +%s`
ROW = b"support.time,2026-03-01T09:30:00Z,1"


def unreadable(columns: Columns) -> list[int]:
    return [] if columns.unreadable is None else columns.unreadable.nonzero()[0].tolist()


def values(text: bytes) -> list[float]:
    return csv.columns_from(text).value.tolist()


# -- NDJSON --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        GOOD + b"\n" + GOOD + b"\n",
        GOOD + b"\n" + GOOD,
        GOOD + b"\r\n" + GOOD + b"\r\n",
        b"\n\n" + GOOD + b"\n \t\r\n\n" + GOOD + b"\n\n",
        b"\xef\xbb\xbf" + GOOD + b"\n" + GOOD,
        b"  " + GOOD + b"  \n\t" + GOOD,
    ],
    ids=["plain", "no final newline", "CRLF", "blank lines", "byte order mark", "spaces"],
)
def test_a_line_of_ndjson_is_a_point(text):
    assert as_lists(ndjson.columns_from(text)) == as_lists(rows_of_json.columns_from(as_rows([point(), point()])))


@pytest.mark.parametrize("text", [b"", b"\n\n", b"\xef\xbb\xbf", b"\r\n"])
def test_no_line_of_ndjson_is_no_point(text):
    assert len(ndjson.columns_from(text)) == 0


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"5",
        b"null",
        b'"support.time"',
        b"[" + GOOD + b"]",
        GOOD + b" " + GOOD,
        GOOD + b",",
        GOOD.replace(b"1}", b"NaN}"),
        GOOD.replace(b"1}", b"01}"),
        GOOD.replace(b"time", b"\xff"),
        GOOD.replace(b"time", b"\xed\xa0\x80"),
        GOOD.replace(b"time", b"\x00"),
        b"[" * 5_000 + b"]" * 5_000,
        b'{"labels":' * 5_000 + b"1" + b"}" * 5_000,
        b"kpi,at,value",
    ],
)
def test_a_line_that_cannot_be_read_costs_its_own_point_and_blank_lines_do_not_count(line):
    columns = ndjson.columns_from(b"\n" + GOOD + b"\n\n" + line + b"\n" + GOOD)
    assert (len(columns), unreadable(columns)) == (3, [1])
    assert columns.point_as_sent(1)


def test_a_point_that_stands_on_two_lines_is_two_lines_that_cannot_be_read():
    columns = ndjson.columns_from(GOOD.replace(b", ", b",\n", 1) + b"\n" + GOOD)
    assert unreadable(columns) == [0, 1]


# -- CSV -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        b"kpi,at,value\n" + ROW + b"\n" + ROW + b"\n",
        b"kpi,at,value\n" + ROW + b"\n" + ROW,
        b"kpi,at,value\r\n" + ROW + b"\r\n" + ROW + b"\r\n",
        b"kpi,at,value\r" + ROW + b"\r" + ROW,
        b"\n \nkpi,at,value\n\n" + ROW + b"\n\n  \r\n" + ROW + b"\n\n",
        b"\xef\xbb\xbfkpi,at,value\n" + ROW + b"\n" + ROW,
        b'"kpi","at","value"\n"support.time","2026-03-01T09:30:00Z","1"\n' + ROW,
        b"value,weight,id,kpi,at,label.a\n1,,,support.time,2026-03-01T10:30:00+01:00,\n1.0,1,,support.time,1772357400000,",
    ],
    ids=["plain", "no final newline", "CRLF", "CR", "blank lines", "byte order mark", "quotes", "another order"],
)
def test_a_row_of_csv_is_a_point(text):
    assert as_lists(csv.columns_from(text)) == as_lists(rows_of_json.columns_from(as_rows([point(), point()])))


@pytest.mark.parametrize("text", [b"kpi,at,value", b"kpi,at,value\n", b"\xef\xbb\xbfkpi,at,value\r\n\r\n"])
def test_a_head_alone_is_no_point(text):
    assert len(csv.columns_from(text)) == 0


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"", "missing_column"),
        (b"\n\n", "missing_column"),
        (b"kpi,at", "missing_column"),
        (b"support.time,2026-03-01T09:30:00Z,1", "unknown_column"),
        (b"kpi;at;value", "unknown_column"),
        (b"kpi, at, value", "unknown_column"),
        (b"KPI,at,value", "unknown_column"),
        (b"kpi,at,value,label.", "unknown_column"),
        (b"kpi,at,value,variant", "unknown_column"),
        (b"kpi,at,value,", "unknown_column"),
        (b"\xff\xfek\x00p\x00i\x00", "unknown_column"),
        (b"kpi,at,value,at", "doubled_column"),
        (b"kpi,at,value,label.a,label.a", "doubled_column"),
        (b'"kpi"x,at,value', "invalid_csv"),
        (b'"kpi,at,value', "invalid_csv"),
        (b'kpi,at,value\n"support.time,1,1\nsupport.time,1,1', "invalid_csv"),
    ],
)
def test_a_head_that_does_not_say_what_the_columns_are_refuses_the_whole(head, code):
    with pytest.raises(UnreadableBody) as refusal:
        csv.columns_from(head)
    assert refusal.value.code == code
    assert refusal.value.detail.endswith(".")


@pytest.mark.parametrize("row", [b"support.time,1", ROW + b",1", b'"a"b,1,1', b"x", b'"support.time" ,1,1'])
def test_a_row_that_cannot_be_read_costs_its_own_point_and_blank_lines_do_not_count(row):
    columns = csv.columns_from(b"kpi,at,value\n\n" + ROW + b"\n\n" + row + b"\n" + ROW)
    assert (len(columns), unreadable(columns), columns.at_us.tolist()[2]) == (3, [1], MARCH_US)
    assert columns.point_as_sent(1)


def test_cells_may_hold_commas_quotes_and_lines_as_rfc_4180_writes_them():
    columns = csv.columns_from(b'kpi,at,value,id,label.a\nsupport.time,0,1,"a ""b"", c","d\ne"\n')
    assert columns.event_id.tolist() == ['a "b", c']
    assert columns.label_sets == [{"a": "d\ne"}]


def test_an_empty_cell_says_what_leaving_the_member_out_says():
    columns = csv.columns_from(
        b"kpi,at,value,weight,id,label.a,label.b\nsupport.time,0,1,,,,x\nsupport.time,0,1,2,i,y,\n"
    )
    assert columns.weight.tolist() == [1.0, 2.0]
    assert columns.event_id.tolist() == ["", "i"]
    assert columns.label_sets == [{"b": "x"}, {"a": "y"}]


@pytest.mark.parametrize("cell", ["1,5", "nan", "1_0", "+1", ".5", "0x1", "1e999", "true", "1]", "[1", "1,2"])
def test_a_cell_that_is_no_number_costs_only_its_own_point(cell):
    found = values(f'kpi,at,value\na.b,0,1\na.b,0,"{cell}"\na.b,0,-2.5e3\n'.encode())
    assert [found[0], found[2]] == [1.0, -2500.0]
    assert not abs(found[1]) < float("inf")


def test_what_was_sent_is_shown_as_the_json_that_would_say_it():
    columns = csv.columns_from(b"kpi,at,value,weight,id,label.a\na.b,1772357400000,x,2,007,y\n")
    assert json.loads(columns.point_as_sent(0)) == {
        "kpi": "a.b",
        "at": 1772357400000,
        "value": "x",
        "weight": 2.0,
        "id": "007",
        "labels": {"a": "y"},
    }


# -- both ----------------------------------------------------------------------------------------------------------

DECODERS = {"json": rows_of_json, "ndjson": ndjson, "csv": csv}
WRITERS = {"json": as_rows, "ndjson": as_ndjson, "csv": as_csv}


@pytest.mark.parametrize("form", DECODERS)
def test_more_points_than_the_limit_are_refused_with_the_limits_name(form, settings):
    settings.INGEST_MAX_POINTS = 2
    assert len(DECODERS[form].columns_from(WRITERS[form]([point()] * 2))) == 2
    with pytest.raises(BodyTooLarge, match="INGEST_MAX_POINTS") as refusal:
        DECODERS[form].columns_from(WRITERS[form]([point()] * 3))
    assert refusal.value.code == "too_many_points"


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_a_line_beyond_the_limit_is_refused_with_the_limits_name(form, settings):
    settings.INGEST_MAX_LINE_BYTES = 2_000
    long = [point(), point(id="x" * 2_000), point()]
    with pytest.raises(BodyTooLarge, match=r"^Line [23] .* INGEST_MAX_LINE_BYTES") as refusal:
        DECODERS[form].columns_from(WRITERS[form](long))
    assert refusal.value.code == "line_too_long"


def test_a_cell_of_many_lines_is_no_way_around_the_limit(settings):
    settings.INGEST_MAX_LINE_BYTES = 2_000
    with pytest.raises(BodyTooLarge, match="INGEST_MAX_LINE_BYTES"):
        csv.columns_from(b'kpi,at,value\n"' + b"x\n" * 2_000 + b'",1,1\n')


@pytest.mark.parametrize("form", DECODERS)
def test_a_small_body_cannot_become_millions_of_objects(form, settings):
    settings.INGEST_MAX_POINTS = 1_000
    hostile = {"json": b'{"measurements":[' + b"{}," * 50_000 + b"{}]}", "ndjson": b"5\n" * 50_000}
    with pytest.raises(BodyTooLarge, match="INGEST_MAX_POINTS"):
        DECODERS[form].columns_from(hostile.get(form, b"kpi,at,value\n" + b"5\n" * 50_000))


DEEP = b'{"measurements":[{"labels":%s}]}' % (b"[" * 70 + b"]" * 70)


def test_the_depth_of_json_has_a_limit_with_a_name_and_brackets_in_texts_do_not_count(settings):
    with pytest.raises(UnreadableBody, match="INGEST_MAX_DEPTH"):
        plain_json.columns_from(DEEP)
    settings.INGEST_MAX_DEPTH = 100
    assert len(plain_json.columns_from(DEEP)) == 1
    settings.INGEST_MAX_DEPTH = 8
    assert len(plain_json.columns_from(as_rows([point(id='[["\\[[' * 30), point(value=None)]))) == 2


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(sorted(DECODERS)))
def test_any_bytes_are_read_or_refused(body, form):
    try:
        columns = DECODERS[form].columns_from(body)
    except BatchRefused as refused:
        assert refused.code
        return
    for index in range(len(columns)):
        assert isinstance(columns.point_as_sent(index), str)


csv_bytes = st.lists(
    st.sampled_from(
        [b'"', b",", b"\n", b"\r", b"a.b", b"1", b"-", b"e9", b"\x00", b"\xff", b" ", b"[", b"2026-03-01T00:00:00Z"]
    ),
    max_size=30,
).map(b"".join)


@settings(max_examples=400, deadline=None)
@given(csv_bytes)
def test_any_cells_below_a_head_are_read_or_refused(body):
    try:
        columns = csv.columns_from(b"kpi,at,value,id,label.a\n" + body)
    except BatchRefused as refused:
        assert refused.code in {"invalid_csv", "line_too_long"}
        return
    for index in range(len(columns)):
        json.loads(columns.point_as_sent(index))


# A cell that is empty is no label, and in CSV an instant of milliseconds needs its digits only.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\x00"), min_size=1, max_size=5)
numbers = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**15), 10**15))
instants = st.one_of(
    st.integers(0, 4 * 10**12),
    st.datetimes(
        min_value=datetime(1900, 1, 1),  # noqa: DTZ001
        max_value=datetime(2100, 1, 1),  # noqa: DTZ001
        timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    ).map(datetime.isoformat),
)
good_points = st.fixed_dictionaries(
    {"kpi": st.sampled_from(["a.b", "a.c", "ü"]), "at": instants, "value": numbers},
    optional={"weight": numbers, "id": texts, "labels": st.dictionaries(texts, texts, max_size=3)},
)


@settings(max_examples=400, deadline=None)
@given(st.lists(good_points, max_size=8))
def test_all_forms_of_the_same_points_say_the_same(points):
    expected = as_lists(rows_of_json.columns_from(as_rows(points)))
    assert as_lists(ndjson.columns_from(as_ndjson(points))) == expected
    assert as_lists(rows_of_json.columns_from(as_columnar(points))) == expected
    assert as_lists(csv.columns_from(as_csv(points))) == expected


@settings(max_examples=400, deadline=None)
@given(st.lists(any_rows, max_size=6))
def test_a_line_of_ndjson_says_what_the_same_row_of_json_says_whatever_it_holds(rows):
    body = as_ndjson(rows)
    expected = as_lists(plain_json.columns_from(as_rows(rows)))
    assert as_lists(ndjson.columns_from(body)) == expected
    strict = ndjson.strictly(body)
    assert strict is None or as_lists(strict) == expected


def test_the_portal_reads_its_own_list_of_rejected_points_again():
    body = as_csv([point(at="x"), point(value="y", labels={"a": "b"})])
    columns = csv.columns_from(body)
    again = b"\n".join(columns.point_as_sent(index).encode() for index in range(len(columns)))
    assert as_lists(ndjson.columns_from(again)) == as_lists(columns)
    assert columns.at_us.tolist() == [UNREADABLE_TIME, MARCH_US]
