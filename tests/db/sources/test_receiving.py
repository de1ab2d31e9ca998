"""From named samples to measurements: the same rows whatever the order, the portions and the repetitions."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpis.access import tokens
from kpis.ingest.columns import EPOCH
from kpis.ingest.named import NamedSamples, sound_labels
from kpis.ingest.rejections import Rejection
from kpis.measurements.models import Batch, Measurement
from kpis.sources import memory, rules
from kpis.sources.models import ReceivedSample, ReceivedSeries
from kpis.sources.receiving import SourceClosed, receive
from tests.factories import AdministratorFactory, DataSourceFactory, InitiativeFactory, KpiFactory, MappingRuleFactory

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
END = math.nan
HOUR = 3600


@pytest.fixture
def source():
    return DataSourceFactory(slug="cluster", kind="push", address="", every=None, overlap=None)


@pytest.fixture
def kpi():
    return KpiFactory(slug="requests", initiative__slug="support")


def named(*series, kind="unknown"):
    """Series of (labels, samples of (seconds from noon, value)); NaN is an end."""
    flat = [(place, at, value) for place, (_, samples) in enumerate(series) for at, value in samples]
    noon = int((NOON - EPOCH).total_seconds())
    return NamedSamples(
        labels=[sound_labels(list(labels.items())) for labels, _ in series],
        kinds=[kind] * len(series),
        series=np.array([place for place, _, _ in flat], np.int32),
        at_us=np.array([int((noon + at) * 1e6) for _, at, _ in flat], np.int64),
        value=np.array([value for _, _, value in flat], np.float64),
        ended=np.array([math.isnan(value) for _, _, value in flat], np.bool_),
    )


def send(source, *series, actor=None, at=NOON + timedelta(hours=60), **more):
    return receive(named(*series, **more), source=source, actor=actor, at=at)


def rows():
    """What is stored: (seconds from noon, value, weight)."""
    found = Measurement.objects.order_by("event_id", "at").values_list("at", "value", "weight")
    return [((at - NOON).total_seconds(), value, weight) for at, value, weight in found]


def metric(name="queue_length", **labels):
    return {"__name__": name} | labels


def refusals(received):
    return {one.code: one.count for one in received.rejected}


def test_a_gauge_becomes_measurements_weighted_with_time(source, kpi):
    MappingRuleFactory(source=source, kpi=kpi)
    received = send(source, (metric(job="a"), [(0, 7), (15, 8), (30, 9)]))
    assert (received.received, received.accepted, received.remembered, received.rejected) == (3, 3, 0, [])
    assert rows() == [(0, 7, 60), (15, 8, 15), (30, 9, 15)]
    assert Measurement.objects.first().series.kpi == kpi


def test_a_counter_becomes_increases_across_requests_with_resets_found(source, kpi):
    MappingRuleFactory(source=source, kpi=kpi, name="requests_total", kind="counter", factor=0.5)
    first = send(source, (metric("requests_total"), [(0, 100)]))
    assert (first.accepted, first.remembered) == (0, 1)
    for at, value in [(15, 104), (30, 104), (45, 6)]:
        send(source, (metric("requests_total"), [(at, value)]))
    assert rows() == [(15, 2, 1), (30, 0, 1), (45, 3, 1)]


def test_increases_that_are_sent_as_such_are_taken_as_they_are(source, kpi):
    MappingRuleFactory(source=source, kpi=kpi, name="requests", kind="counter")
    send(source, (metric("requests"), [(0, 5), (15, 2)]), kind="delta")
    assert rows() == [(0, 5, 1), (15, 2, 1)]


def test_what_a_sender_says_of_a_series_stays_until_one_says_otherwise(source, kpi):
    MappingRuleFactory(source=source, kpi=kpi, name="requests", kind="counter")
    send(source, (metric("requests"), [(0, 5)]), kind="delta")
    send(source, (metric("requests"), [(15, 2)]))  # by remote write, which says nothing
    assert (rows(), ReceivedSeries.objects.get().kind) == ([(0, 5, 1), (15, 2, 1)], "delta")
    send(source, (metric("requests"), [(30, 9)]), kind="counter")
    assert (rows()[2:], ReceivedSeries.objects.get().kind) == ([(30, 7, 1)], "counter")


def test_a_stale_marker_ends_a_gauge_and_is_no_measurement(source, kpi):
    MappingRuleFactory(source=source, kpi=kpi)
    received = send(source, (metric(), [(0, 7), (15, END), (30, 8)]))
    assert (received.accepted, received.remembered) == (2, 1)
    assert rows() == [(0, 7, 60), (30, 8, 60)]


def test_series_that_lose_the_label_that_told_them_apart_are_kept_apart_by_their_id(source, kpi):
    MappingRuleFactory(source=source, kpi=kpi, keep_labels=["team"], rename_labels={"team": "group"})
    send(source, *[(metric(pod=pod, team="a"), [(0, value)]) for pod, value in [("x", 1), ("y", 2)]])
    assert sorted(value for _, value, _ in rows()) == [1, 2]
    stored = Measurement.objects.select_related("series")
    assert {row.series.labels["group"] for row in stored} == {"a"}
    assert {row.event_id for row in stored} == {
        rules.short_hash((("__name__", "queue_length"), ("pod", pod), ("team", "a"))) for pod in "xy"
    }


@pytest.mark.parametrize(
    ("matchers", "taken"),
    [
        ([("__name__", "=", "m")], {"a", "b", "-"}),
        ([("__name__", "=~", "m|n.*")], {"a", "b", "-"}),
        ([("__name__", "=", "m"), ("job", "!=", "a")], {"b", "-"}),
        ([("job", "=~", "a|b")], {"a", "b"}),
        ([("job", "!~", "a.*")], {"b", "-"}),
        ([("job", "=", "")], {"-"}),
        ([("job", "=~", "a")], {"a"}),
        ([("__name__", "=~", "x")], set()),
    ],
)
def test_matchers_are_those_of_promql(source, kpi, matchers, taken):
    as_members = [{"label": label, "op": op, "value": value} for label, op, value in matchers]
    MappingRuleFactory(source=source, kpi=kpi, matchers=as_members, keep_labels=["job"])
    send(source, *[(metric("m", **({"job": job} if job != "-" else {})), [(0, 1)]) for job in ("a", "b", "-")])
    assert {row.series.labels.get("job", "-") for row in Measurement.objects.select_related("series")} == taken


def test_the_first_rule_that_matches_decides(source, kpi):
    other = KpiFactory()
    MappingRuleFactory(source=source, kpi=other, position=2)
    MappingRuleFactory(source=source, kpi=kpi, position=1)
    send(source, (metric(), [(0, 1)]))
    assert [row.series.kpi for row in Measurement.objects.select_related("series__kpi")] == [kpi]


def test_what_no_rule_takes_is_listed_and_remembered_and_rejected_by_name(source):
    received = send(source, (metric(job="a"), [(0, 1), (15, 2)]))
    assert refusals(received) == {"unmapped_series": 2}
    assert "queue_length" in received.rejected[0].first
    (series,) = ReceivedSeries.objects.all()
    assert (series.name, series.labels, series.rule) == ("queue_length", metric(job="a"), None)
    assert list(ReceivedSample.objects.values_list("value", flat=True).order_by("at")) == [1, 2]
    assert not Batch.objects.exists()  # a sender of thousands would fill the table with nothing


def test_sending_the_same_again_changes_nothing(source, kpi):
    MappingRuleFactory(source=source, kpi=kpi, kind="counter", name="requests_total")
    batch = (metric("requests_total"), [(0, 1), (15, 5), (30, 9)])
    send(source, batch)
    before = rows()
    again = send(source, batch)
    assert (again.accepted, again.replaced, again.unchanged) == (0, 0, 2)
    assert rows() == before


number = st.integers(0, 9).map(float)
timelines = st.lists(
    st.lists(st.one_of(number, number, number, st.just(END)), min_size=2, max_size=7), min_size=1, max_size=2
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["counter", "gauge", "as_is"]), values=timelines, random=st.randoms(use_true_random=False))
def test_any_order_any_portions_and_any_repetitions_store_what_ordered_sending_stores(
    source, kpi, kind, values, random
):
    source.rules.all().delete()
    MappingRuleFactory(source=source, kpi=kpi, kind=kind, name="m")
    samples = [(place, 20 * n, value) for place, some in enumerate(values) for n, value in enumerate(some)]

    def stored_after(portions):
        for model in (Measurement, ReceivedSample, ReceivedSeries):
            model.objects.all().delete()
        for portion in portions:
            send(source, *[(metric("m", n=str(place)), [(at, value)]) for place, at, value in portion])
        return rows()

    shuffled = samples + random.choices(samples, k=3)
    random.shuffle(shuffled)
    portions = []
    while shuffled:
        length = random.randint(1, 4)
        portions.append(shuffled[:length])
        shuffled = shuffled[length:]
    assert stored_after(portions) == stored_after([[sample] for sample in samples])


def test_a_sample_older_than_the_memory_is_too_late_for_a_counter_and_a_gauge(source, kpi):
    MappingRuleFactory(source=source, kpi=kpi)
    send(source, (metric(), [(48 * HOUR, 5)]))
    received = send(source, (metric(), [(-1, 1), (0, 3)]))
    assert (refusals(received), received.accepted, received.has_senders_faults) == ({"too_late": 1}, 1, True)
    assert rows() == [(0, 3, 60), (48 * HOUR, 5, 300)]
    (rejection,) = Rejection.objects.all()
    assert rejection.code == "too_late"
    assert "queue_length" in rejection.point


def test_a_history_in_order_is_taken_however_old_it_is(source, kpi):
    MappingRuleFactory(source=source, kpi=kpi, kind="counter")
    for day in range(5):
        assert not send(source, (metric(), [(day * 24 * HOUR - 300 * 24 * HOUR, day)])).rejected
    assert [value for _, value, _ in rows()] == [1, 1, 1, 1]


def test_what_is_taken_as_it_is_may_be_late_by_months(source, kpi):
    MappingRuleFactory(source=source, kpi=kpi, kind="as_is")
    send(source, (metric(), [(0, 5)]))
    assert send(source, (metric(), [(-90 * 24 * HOUR, 1)])).accepted == 1


def test_trimming_the_memory_changes_no_later_row(source, kpi):
    MappingRuleFactory(source=source, kpi=kpi, kind="counter")
    batch = [(hour * HOUR, float(hour)) for hour in range(0, 60, 5)]
    send(source, (metric(), batch))
    memory.trim(at=NOON)
    kept = ReceivedSample.objects.order_by("at").values_list("value", flat=True)
    assert list(kept) == [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]  # 7 and later may come; 5 is before it
    send(source, (metric(), [(8 * HOUR, 8)]))
    assert [(at, value) for at, value, _ in rows()][:3] == [(5 * HOUR, 5), (8 * HOUR, 3), (10 * HOUR, 2)]


def test_unmapped_series_are_remembered_for_an_hour_and_silent_ones_forgotten_after_thirty_days(source):
    send(source, (metric(), [(minute * 60, 1) for minute in range(0, 120, 10)]))
    memory.trim(at=NOON)
    assert ReceivedSample.objects.count() == 7
    memory.trim(at=NOON + timedelta(days=100))
    assert (ReceivedSeries.objects.count(), ReceivedSample.objects.count()) == (0, 0)


def test_samples_that_can_never_be_stored_are_told_by_reason_and_cost_no_others(source, kpi):
    MappingRuleFactory(source=source, kpi=kpi)
    good = (metric(), [(0, 1), (61 * HOUR, 2), (30, math.inf)])
    received = send(source, good, ({"job": "nameless"}, [(0, 1)]), (metric(x="y"), [(-40 * 365 * 24 * HOUR, 1)]))
    assert refusals(received) == {"time_in_future": 1, "invalid_value": 1, "invalid_labels": 1, "invalid_time": 1}
    assert rows() == [(0, 1, 60)]
    assert {one.code for one in Rejection.objects.all()} == set(refusals(received))
    assert ReceivedSample.objects.count() == 1


def test_a_value_that_is_no_number_is_not_the_senders_fault(source, kpi):
    """Prometheus itself sends NaN for the quantiles of a summary without observations."""
    MappingRuleFactory(source=source, kpi=kpi)
    samples = named((metric(), [(0, 1)]))
    not_ended = NamedSamples(
        samples.labels, samples.kinds, samples.series, samples.at_us, np.array([math.nan]), np.array([False])
    )
    received = receive(not_ended, source=source, actor=None, at=NOON)
    assert refusals(received) == {"invalid_value": 1}
    assert not received.has_senders_faults


def test_a_source_has_room_for_so_many_series_and_those_that_are_mapped_have_their_own(source, kpi, settings):
    settings.INGEST_MAX_SERIES = 10
    MappingRuleFactory(source=source, kpi=kpi, name="m")
    received = send(source, *[(metric(f"other_{n}"), [(0, 1)]) for n in range(5)])
    assert refusals(received) == {"unmapped_series": 5}
    assert ReceivedSeries.objects.count() == 2
    received = send(source, *[(metric("m", n=str(n)), [(0, 1)]) for n in range(12)])
    assert (refusals(received), received.accepted) == ({"too_many_series": 2}, 10)
    assert "INGEST_MAX_SERIES" in received.rejected[0].detail


def test_a_token_that_does_not_see_the_kpi_is_told_so(source, kpi):
    MappingRuleFactory(source=source, kpi=kpi)
    token, _ = tokens.issue("test", ["ingest"], [InitiativeFactory()], by=AdministratorFactory(), at=NOON)
    received = send(source, (metric(), [(0, 1)]), actor=token)
    assert refusals(received) == {"unknown_kpi": 1}


def test_a_batch_says_which_source_it_came_by_and_the_source_how_fresh_it_is(source, kpi):
    MappingRuleFactory(source=source, kpi=kpi)
    send(source, (metric(), [(0, 1), (90, 2)]))
    (batch,) = Batch.objects.all()
    assert (batch.source, batch.received, batch.accepted) == (source, 2, 2)
    source.refresh_from_db()
    assert source.last_data_at == NOON + timedelta(seconds=90)


def test_a_paused_source_takes_nothing(source):
    source.enabled = False
    source.save()
    with pytest.raises(SourceClosed):
        send(source, (metric(), [(0, 1)]))


def test_the_number_of_queries_does_not_grow_with_the_samples(source, kpi, django_assert_max_num_queries):
    MappingRuleFactory(source=source, kpi=kpi)
    few, many = [(metric(n=str(n)), [(0, 1)]) for n in range(3)], [(metric(n=str(n)), [(0, 1)]) for n in range(300)]
    send(source, *many)
    with django_assert_max_num_queries(20):
        send(source, *few)
    with django_assert_max_num_queries(20):
        send(source, *many)
