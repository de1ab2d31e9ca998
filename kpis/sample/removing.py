"""Take the sample company out again: all of it, nothing else."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from kpis.access import audit
from kpis.access.models import Token, User
from kpis.definitions import changing
from kpis.definitions.models import Initiative
from kpis.ledger.models import Assumption, ValueDriver


@transaction.atomic
def remove_sample(*, by: User | Token | None, at: datetime) -> int:
    """Remove every initiative marked as sample with all that hangs on it. Answers how many initiatives went.

    Assumptions go where no driver that stays rests on them, holidays stay (they are real).
    """
    sample = list(Initiative.objects.filter(is_sample=True))
    drivers = ValueDriver.objects.filter(initiative__in=sample)
    used = {pk for row in drivers.values_list("unit_value", "realisation", "attribution") for pk in row}
    for initiative in sample:
        changing.delete(initiative, by=by, at=at)
    kept = {pk for row in ValueDriver.objects.values_list("unit_value", "realisation", "attribution") for pk in row}
    Assumption.objects.filter(pk__in=used - kept).delete()
    audit.record("sample.removed", by=by, subject="sample", details={"initiatives": len(sample)}, at=at)
    return len(sample)
