"""What a sender sent in a month is added up by quarters of an hour, and comes to the same as its batches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kpis.ingest import quarters, sendings
from kpis.ingest.models import SentQuarter
from kpis.measurements.models import Batch
from tests.factories import BatchFactory, DataSourceFactory, TokenFactory

NOW = datetime(2026, 11, 30, 15, 7, tzinfo=UTC)
KATHMANDU = "Asia/Kathmandu"  # its days begin at a quarter past six in the evening, UTC


@pytest.fixture
def sender():
    return TokenFactory()


def batch(at: datetime, *, token=None, source=None, received=10, reasons=None) -> Batch:
    rejected = sum((reasons or {}).values())
    numbers = {"received": received, "accepted": received - rejected, "rejected": rejected, "size": 7 * received}
    return BatchFactory(arrived_at=at, token=token, source=source, reasons=reasons, **numbers)


@pytest.fixture
def month(sender):
    """Batches at odd minutes of forty days, some with rejections, one within the last half hour."""
    for hours in range(0, 40 * 24, 7):
        at = NOW - timedelta(hours=hours, minutes=hours % 61)
        batch(at, token=sender, received=10 + hours % 5, reasons={"invalid_value": 2, "unknown_kpi": hours % 3})


def told(sender, zone=KATHMANDU):
    found = sendings.of_last_month("token", sender.pk, now=NOW, zone=zone)
    return found.counts, found.reasons


@pytest.mark.parametrize("zone", [KATHMANDU, "Europe/Berlin", "UTC"])
def test_a_month_is_the_same_before_and_after_its_quarters_were_added_up(sender, month, zone):
    before = told(sender, zone)
    quarters.add_up(at=NOW)
    assert SentQuarter.objects.count() > 100
    assert told(sender, zone) == before
    counts, _reasons = before
    since = datetime(2026, 10, 30, 18, 15, tzinfo=UTC)
    if zone == KATHMANDU:
        batches = Batch.objects.filter(arrived_at__gte=since, arrived_at__lt=NOW)
        assert sum(count.received for count in counts) == sum(batches.values_list("received", flat=True))


def test_what_came_since_then_and_what_comes_next_counts_at_once(sender, month):
    quarters.add_up(at=NOW)
    (before, *_), _reasons = told(sender)
    batch(NOW - timedelta(minutes=29), token=sender, received=1000)
    assert sum(count.received for count in told(sender)[0]) > 1000
    assert told(sender)[0][0] == before


def test_added_up_twice_or_late_it_is_the_same(sender, month):
    quarters.add_up(at=NOW - timedelta(days=3))
    quarters.add_up(at=NOW)
    quarters.trim(at=NOW)
    once = list(SentQuarter.objects.order_by("start").values_list("start", "received", "reasons"))
    assert quarters.add_up(at=NOW) == 0
    SentQuarter.objects.all().delete()
    quarters.add_up(at=NOW)
    quarters.trim(at=NOW)
    assert list(SentQuarter.objects.order_by("start").values_list("start", "received", "reasons")) == once


def test_what_came_by_a_token_for_a_source_counts_for_both_and_for_nobody_else(sender):
    source, other = DataSourceFactory(kind="push"), TokenFactory()
    at = NOW - timedelta(hours=2)
    batch(at, token=sender, source=source, received=5, reasons={"unmapped_series": 1})
    batch(at, source=source, received=3)
    batch(at)
    quarters.add_up(at=NOW)

    of_source = sendings.of_last_month("source", source.pk, now=NOW, zone="UTC")
    assert (of_source.total.received, of_source.total.requests, of_source.reasons) == (8, 2, {"unmapped_series": 1})
    assert told(sender)[0][0].received == 5
    assert told(other) == ([], {})


def test_a_row_that_its_batches_do_not_explain_is_named_and_so_is_one_that_is_missing(sender, month):
    quarters.add_up(at=NOW)
    assert list(quarters.deviations()) == []
    first, second, *_ = SentQuarter.objects.order_by("start")
    SentQuarter.objects.filter(pk=first.pk).update(received=first.received + 1)
    SentQuarter.objects.filter(pk=second.pk).delete()

    wrong, missing = quarters.deviations()

    assert (wrong.start, wrong.sender) == (first.start, f"token {sender.pk}")
    assert f'"received": {first.received + 1}' in (wrong.stored or "")
    assert f'"received": {first.received}' in (wrong.recomputed or "")
    assert (missing.start, missing.stored) == (second.start, None)


def test_rows_go_when_no_page_shows_them_any_more(sender, month):
    quarters.add_up(at=NOW)
    assert quarters.trim(at=NOW + timedelta(days=10)) > 0
    assert SentQuarter.objects.filter(start__lt=NOW - timedelta(days=22)).count() == 0
