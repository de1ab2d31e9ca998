"""Several senders of the same series at once, on real transactions: these tests commit, and are cleaned up after."""

from __future__ import annotations

import random
from datetime import timedelta
from unittest import mock

import pytest

from kpis.ingest import accepting
from kpis.measurements.models import Measurement
from kpis.sources import arranging, memory
from kpis.sources.models import ReceivedSample, ReceivedSeries
from tests.db.sources.test_receiving import NOON, metric, rows, send
from tests.factories import DataSourceFactory, KpiFactory, MappingRuleFactory
from tests.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)
SENDERS, SERIES, SAMPLES = 8, 2, 160


@pytest.fixture(autouse=True)
def nobody_is_woken():
    with (
        mock.patch.object(accepting.wakeup, "gathered_after_commit"),
        mock.patch.object(arranging.wakeup, "after_commit"),
    ):
        yield


@pytest.fixture
def source():
    return DataSourceFactory(slug="cluster", kind="push", address="", every=None, overlap=None)


def all_samples():
    values = random.Random(7)
    return [(series, 15 * n, float(values.randint(0, 9))) for series in range(SERIES) for n in range(SAMPLES)]


def portions_of(samples, seed):
    shuffled = list(samples)
    dice = random.Random(seed)
    dice.shuffle(shuffled)
    while shuffled:
        size = dice.randint(1, 4)
        yield shuffled[:size]
        shuffled = shuffled[size:]


def in_one(portion):
    return [(metric("m", n=str(series)), [(at, value)]) for series, at, value in portion]


@pytest.mark.parametrize("kind", ["counter", "gauge"])
def test_eight_senders_of_the_same_series_store_what_one_ordered_sender_stores(source, kind):
    """Each brings every eighth sample: what two of them got wrong between them, no repetition would put right."""
    MappingRuleFactory(source=source, kpi=KpiFactory(), name="m", kind=kind)
    samples = all_samples()

    def sender(seed):
        def job():
            for portion in portions_of(samples[seed::SENDERS], seed):
                assert not send(source, *in_one(portion)).rejected

        return job

    assert at_once(*[sender(seed) for seed in range(SENDERS)]) == []
    together = rows()
    assert ReceivedSeries.objects.count() == SERIES
    for model in (Measurement, ReceivedSample, ReceivedSeries):
        model.objects.all().delete()
    send(source, *in_one(samples))
    assert together == rows()


def test_a_rule_that_changes_while_samples_come_leaves_none_of_them_by_half(source):
    kpi = KpiFactory()
    (rule,) = [MappingRuleFactory(source=source, kpi=kpi, name="m", kind="gauge")]
    samples = all_samples()

    def sender():
        for portion in portions_of(samples, 1):
            send(source, *in_one(portion))

    def engineer():
        for factor in (2.0, 3.0, 5.0):
            plan = arranging.plan_of(rule, factor=factor)
            arranging.change_rule(rule, plan, by=None, at=NOON)

    def worker():
        for _ in range(20):
            arranging.map_anew(at=NOON + timedelta(hours=60))

    assert at_once(sender, sender, engineer, worker, lambda: memory.trim(at=NOON)) == []
    while arranging.map_anew(at=NOON + timedelta(hours=60)):
        pass
    assert sorted(value for _, value, _ in rows()) == sorted(5 * value for _, _, value in samples)
