from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from kpis.ingest import rejections, samples, sendings
from kpis.ingest.accepting import accept_batch
from kpis.ingest.models import PayloadSample, Rejection
from kpis.ingest.replaying import Replayed, replay
from kpis.measurements.models import Batch, Measurement
from tests.bad_points import FORMS, point
from tests.factories import BatchFactory, InitiativeFactory, KpiFactory, RejectionFactory, TokenFactory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def initiative():
    return InitiativeFactory(slug="support")


@pytest.fixture
def token():
    return TokenFactory(scopes=["ingest"])


def send(points, *, actor, form: str = "rows"):
    media_type, rendered = FORMS[form]
    return accept_batch(rendered(points), media_type, actor=actor, at=NOW)


@pytest.mark.parametrize("form", FORMS)
def test_a_rejected_point_is_stored_as_it_was_sent_once_its_kpi_is_there(initiative, token, form):
    sent = [point(id=f"e{n}", value=n + 0.25, weight=2, labels={"a": "ü"}) for n in range(3)]
    assert len(send(sent, actor=token, form=form).rejected) == 3
    KpiFactory(initiative=initiative, slug="time")
    assert replay(Rejection.objects.all(), at=LATER) == Replayed(stored=3)
    rows = Measurement.objects.order_by("event_id").select_related("series", "batch")
    assert [(row.event_id, row.value, row.weight) for row in rows] == [(f"e{n}", n + 0.25, 2.0) for n in range(3)]
    assert {(row.series.labels["a"], row.batch.token) for row in rows} == {("ü", token)}
    assert not Rejection.objects.exists()


def test_what_is_still_rejected_stays_with_the_reason_that_it_has_now(initiative, token):
    send([point(), point(value="x"), point(kpi="support.other")], actor=token)
    KpiFactory(initiative=initiative, slug="time")
    assert replay(Rejection.objects.all(), at=LATER) == Replayed(stored=1, rejected=2)
    assert sorted(Rejection.objects.values_list("index", "code")) == [(1, "invalid_value"), (2, "unknown_kpi")]


def test_a_newer_value_that_came_by_itself_meanwhile_stays(initiative, token):
    send([point(value=1), point(value=1, id="other")], actor=token)
    KpiFactory(initiative=initiative, slug="time")
    send([point(value=2)], actor=token)
    assert replay(Rejection.objects.all(), at=LATER) == Replayed(stored=1, there=1)
    assert sorted(Measurement.objects.values_list("event_id", "value")) == [("", 2.0), ("other", 1.0)]
    assert not Rejection.objects.exists()


def test_the_last_of_equal_points_counts_as_it_would_have(initiative, token):
    send([point(value=1), point(value=2)], actor=token)
    send([point(value=3)], actor=token)
    KpiFactory(initiative=initiative, slug="time")
    replay(Rejection.objects.all(), at=LATER)
    assert Measurement.objects.get().value == 3


def test_a_limited_token_gains_no_sight_by_its_points_being_sent_again(initiative):
    limited = TokenFactory(scopes=["ingest"], initiatives=[InitiativeFactory(slug="other")])
    send([point()], actor=limited)
    KpiFactory(initiative=initiative, slug="time")
    assert replay(Rejection.objects.all(), at=LATER) == Replayed(rejected=1)
    assert not Measurement.objects.exists()


@pytest.mark.parametrize("text", ["", "5", "[1]", '"x"', '{"kpi": "support.ti', '{"metric": {"a": "b"}}', '{"kpi": 5}'])
def test_what_is_no_point_is_left_in_the_list(initiative, text):
    KpiFactory(initiative=initiative, slug="time")
    RejectionFactory(point=text)
    assert replay(Rejection.objects.all(), at=LATER) == Replayed(left=1)
    assert Rejection.objects.get().code == "invalid_value"


def test_sending_again_counts_no_point_as_rejected_twice(initiative, token):
    send([point(), point(value="x")], actor=token)
    KpiFactory(initiative=initiative, slug="time")
    replay(Rejection.objects.all(), at=LATER)
    replay(Rejection.objects.all(), at=LATER)
    assert sum(Batch.objects.values_list("rejected", flat=True)) == 2
    assert sum(Batch.objects.values_list("accepted", flat=True)) == 1


def test_a_thousand_points_are_sent_again_in_few_statements(initiative, token, django_assert_max_num_queries):
    send([point(id=f"e{n}", value=n) for n in range(1000)], actor=token)
    KpiFactory(initiative=initiative, slug="time")
    with django_assert_max_num_queries(40):
        assert replay(Rejection.objects.all(), at=LATER).stored == 1000


