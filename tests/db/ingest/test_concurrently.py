"""Several senders at once, on real transactions: these tests commit, so each cleans up after itself."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from unittest import mock

import pytest
from django.db import connection, transaction
from psycopg import errors

from kpis.ingest import accepting, addressing
from kpis.ingest.accepting import accept_batch
from kpis.measurements import labelling, store
from kpis.measurements.models import Arrival, Batch, Measurement, Series
from tests.factories import InitiativeFactory, KpiFactory
from tests.together import at_once

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kpis():
    initiative = InitiativeFactory(slug="support")
    return [KpiFactory(initiative=initiative, slug=f"k{n}") for n in range(4)]


@pytest.fixture(autouse=True)
def nobody_is_woken():
    with mock.patch.object(accepting.wakeup, "gathered_after_commit"):
        yield


def send(rows: list[dict[str, object]], **options: object):
    return accept_batch(json.dumps({"measurements": rows}).encode(), "application/json", actor=None, at=NOW, **options)


def row(kpi: int, minute: int, value: float, **more: object) -> dict[str, object]:
    return {"kpi": f"support.k{kpi}", "at": 1772000000000 + minute * 60000, "value": value} | more


@pytest.mark.parametrize("size", [40, store.COPY_FROM + 100])
def test_eight_senders_of_the_same_points_in_any_order_store_each_once(kpis, size):
    everything = [row(n % 4, n // 4, float(n), id=f"e{n % 3}", labels={"half": str(n % 2)}) for n in range(size)]
    receipts = []

    def sender(seed: int) -> Callable[[], None]:
        rng = random.Random(seed)

        def job() -> None:
            for _ in range(3):
                shuffled = rng.sample(everything, len(everything)) + rng.choices(everything, k=size // 4)
                receipts.append(send(shuffled))

        return job

    assert at_once(*[sender(seed) for seed in range(8)]) == []
    assert Measurement.objects.count() == size
    assert sum(Measurement.objects.values_list("value", flat=True)) == sum(range(size))
    assert sum(receipt.accepted for receipt in receipts) == size
    assert Series.objects.count() == len({(r["kpi"], r["labels"]["half"]) for r in everything})
    for receipt in receipts:
        assert receipt.received == receipt.accepted + receipt.replaced + receipt.unchanged


def test_the_value_that_stays_is_one_that_was_sent_and_its_batch_says_so(kpis):
    jobs = [lambda n=n: send([row(0, minute, n) for minute in range(600)]) for n in range(6)]
    assert at_once(*jobs) == []
    values = set(Measurement.objects.values_list("value", flat=True))
    assert len(values) == 1  # a batch is whole or not there
    assert values < set(range(6))
    assert Measurement.objects.values("batch_id").distinct().count() == 1


def test_a_kpi_that_is_deleted_while_points_arrive_leaves_nothing_behind(kpis):
    send([row(0, 0, 1.0)])
    raised = at_once(
        *[lambda n=n: [send([row(0, k, float(n)) for k in range(50)]) for _ in range(10)] for n in range(3)],
        lambda: kpis[0].delete(),
    )
    assert raised == []
    assert not Series.objects.filter(kpi_id=kpis[0].pk).exists()
    assert (Measurement.objects.count(), Arrival.objects.count()) == (0, 0)


def test_a_batch_that_fails_at_its_end_has_stored_nothing(kpis):
    with mock.patch.object(accepting.batches, "record", side_effect=RuntimeError("power cut")):
        for size in (10, store.COPY_FROM + 10):
            with pytest.raises(RuntimeError, match="power cut"):
                send([row(0, minute, 1.0) for minute in range(size)])
    assert [model.objects.count() for model in (Measurement, Arrival, Batch, Series)] == [0, 0, 0, 0]


@pytest.mark.parametrize("error", [errors.DeadlockDetected, errors.SerializationFailure])
def test_a_deadlock_is_tried_again_and_never_reaches_the_sender(kpis, error):
    write, fail = store.write, [True, True]

    def sometimes(*args: object, **options: object):
        if fail and fail.pop():
            with connection.wrap_database_errors:
                raise error("two of us")
        return write(*args, **options)

    with mock.patch.object(accepting.store, "write", sometimes):
        assert send([row(0, 0, 1.0)]).accepted == 1
    assert (Measurement.objects.count(), Batch.objects.count()) == (1, 1)


def test_inside_a_callers_transaction_nothing_is_kept_when_it_fails(kpis):
    with pytest.raises(RuntimeError), transaction.atomic():
        assert send([row(0, 0, 1.0)]).accepted == 1
        raise RuntimeError
    assert not Measurement.objects.exists()
    # What was remembered of that series is not believed: it was never committed.
    assert send([row(0, 0, 1.0)]).accepted == 1
    assert Measurement.objects.get().series_id == Series.objects.get().pk


def test_the_second_batch_finds_its_series_remembered_and_verified(kpis, django_assert_num_queries):
    send([row(0, 0, 1.0)])
    assert [one.key for one in labelling._series_ids if one.kpi_id == kpis[0].pk] == ["support.k0"]
    addressing.forget(None)
    assert send([row(0, 1, 1.0)]).accepted == 1
    assert Series.objects.count() == 1


def test_whoever_waits_is_woken_after_the_commit_and_only_where_something_changed(kpis):
    with mock.patch.object(accepting.wakeup, "gathered_after_commit") as woken:
        send([row(0, 0, 1.0)])
        assert woken.call_args_list == [mock.call("kpis.bring_up_to_date")]
        send([row(0, 0, 1.0)])
        send([row(0, 1, 1.0)], dry_run=True)
        send([row(9, 1, 1.0)])
        assert woken.call_count == 1
