"""How many label sets one KPI may have: each is a series, and costs interval values of its own."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from unittest import mock

import pytest
from django.db import connection

from kpis.ingest import accepting
from kpis.ingest.accepting import accept_batch
from kpis.measurements.models import Batch, Measurement, Series
from tests.bad_points import point
from tests.factories import InitiativeFactory, KpiFactory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def room_for_three(settings):
    settings.INGEST_MAX_LABEL_SETS = 3


@pytest.fixture
def kpi():
    return KpiFactory(initiative=InitiativeFactory(slug="support"), slug="time")


def send(*variants: object, **options: object):
    rows = [point(labels={"variant": str(v)}, id=f"{n}") for n, v in enumerate(variants)]
    return accept_batch(json.dumps({"measurements": rows}).encode(), "application/json", actor=None, at=NOW, **options)


def refused(receipt) -> list[int]:
    assert {entry.code for entry in receipt.rejected} <= {"too_many_label_sets"}
    return [entry.index for entry in receipt.rejected]


def test_a_new_label_set_beyond_the_cap_is_refused_and_the_first_ones_of_the_request_get_the_room(kpi):
    receipt = send("a", "b", "a", "c", "d", "e", "b", "d")
    assert refused(receipt) == [4, 5, 7]
    assert (receipt.accepted, receipt.received) == (5, 8)
    assert sorted(s.labels["variant"] for s in Series.objects.all()) == ["a", "b", "c"]


def test_the_sentence_says_the_number_the_setting_and_what_a_label_set_costs(kpi):
    (entry,) = send("a", "b", "c", "d").rejected
    assert entry.attr == "labels"
    assert "3 label sets" in entry.detail
    assert "INGEST_MAX_LABEL_SETS" in entry.detail
    assert "costs a series" in entry.detail


def test_at_the_cap_the_series_that_are_there_still_take_points(kpi):
    send("a", "b", "c")
    receipt = send("d", "a", "b", "c")
    assert (refused(receipt), receipt.unchanged + receipt.accepted) == ([0], 3)
    assert Batch.objects.order_by("-pk")[0].reasons == {"too_many_label_sets": 1}


def test_each_kpi_has_its_own_room(kpi):
    KpiFactory(initiative=kpi.initiative, slug="cost")
    send("a", "b", "c")
    rows = [point(kpi="support.cost", labels={"variant": v}) for v in "abcd"]
    body = json.dumps({"measurements": rows}).encode()
    assert refused(accept_batch(body, "application/json", actor=None, at=NOW)) == [3]


def test_all_or_nothing_makes_no_series_that_would_take_the_room(kpi):
    receipt = send("a", "b", "c", "d", atomic=True)
    assert (refused(receipt), receipt.withheld, receipt.accepted) == ([3], 3, 0)
    assert (Series.objects.count(), Measurement.objects.count()) == (0, 0)
    assert send("a", "b", "x", atomic=True).accepted == 3


def test_a_dry_run_says_so_and_takes_no_room(kpi):
    assert refused(send("a", "b", "c", "d", dry_run=True)) == [3]
    assert send("x", "y", "z").accepted == 3


def test_a_kpi_at_its_cap_costs_a_batch_of_known_series_no_query_more(kpi):
    send("a", "b", "c")
    with mock.patch.object(accepting.labelling, "_room") as room:
        send("a", "b", "c")
    assert not room.called


@pytest.mark.django_db(transaction=True)
def test_eight_writers_with_labels_of_their_own_never_pass_the_cap(settings):
    settings.INGEST_MAX_LABEL_SETS = 20
    KpiFactory(initiative=InitiativeFactory(slug="support"), slug="time")
    start, receipts, raised = threading.Barrier(8), [], []

    def writer(number: int) -> None:
        try:
            start.wait()
            for batch in range(4):
                receipts.append(send(*[f"{number}-{batch}-{n}" for n in range(3)]))
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    with mock.patch.object(accepting.wakeup, "gathered_after_commit"):
        threads = [threading.Thread(target=writer, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert raised == []
    assert Series.objects.count() == 20
    assert sum(receipt.accepted for receipt in receipts) == Measurement.objects.count() == 20
    assert sum(len(refused(receipt)) for receipt in receipts) == 8 * 4 * 3 - 20