def test_a_thousand_rejections_of_each_sender_are_kept_and_none_for_longer_than_thirty_days(initiative, token):
    for _ in range(2):
        send([point(value=None)] * 700, actor=token)
    send([point(value=None)] * 3, actor=None)
    old = RejectionFactory(batch=BatchFactory(arrived_at=NOW - timedelta(days=31)))
    assert rejections.trim(at=NOW) == 401
    assert Rejection.objects.filter(batch__token=token).count() == 1000
    assert Rejection.objects.filter(batch__token=None).count() == 3
    assert not Rejection.objects.filter(pk=old.pk).exists()


def test_a_sender_of_nothing_but_bad_points_fills_no_disk_and_takes_nothing_from_others(token):
    other = send([point(value="theirs")], actor=TokenFactory(scopes=["ingest"])).rejected
    for number in range(12):
        send([point(value=f"{number}")] * 1000, actor=token)
    assert Rejection.objects.filter(batch__token=token).count() == 3000  # the tenth time all but a thousand went
    newest = Rejection.objects.filter(batch__token=token).order_by("-pk")[:1000]
    assert {json.loads(row.point)["value"] for row in newest} == {"11"}
    assert Rejection.objects.exclude(batch__token=token).count() == len(other) == 1


# -- what was sent -------------------------------------------------------------------------------------------------


def test_counts_are_those_of_the_batches_by_minute_and_by_local_day(initiative, token):
    KpiFactory(initiative=initiative, slug="time")
    for hours, accepted, reasons in [(0, 5, None), (0, 3, {"a": 2}), (2, 7, {"a": 1, "b": 4}), (24 * 40, 9, None)]:
        rejected = sum((reasons or {}).values())
        BatchFactory(
            token=token,
            arrived_at=NOW - timedelta(hours=hours, minutes=1),
            received=accepted + rejected,
            accepted=accepted,
            rejected=rejected,
            reasons=reasons,
            size=10,
        )
    BatchFactory(arrived_at=NOW, received=100, accepted=100)
    hour = sendings.of_last_hour("token", token.pk, now=NOW)
    assert [(count.start, count.requests, count.received) for count in hour.counts] == [
        (NOW - timedelta(minutes=1), 2, 10)
    ]
    assert (hour.total.accepted, hour.total.size, hour.reasons) == (8, 20, {"a": 2})
    assert hour.points_a_minute == pytest.approx(10 / 60)
    month = sendings.of_last_month("token", token.pk, now=NOW, zone="Pacific/Kiritimati")  # there it is the 2nd
    assert [(count.start.isoformat(), count.accepted) for count in month.counts] == [
        ("2026-03-01T10:00:00+00:00", 8),
        ("2026-02-28T10:00:00+00:00", 7),
    ][::-1]
    assert month.reasons == {"b": 4, "a": 3}


def test_the_lag_is_from_the_newest_points_own_time_to_its_arrival(initiative, token):
    KpiFactory(initiative=initiative, slug="time")
    assert sendings.last_of("token", token.pk) is None
    send([point(at="2026-03-01T11:00:00Z"), point(at="2026-03-01T11:30:00Z")], actor=token, form="csv")
    last = sendings.last_of("token", token.pk)
    assert (last.arrived_at, last.lag, last.form) == (NOW, timedelta(minutes=30), "csv")


# -- samples -------------------------------------------------------------------------------------------------------


def test_a_sample_is_cut_and_without_secrets_and_one_of_each_kind_is_kept():
    secret = 'roi_abcdefgh12345678 {"password": "hunter2", "a": 1} Authorization: Bearer abcdefghijk\x00'
    samples.keep("token:1", secret + "x" * 5000, form="json", at=NOW)
    samples.keep("token:1", "broken", form="csv", at=NOW, code="invalid_csv", detail="A quote.")
    samples.keep("token:1", "newer", form="csv", at=LATER)
    samples.keep("token:2", secret + "x" * 5000, form="json", at=NOW)
    assert [(s.text, s.code) for s in samples.samples_of("token:1")] == [("newer", ""), ("broken", "invalid_csv")]
    (kept,) = samples.samples_of("token:2")
    assert len(kept.text) == 2000
    assert not any(word in kept.text for word in ("roi_abc", "hunter2", "abcdefghijk", "\x00"))
    assert '"a": 1' in kept.text
    assert samples.trim(at=NOW + timedelta(days=30)) == 2
    assert PayloadSample.objects.get().text == "newer"


def test_a_sample_is_taken_at_most_every_ten_seconds():
    assert samples.is_time("token:1")
    assert not samples.is_time("token:1")
    assert samples.is_time("token:1", refused=True)
    assert samples.is_time("token:2")
