"""What was presented stays as it was, and each changed figure says why, to the cent.

A minute less on a day is 15.00 (tests/db/ledger/conftest.py): at 16 minutes instead of 20 a day comes to 60.00.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from kpis.access.models import AuditEvent
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.models import Initiative, Organisation
from kpis.ledger import changing
from kpis.ledger.changing import Stated
from kpis.ledger.models import CostEntry, LedgerEntry
from kpis.roi.models import Snapshot, SnapshotEntry
from kpis.roi.since import since
from kpis.roi.snapshots import Wish, digest_of, is_as_taken, snapshots_seen_by, take_snapshot
from kpis.roi.statement import roi_statement
from tests.db.ledger.conftest import IN_APRIL, arrive, books, open_books, stand_at
from tests.factories import (
    AdministratorFactory,
    CostEntryFactory,
    EffectFactory,
    ExchangeRateFactory,
    InitiativeFactory,
    KpiFactory,
    LedgerEntryFactory,
    UserFactory,
    ValueDriverFactory,
)

__all__ = ["arrive", "books", "stand_at"]

LATER = datetime(2026, 4, 10, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def house():
    """The books have an organisation of their own."""


@pytest.fixture
def somebody():
    return AdministratorFactory()


@pytest.fixture
def march(books):
    for day in (30, 31, 32):
        books.measure(day, 16, event=f"case-{day}")
    books.bring_up_to_date(at=IN_APRIL)
    return books


def taken(initiative, by=None, at=IN_APRIL, **more) -> Snapshot:
    return take_snapshot(Wish("Board, 3 April", [initiative], initiative, **more), as_of=at, by=by, at=at)


def causes(movement) -> dict[str, Decimal]:
    return {cause: amount for cause, amount in movement.benefit.items() if amount}


def reconciled(found) -> None:
    """Then and the causes are now, to the cent, of each row and of all together."""
    for movement in (found.totals, *found.rows):
        now_benefit = movement.now.benefit if movement.now else 0
        now_invested = movement.now.invested if movement.now else 0
        assert movement.then.benefit + sum(movement.benefit.values()) == now_benefit
        assert movement.then.invested + sum(movement.invested.values()) == now_invested
        assert sum(amount for _, amount in movement.by_cause) == movement.net


def test_it_reads_as_it_was_whatever_comes_later(march, somebody):
    snapshot = taken(march.initiative, somebody, note="Shown on paper")
    march.measure(33, 10)
    march.bring_up_to_date(at=LATER)

    read = Snapshot.objects.get(pk=snapshot.pk)

    figures = read.statement["totals"]["figures"]
    assert (figures["invested"], figures["benefits"]["total"], figures["net"]) == ("100.00", "180.00", "80.00")
    assert figures["roi"] == 0.8
    assert (read.title, read.note, read.taken_by, read.as_of) == (
        "Board, 3 April",
        "Shown on paper",
        somebody,
        IN_APRIL,
    )
    assert [entry.row["amount"] for entry in read.entries.all()] == [Decimal("60.00")] * 3
    assert is_as_taken(read)


def test_nothing_changed_is_said_by_no_cause(march, somebody):
    found = since(taken(march.initiative), somebody, now=IN_APRIL)
    assert found.totals.by_cause == []
    assert found.totals.net == 0
    reconciled(found)


def test_each_cause_has_its_amount(march, somebody):
    """Days that came since, a late case, a corrected one, and another price, one after the other."""
    snapshot = taken(march.initiative)
    march.measure(34, 16)  # the 3rd of April, which was not over yet: 60.00 earned since
    march.measure(32, 8, event="late")  # the 1st: (16 + 8)/2 = 12, 8 less: 120.00 instead of 60.00
    march.measure(31, 18, event="case-31")  # the 31st: 2 less: 30.00 instead of 60.00
    march.bring_up_to_date(at=LATER)

    found = since(snapshot, somebody, now=LATER)
    assert causes(found.rows[0]) == {
        "earned_since": Decimal("60.00"), "late_data": Decimal("60.00"), "corrected_data": Decimal("-30.00"),
    }  # fmt: skip
    reconciled(found)

    driver = march.driver
    changing.change_driver(driver, {"unit_value": Stated(*[Decimal(90)] * 3)}, by=None, at=LATER)
    march.bring_up_to_date(at=LATER)
    found = since(snapshot, somebody, now=LATER)
    # the same data at 60 €, then half as much again: of 60 + 120 + 30 = 210 on days that were there, 105 more
    assert causes(found.rows[0]) == {
        "earned_since": Decimal("90.00"), "late_data": Decimal("60.00"), "corrected_data": Decimal("-30.00"),
        "assumption": Decimal("105.00"),
    }  # fmt: skip
    reconciled(found)


def test_of_a_closed_month_the_adjustments_bring_their_own_causes(march, somebody):
    snapshot = taken(march.initiative)
    march.close("2026-03", at=IN_APRIL)
    march.measure(31, 8, event="late")
    march.bring_up_to_date(at=LATER)

    found = since(snapshot, somebody, now=LATER)

    assert causes(found.rows[0]) == {"late_data": Decimal("60.00")}
    reconciled(found)


def test_a_value_driver_that_came_later_or_went_is_a_cause(march, somebody):
    snapshot = taken(march.initiative)
    second = ValueDriverFactory(kpi=march.driver.kpi, volume_per_interval=30)
    changing.numbers_moved([second.kpi_id], march.initiative)
    march.bring_up_to_date(at=LATER)
    found = since(snapshot, somebody, now=LATER)
    assert set(causes(found.rows[0])) == {"driver"}
    reconciled(found)

    changing.delete_driver(march.driver, by=None, at=LATER)
    march.bring_up_to_date(at=LATER)
    found = since(snapshot, somebody, now=LATER)
    assert set(causes(found.rows[0])) == {"driver"}
    reconciled(found)


def test_costs_say_whether_they_were_paid_since_or_entered_later(march, somebody):
    ExchangeRateFactory(currency="USD", into="EUR", on=date(2026, 3, 1), rate=Decimal("0.9"))
    dollars = CostEntryFactory(initiative=march.initiative, amount=Decimal(10), currency="USD", on=date(2026, 3, 2))
    gone = CostEntryFactory(initiative=march.initiative, amount=Decimal(7), on=date(2026, 3, 3))
    snapshot = taken(march.initiative)
    CostEntryFactory(initiative=march.initiative, amount=Decimal(5), on=date(2026, 4, 5))
    CostEntryFactory(initiative=march.initiative, amount=Decimal(3), on=date(2026, 3, 4))
    CostEntry.objects.filter(amount=Decimal(100)).update(amount=Decimal(90))
    gone.delete()
    ExchangeRateFactory(currency="USD", into="EUR", on=date(2026, 3, 2), rate=Decimal("0.8"))

    found = since(snapshot, somebody, now=LATER)

    assert found.rows[0].invested == {
        "paid_since": Decimal(5), "cost_added": Decimal(3), "cost_changed": Decimal(-10), "cost_gone": Decimal(-7),
        "exchange_rate": Decimal(-1),
    }  # fmt: skip
    assert dict(found.rows[0].by_cause)["paid_since"] == Decimal(-5)  # a cost counts against the net
    assert dollars.amount == 10
    reconciled(found)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_causes_add_up(march, somebody, seed):
    rng = random.Random(seed)
    snapshot = taken(march.initiative)
    march.close("2026-03", at=IN_APRIL)
    for step in range(8):
        match rng.choice(["measure", "price", "cost", "cases"]):
            case "measure":
                march.measure(rng.randint(30, 36), rng.uniform(5, 25), event=f"case-{rng.randint(30, 36)}")
            case "cases":
                march.measure(rng.randint(30, 36), 15, cases=rng.randint(1, 90), event="x")
            case "price":
                price = Decimal(rng.randint(1, 99_999)).scaleb(-3)
                changing.change_driver(march.driver, {"unit_value": Stated(price, price, price)}, by=None, at=LATER)
            case "cost":
                CostEntryFactory(initiative=march.initiative, amount=Decimal(step + 1), on=date(2026, 4, 1 + step))
        march.bring_up_to_date(at=LATER)
    reconciled(since(snapshot, somebody, now=LATER))
    assert is_as_taken(snapshot)


def test_a_portfolio_says_what_joined_what_left_and_what_moved(march, somebody):
    gone = InitiativeFactory(slug="gone")
    CostEntryFactory(initiative=gone, amount=Decimal(40), on=date(2026, 3, 2))
    wish = Wish("Board", list(Initiative.objects.order_by("pk")))
    snapshot = take_snapshot(wish, as_of=IN_APRIL, by=somebody, at=IN_APRIL)
    changing.remove_initiative(gone, by=None, at=LATER)
    CostEntryFactory(initiative=InitiativeFactory(slug="new"), amount=Decimal(9), on=date(2026, 4, 5))
    march.measure(34, 16)
    march.bring_up_to_date(at=LATER)

    found = since(snapshot, somebody, now=LATER)

    assert (found.totals.then.net, found.totals.now.net) == (Decimal("40.00"), Decimal("131.00"))
    assert dict(found.totals.by_cause) == {
        "earned_since": Decimal(60), "initiative_left": Decimal(40), "initiative_joined": Decimal(-9),
    }  # fmt: skip
    assert [row.now is None for row in found.rows] == [False, True]
    reconciled(found)


def test_filtered_it_is_compared_with_the_same_initiatives_only(march, somebody):
    snapshot = take_snapshot(
        Wish("Service", [march.initiative], filters={"business_unit": "Service"}), as_of=IN_APRIL, by=None, at=IN_APRIL
    )
    CostEntryFactory(initiative=InitiativeFactory(slug="new"), amount=Decimal(9), on=date(2026, 4, 5))
    found = since(snapshot, somebody, now=LATER)
    assert found.totals.by_cause == []
    reconciled(found)


def test_an_initiative_in_another_currency_moves_by_its_rates_too(march, somebody):
    Organisation.objects.update(reporting_currency="USD")
    ExchangeRateFactory(currency="EUR", into="USD", on=date(2026, 3, 1), rate=Decimal("1.10"))
    wish = Wish("Board", [march.initiative])
    snapshot = take_snapshot(wish, as_of=IN_APRIL, by=somebody, at=IN_APRIL)
    march.measure(34, 16)
    march.bring_up_to_date(at=LATER)

    found = since(snapshot, somebody, now=LATER)

    assert (found.totals.currency, found.totals.then.net) == ("USD", Decimal("88.00"))
    assert dict(found.totals.by_cause) == {"other_currency": Decimal("66.00")}
    assert causes(found.rows[0]) == {"earned_since": Decimal("60.00")}
    Organisation.objects.update(reporting_currency="EUR")
    assert since(snapshot, somebody, now=LATER).totals == found.totals
    reconciled(found)


def test_it_never_changes_and_is_never_deleted(march):
    snapshot = taken(march.initiative)
    entry = snapshot.entries.first()
    attempts = [
        lambda: Snapshot.objects.filter(pk=snapshot.pk).update(title="Other"),
        lambda: Snapshot.objects.filter(pk=snapshot.pk).update(digest=""),
        lambda: snapshot.delete(),
        lambda: SnapshotEntry.objects.filter(pk=entry.pk).update(row={}),
        lambda: SnapshotEntry.objects.filter(pk=entry.pk).delete(),
        lambda: SnapshotEntry.objects.create(snapshot=snapshot, entry=0, row={}),
    ]
    for attempt in attempts:
        with pytest.raises(IntegrityError, match="stays as it was taken"), transaction.atomic():
            attempt()
    assert is_as_taken(snapshot)


def test_who_gets_past_the_guard_is_found_by_the_digest_in_the_trail(march):
    snapshot = taken(march.initiative)
    event = AuditEvent.objects.get(what="snapshot.taken")
    assert (event.subject, event.details["digest"]) == (f"snapshot:{snapshot.pk}", digest_of(snapshot))
    with connection.cursor() as cursor:
        unguarded = "create or replace function snapshot_keeps_its_entries() returns trigger language plpgsql as"
        cursor.execute(f"{unguarded} $$ begin return new; end $$")
    first = snapshot.entries.first()
    SnapshotEntry.objects.filter(pk=first.pk).update(row={"amount": 61})
    assert not is_as_taken(snapshot)


def test_a_person_who_leaves_is_no_reason_to_lose_it(march):
    person = UserFactory(role="controller")
    snapshot = taken(march.initiative, person)
    person.delete()
    snapshot.refresh_from_db()
    assert snapshot.taken_by is None
    assert is_as_taken(snapshot)


def test_who_does_not_see_every_initiative_of_it_does_not_see_it(march, somebody):
    other = InitiativeFactory(slug="other")
    both = take_snapshot(Wish("Both", [march.initiative, other]), as_of=IN_APRIL, by=somebody, at=IN_APRIL)
    one = taken(march.initiative)
    limited = UserFactory(initiatives=[march.initiative])
    assert list(snapshots_seen_by(limited)) == [one]
    assert set(snapshots_seen_by(somebody)) == {one, both}
    assert not snapshots_seen_by(UserFactory(is_active=False)).exists()
    assert not snapshots_seen_by(UserFactory(limited=True)).exists()


def test_what_the_sample_presented_goes_with_the_sample(arrive, stand_at, somebody):
    sample = open_books(arrive, stand_at, "made-up", is_sample=True)
    own = InitiativeFactory(slug="own")
    taken(sample.initiative)
    kept = taken(own)
    mixed = take_snapshot(Wish("Mixed", [sample.initiative, own]), as_of=IN_APRIL, by=None, at=IN_APRIL)
    from kpis.sample.removing import remove_sample

    remove_sample(by=somebody, at=LATER)

    assert set(Snapshot.objects.all()) == {kept, mixed}


def test_without_entries_and_costs_there_is_one_too(books, somebody):
    CostEntry.objects.all().delete()
    snapshot = taken(books.initiative)
    assert snapshot.statement["totals"]["figures"]["roi"] is None
    assert "roi" in snapshot.statement["totals"]["reasons"]
    reconciled(since(snapshot, somebody, now=LATER))


@pytest.mark.parametrize(("wish", "code"), [(Wish(" ", []), "title_missing"), (Wish("Nothing", []), "nothing_to_keep")])
def test_what_cannot_be_kept_is_refused_in_words(books, wish, code):
    with pytest.raises(ChangeRefused) as refusal:
        take_snapshot(wish, as_of=IN_APRIL, by=None, at=IN_APRIL)
    assert refusal.value.code == code


def test_ten_thousand_entries_are_kept_and_compared(books, somebody):
    kpi = KpiFactory(initiative=books.initiative, interval="hour")
    driver, effect = ValueDriverFactory(kpi=kpi), EffectFactory(kpi=kpi)
    like = LedgerEntryFactory.build(driver=driver, kpi=kpi, baseline=effect.baseline, initiative=kpi.initiative)
    given = {f.attname: getattr(like, f.attname) for f in LedgerEntry._meta.concrete_fields if not f.primary_key}
    first, hour = datetime(2025, 1, 1, tzinfo=UTC), timedelta(hours=1)
    spans = [{"interval_start": first + n * hour, "interval_end": first + (n + 1) * hour} for n in range(10_000)]
    LedgerEntry.objects.bulk_create(LedgerEntry(**(given | span)) for span in spans)

    snapshot = taken(books.initiative)
    LedgerEntry.objects.filter(interval_start=first).update(amount=Decimal("0.00"), volume=0.0)
    found = since(snapshot, somebody, now=LATER)

    assert snapshot.entries.count() == 10_000
    assert causes(found.rows[0]) == {"corrected_data": Decimal("-106.17")}
    assert roi_statement(books.initiative, as_of=LATER).benefits.total == found.totals.now.benefit
    reconciled(found)
