"""A small house of two initiatives with money, and people who see both or one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from kpis.access.models import User
from kpis.definitions.models import Initiative
from kpis.digests import changing, delivery, schedule
from kpis.digests.models import Digest, Edition
from kpis.plumbing.models import OutboxMail
from tests.factories import (
    CostEntryFactory,
    EffectFactory,
    InitiativeFactory,
    KpiFactory,
    LedgerEntryFactory,
    OrganisationFactory,
    UserFactory,
    ValueDriverFactory,
)

FRIDAY = datetime(2026, 6, 5, 9, tzinfo=UTC)  # in week 23
MONDAY = datetime(2026, 6, 8, 5, tzinfo=UTC)  # 07:00 in Berlin: reports week 23, from the 1st of June


@dataclass
class House:
    """`both` sees everything, `one` only Support."""

    support: Initiative
    legal: Initiative
    both: User
    one: User

    def digest(self, *people: User, **fields: object) -> Digest:
        given = {
            "slug": "board",
            "name": "Board",
            "weekday": 0,
            "at": time(7),
            "zone": "Europe/Berlin",
            "language": "en",
        }
        return changing.create_digest(given | fields, recipients=people, by=self.both, at=FRIDAY)


def earning(name: str, *, amount: str, days: int = 90, **fields: object) -> Initiative:
    """An initiative that has cost 10,000 once and brings `amount` on each day since go-live, up to the 30th of May."""
    initiative = InitiativeFactory(name=name, go_live_on=date(2026, 3, 2), **fields)
    kpi = KpiFactory(initiative=initiative)
    effect = EffectFactory(kpi=kpi, counterfactual={})
    driver = ValueDriverFactory(kpi=kpi)
    CostEntryFactory(initiative=initiative)
    start = datetime(2026, 3, 1, 23, tzinfo=UTC)
    for k in range(days):
        at = start + timedelta(days=k) - (timedelta(hours=1) if k >= 28 else timedelta(0))  # summer time
        LedgerEntryFactory(
            driver=driver,
            baseline=effect.baseline,
            interval_start=at,
            interval_end=_next_midnight(at),
            amount=Decimal(amount),
        )
    return initiative


def _next_midnight(at: datetime) -> datetime:
    from kpis.calculations.intervals import Calendar, Granularity

    return Calendar("Europe/Berlin", 1).end_of(at, Granularity.DAY)


@pytest.fixture
def house() -> House:
    OrganisationFactory(name="Musterwerk Pumps", zone="Europe/Berlin")
    support = earning("Support triage", amount="200.25", days=95, slug="support", owner="Head of Service")
    legal = earning("Contract review", amount="-40.50", days=95, slug="legal", owner="Head of Legal")
    return House(
        support,
        legal,
        UserFactory(role=User.Role.ADMINISTRATOR, username="both"),
        UserFactory(username="one", initiatives=[support]),
    )


def made(*, at: datetime = MONDAY) -> list[Edition]:
    """Everything that is due at `at`, through to the outbox."""
    schedule.claim_due(at=at)
    for pk in delivery.waiting(at=at):
        delivery.deliver_once(pk, at=at)
    return list(Edition.objects.select_related("mail", "user", "digest").order_by("user__username", "due_at"))


def mail_of(user: User, **options: object) -> OutboxMail:
    return next(edition.mail for edition in made(**options) if edition.user_id == user.pk)
