"""Take the sample company out again: all of it, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from kpis.access import audit
from kpis.access.models import AuditEvent, Token, User
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.models import Initiative, Kpi
from kpis.digests.models import Digest
from kpis.ledger import changing, closing
from kpis.ledger.models import LedgerEntry
from kpis.ledger.pools import stating
from kpis.measurements.models import Measurement
from kpis.roi import snapshots
from kpis.sample import digest

REMOVED = "sample.removed"


@dataclass(frozen=True, slots=True)
class Planted:
    """What of the sample is here, counted; `initiatives` in order of their names."""

    initiatives: tuple[Initiative, ...]
    kpis: int
    measurements: int
    entries: int
    digests: int


def planted() -> Planted:
    """All that `remove_sample` would take away."""
    return Planted(
        tuple(Initiative.objects.filter(is_sample=True).order_by("name")),
        Kpi.objects.filter(initiative__is_sample=True).count(),
        Measurement.objects.filter(series__kpi__initiative__is_sample=True).count(),
        LedgerEntry.objects.filter(initiative__is_sample=True).count(),
        Digest.objects.filter(is_sample=True).count(),
    )


def was_removed() -> bool:
    """Whether somebody has taken a sample out of this portal: it does not come back by itself."""
    return AuditEvent.objects.filter(what=REMOVED).exists()


@transaction.atomic
def remove_sample(*, by: User | Token | None, at: datetime) -> int:
    """Remove every initiative marked as sample with all that hangs on it. Answers how many initiatives went.

    Assumptions stay where a driver that stays rests on them, holidays stay (they are real). Refuses (ChangeRefused,
    `sample_in_use`) while a value driver of one's own takes its volume from the sample.
    """
    sample = list(Initiative.objects.filter(is_sample=True))
    if not sample:
        return 0
    digest.remove_digests(by=by, at=at)
    try:
        for initiative in sample:
            changing.remove_initiative(initiative, by=by, at=at)
    except ProtectedError as held:
        names = ", ".join(sorted(f"“{row}”" for row in held.protected_objects))
        why = _("Something of your own still rests on the sample: %(names)s. Change or delete it first.")
        raise ChangeRefused("sample_in_use", why % {"names": names}) from held
    closing.forget_sample_periods()
    stating.forget_sample_pools()
    snapshots.forget_sample_snapshots()
    audit.record(REMOVED, by=by, subject="sample", details={"initiatives": len(sample)}, at=at)
    return len(sample)
