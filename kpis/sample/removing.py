"""Take the sample company out again: all of it, nothing else."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from kpis.access import audit
from kpis.access.models import Token, User
from kpis.definitions.models import Initiative
from kpis.ledger import changing
from kpis.sample import digest


@transaction.atomic
def remove_sample(*, by: User | Token | None, at: datetime) -> int:
    """Remove every initiative marked as sample with all that hangs on it. Answers how many initiatives went.

    Assumptions stay where a driver that stays rests on them, holidays stay (they are real).
    """
    sample = list(Initiative.objects.filter(is_sample=True))
    digest.remove_digests(by=by, at=at)
    for initiative in sample:
        changing.remove_initiative(initiative, by=by, at=at)
    audit.record("sample.removed", by=by, subject="sample", details={"initiatives": len(sample)}, at=at)
    return len(sample)
