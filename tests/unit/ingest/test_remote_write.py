from __future__ import annotations

import math
import struct
import time

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.ingest.decoding import remote_write
from kpis.ingest.decoding.remote_write import decoded, samples_from
from kpis.ingest.refusals import BatchRefused
from tests.oracles.remote_write import STALE, body, message

FORM = ("application/x-protobuf", "snappy")
UP = {"__name__": "up", "job": "node"}

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
label_sets = st.dictionaries(texts.filter(bool), texts, max_size=5).map(lambda d: d | {"__name__": "m"})
samples = st.lists(st.tuples(st.integers(-(2**62), 2**62), st.floats(allow_nan=False)), max_size=4)


@given(st.lists(st.tuples(label_sets, samples), max_size=5))
def test_what_the_protocol_buffers_library_writes_is_what_is_read(series):
    named = decoded(message(series).SerializeToString())
    expected = [(place, value) for place, (_, found) in enumerate(series) for _, value in found]
    assert list(zip(named.series.tolist(), named.value.tolist(), strict=True)) == expected
    for labels, (given_labels, _) in zip(named.labels, series, strict=True):
        assert dict(labels or ()) == {name: value for name, value in given_labels.items() if value}


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    for form in (data, bytes(cramjam.snappy.compress_raw(data))):
        try:
            samples_from(form, *FORM)
        except BatchRefused as refused:
            assert refused.code in {"invalid_snappy", "invalid_protobuf", "body_too_large"}


@given(st.lists(st.tuples(label_sets, samples), min_size=1, max_size=3), st.data())
def test_a_message_that_is_cut_off_is_never_taken_for_another_one(series, data):
    whole = message(series).SerializeToString()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        found = len(decoded(cut).labels)
    except BatchRefused as refused:
        assert refused.code == "invalid_protobuf"
    else:
        assert found < len(series)  # cut exactly between two series


def test_only_the_stale_marker_ends_a_series():
    named = samples_from(body([(UP, [(1, STALE), (2, math.nan), (3, 0.0)])]), *FORM)
    assert named.ended.tolist() == [True, False, False]
    assert named.at_us.tolist() == [1000, 2000, 3000]


def test_labels_that_no_series_can_have_are_marked_and_cost_no_other_series():
    request = message([(UP, [(1, 1.0)])])
    for pairs in [[("job", "x")], [("__name__", "m"), ("a", "1"), ("a", "2")], [("__name__", "m"), ("", "x")]]:
        one = request.timeseries.add()
        for name, value in pairs:
            one.labels.add(name=name, value=value)
        one.samples.add(timestamp=1, value=1)
    named = decoded(request.SerializeToString() + bytes([0x0A, 9, 0x0A, 3, 0x0A, 1, 0xFF, 0x12, 2, 0x10, 1]))
    assert [labels is None for labels in named.labels] == [False, True, True, True, True]
    assert named.labels[0] == (("__name__", "up"), ("job", "node"))


def test_exemplars_and_metadata_are_passed_over():
    request = message([(UP, [(1, 1.0)])])
    request.timeseries[0].exemplars.add(value=3)
    request.metadata.add(help="whether it is up")
    assert decoded(request.SerializeToString()).value.tolist() == [1.0]


@pytest.mark.parametrize(
    ("media_type", "encoding", "code"),
    [
        ("application/json", "snappy", "unsupported_media_type"),
        ("", "snappy", "unsupported_media_type"),
        ("application/x-protobuf;proto=io.prometheus.write.v2.Request", "snappy", "unsupported_version"),
        ('application/x-protobuf; proto="io.prometheus.write.v2.Request"', "snappy", "unsupported_version"),
        ("application/x-protobuf", "gzip", "unsupported_encoding"),
        ("application/x-protobuf", "", "unsupported_encoding"),
    ],
)
def test_other_forms_are_refused_by_name(media_type, encoding, code):
    with pytest.raises(BatchRefused) as refusal:
        samples_from(body([(UP, [(1, 1.0)])]), media_type, encoding)
    assert refusal.value.code == code


def test_the_first_version_may_name_its_message():
    assert len(samples_from(body([(UP, [(1, 1.0)])]), "application/x-protobuf;proto=prometheus.WriteRequest", "snappy"))


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


@pytest.mark.parametrize("claimed", [64 * 2**20 + 1, 2**32 - 1, 2**40])
def test_a_bomb_is_refused_by_what_it_claims_before_anything_is_unpacked(claimed, monkeypatch):
    monkeypatch.setattr(remote_write.cramjam.snappy, "decompress_raw", None)  # calling it would fail
    with pytest.raises(BatchRefused) as refusal:
        samples_from(varint(claimed) + b"\x00a", *FORM)
    assert refusal.value.code in {"body_too_large", "invalid_snappy"}


@pytest.mark.parametrize("piece", [b"\x0a\x00", b"\x0a\x02\x0a\x00", b"\x0a\x02\x12\x00", b"\x1a\x00", b"\x20\x01"])
def test_millions_of_empty_messages_are_refused_in_a_second(piece):
    started = time.process_time()
    with pytest.raises(BatchRefused) as refusal:
        decoded(piece * (60 * 2**20 // len(piece)))
    assert refusal.value.code in {"too_many_fields", "too_many_points"}
    assert time.process_time() - started < 10


def test_more_samples_than_the_limit_are_refused_by_its_name(settings):
    settings.INGEST_MAX_POINTS = 3
    with pytest.raises(BatchRefused, match="INGEST_MAX_POINTS"):
        samples_from(body([(UP, [(at, 1.0) for at in range(4)])]), *FORM)


def test_an_instant_beyond_all_calendars_is_marked_as_unreadable():
    named = samples_from(body([(UP, [(2**62, 1.0), (-(2**62), 1.0)])]), *FORM)
    assert set(named.at_us.tolist()) == {-(2**63)}


def test_a_wrong_type_of_a_known_field_is_refused():
    for data in (b"\x08\x01", b"\x0a\x02\x08\x01", b"\x0a\x04\x12\x02\x08\x01", b"\x0b", struct.pack("<B", 0x0F)):
        with pytest.raises(BatchRefused):
            decoded(data)
