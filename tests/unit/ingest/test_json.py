from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.ingest.columns import UNREADABLE_TIME, Columns
from kpis.ingest.decoding import plain_json
from kpis.ingest.decoding.json import columns_from, strictly
from kpis.ingest.refusals import BodyTooLarge, UnreadableBody

MARCH = "2026-03-01T09:30:00+01:00"
MARCH_US = 1_772_353_800_000_000  # 2026-03-01 08:30 UTC, by `date -u -d … +%s`


def row(**changes: object) -> dict[str, object]:
    point = {"kpi": "support.time", "at": MARCH, "value": 312.4} | changes
    return {name: value for name, value in point.items() if value is not ...}


def body(*rows: object) -> bytes:
    return json.dumps({"measurements": rows}).encode()


def as_lists(columns: Columns) -> list[tuple[object, ...]]:
    """Each point in full, so that two ways of numbering keys and label sets can be compared."""
    sets = [dict(labels) for labels in columns.label_sets]
    ids = [""] * len(columns) if columns.event_id is None else columns.event_id.tolist()
    unreadable = [False] * len(columns) if columns.unreadable is None else columns.unreadable.tolist()
    return [
        (
            columns.kpi_keys[kpi] if kpi >= 0 else None,
            sets[labels] if labels >= 0 else None,
            at,
            value.hex(),
            weight.hex(),
            event_id,
            bad,
        )
        for kpi, labels, at, value, weight, event_id, bad in zip(
            columns.kpi.tolist(),
            columns.labels.tolist(),
            columns.at_us.tolist(),
            columns.value.tolist(),
            columns.weight.tolist(),
            ids,
            unreadable,
            strict=True,
        )
    ]


def test_a_row_becomes_one_entry_of_each_array():
    columns = columns_from(body(row(weight=2, id="ticket-1", labels={"variant": "a"}), row(value=7)))
    assert as_lists(columns) == [
        ("support.time", {"variant": "a"}, MARCH_US, (312.4).hex(), (2.0).hex(), "ticket-1", False),
        ("support.time", {}, MARCH_US, (7.0).hex(), (1.0).hex(), "", False),
    ]


@pytest.mark.parametrize(
    ("at", "instant"),
    [
        ("2026-03-01T08:30:00Z", MARCH_US),
        ("2026-03-01T14:00:00+05:30", MARCH_US),
        (MARCH_US // 1000, MARCH_US),
        ("2026-03-01T08:30:00.000001Z", MARCH_US + 1),
        ("2026-03-01T08:30:00.1234567Z", MARCH_US + 123_457),  # the store resolves microseconds
        ("1990-01-01T00:00:00Z", 631_152_000_000_000),
        ("2026-03-01T08:30:00", UNREADABLE_TIME),  # without an offset nobody knows the instant
        ("2026-03-01", UNREADABLE_TIME),
        ("2026-02-30T08:30:00Z", UNREADABLE_TIME),
        ("2026-03-01T08:30:60Z", UNREADABLE_TIME),
        ("1772353800000", UNREADABLE_TIME),  # a number as text
        (1772353800000.5, UNREADABLE_TIME),
        (1772353800000.0, UNREADABLE_TIME),
        (True, UNREADABLE_TIME),
        (None, UNREADABLE_TIME),
        (2**63 - 1, UNREADABLE_TIME),
        (-(2**63), UNREADABLE_TIME),
        (10**300, UNREADABLE_TIME),
    ],
)
def test_an_instant_is_rfc_3339_with_an_offset_or_whole_epoch_milliseconds(at, instant):
    columns = columns_from(body(row(at=at), row(at=0)))
    assert columns.at_us.tolist() == [instant, 0]


@pytest.mark.parametrize(
    "value",
    ["true", "null", '"1"', "1e999", "-1e999", "1" + "0" * 400, "1" + "0" * 5000, "[1]", "{}"],
)
def test_what_is_no_finite_number_costs_only_its_own_point(value):
    good, bad = json.dumps(row()), json.dumps(row(value=0)).replace('"value": 0', f'"value": {value}')
    columns = columns_from(f'{{"measurements": [{good}, {bad}, {good}]}}'.encode())
    assert np.isfinite(columns.value).tolist() == [True, False, True]


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "0x10", "'1'", "undefined"])
def test_a_token_that_json_does_not_know_makes_the_body_unreadable(token):
    text = body(row(value=0)).replace(b'"value": 0', f'"value": {token}'.encode())
    with pytest.raises(UnreadableBody) as refusal:
        columns_from(text)
    assert refusal.value.code == "invalid_json"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"measurements":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"measurements":[' + b'{"labels":' * 5_000 + b"1" + b"}" * 5_000 + b"]}",
        b'{"measurements":[{"kpi":"\xff"}]}',
        body(row()) + b"{}",
        body(row())[:-1],
        b'{"measurements":[{"kpi":"a\nb"}]}',
    ],
    ids=["empty", "cut", "deep", "deep rows", "deep labels", "not UTF-8", "two", "truncated", "bare newline"],
)
def test_a_body_that_is_no_json_is_refused_as_a_whole(text):
    with pytest.raises(UnreadableBody) as refusal:
        columns_from(text)
    assert refusal.value.code == "invalid_json"


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b"1",
        b"null",
        b"{}",
        b'{"points":[]}',
        b'{"measurements":{}}',
        b'{"measurements":null}',
        b'{"measurements":[],"series":[]}',
        b'{"measurements":[],"kpi":"a.b","at":[],"value":[]}',
        b'{"series":[5]}',
        b'{"kpi":"a.b","at":[1]}',
        b'{"kpi":"a.b","at":1,"value":1}',
        b'{"kpi":"a.b","at":[1],"value":[1],"weight":null}',
    ],
)
def test_a_body_of_another_shape_is_refused_as_a_whole(text):
    with pytest.raises(UnreadableBody) as refusal:
        columns_from(text)
    assert refusal.value.code == "invalid_body"


@pytest.mark.parametrize(
    "changes", [{"at": [1]}, {"value": [1, 2, 3]}, {"weight": [1]}, {"id": ["a"]}, {"value": [1, True, 3]}]
)
def test_arrays_of_unequal_length_are_refused_because_nobody_knows_which_points_are_meant(changes):
    series = {"kpi": "a.b", "at": [1, 2], "value": [1, 2]} | changes
    with pytest.raises(UnreadableBody) as refusal:
        columns_from(json.dumps({"series": [series]}).encode())
    assert refusal.value.code == "unequal_lengths"


def test_a_byte_order_mark_does_no_harm():
    assert as_lists(columns_from(b"\xef\xbb\xbf" + body(row()))) == as_lists(columns_from(body(row())))


def test_a_columnar_body_says_the_same_as_its_rows():
    rows = [
        row(at=at, value=value, id=event_id, labels={"a": "b"}) for at, value, event_id in [(1, 2, "x"), (3, 4, "")]
    ]
    series = {"kpi": "support.time", "labels": {"a": "b"}, "at": [1, 3], "value": [2, 4], "id": ["x", None]}
    assert as_lists(columns_from(json.dumps(series).encode())) == as_lists(columns_from(body(*rows)))


def test_points_of_several_series_are_counted_through():
    series = [{"kpi": f"a.{n}", "at": [n], "value": [n]} for n in range(3)] + [
        {"kpi": 7, "at": [1, 2], "value": [1, 2]}
    ]
    columns = columns_from(json.dumps({"series": series}).encode())
    assert [point[0] for point in as_lists(columns)] == ["a.0", "a.1", "a.2", None, None]
    assert json.loads(columns.point_as_sent(1))["kpi"] == "a.1"


def test_the_point_that_was_sent_can_be_shown():
    columns = columns_from(body(row(), row(value="x", id="\ud800")))
    assert json.loads(columns.point_as_sent(1)) == row(value="x", id="\ud800")


def test_more_points_than_the_limit_are_refused_with_the_limits_name(settings):
    settings.INGEST_MAX_POINTS = 2
    with pytest.raises(BodyTooLarge, match="INGEST_MAX_POINTS"):
        columns_from(body(row(), row(), row()))


def test_a_small_body_cannot_become_millions_of_objects(settings):
    settings.INGEST_MAX_POINTS = 1000
    with pytest.raises(BodyTooLarge, match="INGEST_MAX_POINTS"):
        columns_from(b'{"measurements":[' + b"{}," * 50_000 + b"{}]}")


# -- the two readings agree ----------------------------------------------------------------------------------------

numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(),
    st.integers(min_value=-(10**310), max_value=10**310),
)
times = st.one_of(
    st.integers(),
    st.datetimes(
        min_value=datetime(1900, 1, 1),  # noqa: DTZ001
        max_value=datetime(2106, 1, 1),  # noqa: DTZ001 - beyond, a double holds no microseconds; no point lies there
        timezones=st.integers(-1439, 1439).map(lambda m: __import__("datetime").timezone(timedelta(minutes=m))),
    ).map(datetime.isoformat),
)
label_sets = st.one_of(st.none(), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
good_rows = st.fixed_dictionaries(
    {"kpi": st.sampled_from(["a.b", "a.c", "ü"]), "at": times, "value": numbers},
    optional={"weight": numbers, "id": st.one_of(st.none(), st.text(max_size=5)), "labels": label_sets},
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=5), times),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=5,
)
any_rows = st.one_of(
    good_rows,
    anything,
    st.dictionaries(st.sampled_from(["kpi", "at", "value", "weight", "id", "labels", "x"]), anything),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(good_rows, max_size=8))
def test_the_strict_and_the_plain_reading_give_the_same_numbers(rows):
    text = json.dumps({"measurements": rows}).encode()
    columns = strictly(text)
    if columns is not None:  # None: a whole number beyond every double
        assert as_lists(columns) == as_lists(plain_json.columns_from(text))


@settings(max_examples=400, deadline=None)
@given(st.lists(any_rows, max_size=6))
def test_whatever_the_rows_hold_a_body_is_read_and_the_strict_reading_never_contradicts_the_plain_one(rows):
    text = json.dumps({"measurements": rows}).encode()
    columns = strictly(text)
    plain = plain_json.columns_from(text)
    assert len(plain) == len(rows)
    if columns is not None:
        assert as_lists(columns) == as_lists(plain)


@settings(max_examples=200, deadline=None)
@given(st.lists(good_rows, max_size=8))
def test_every_instant_is_exact_to_the_microsecond(rows):
    columns = plain_json.columns_from(json.dumps({"measurements": rows}).encode())
    for point, at_us in zip(rows, columns.at_us.tolist(), strict=True):
        if isinstance(point["at"], str):
            epoch = datetime(1970, 1, 1, tzinfo=UTC)
            assert at_us == (datetime.fromisoformat(point["at"]) - epoch) // timedelta(microseconds=1)
