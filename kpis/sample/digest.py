"""The sample company's weekly mail to its steering committee, with a first edition at once."""

from __future__ import annotations

from datetime import datetime, time

from django.db import transaction

from kpis.access import people
from kpis.definitions import organisation
from kpis.definitions.models import Initiative
from kpis.digests import changing
from kpis.digests.models import Digest

SLUG = "steering-committee"


@transaction.atomic
def ensure_digest(*, at: datetime) -> None:
    """Where there is a sample company and no digest yet: one to the administrator, Mondays at seven."""
    administrator = people.first_administrator()
    if administrator is None or Digest.objects.exists() or not Initiative.objects.filter(is_sample=True).exists():
        return
    house = organisation.current()
    fields = {
        "slug": SLUG,
        "name": "Steering committee",
        "weekday": 0,
        "at": time(7),
        "zone": house.zone,
        "language": house.language,
        "is_sample": True,
    }
    digest = changing.create_digest(fields, recipients=[administrator], by=administrator, at=at)
    changing.request_edition(digest, for_whom=administrator, by=administrator, at=at)


def remove_digests(*, by: object, at: datetime) -> None:
    """The sample's digests with all that they told: made-up figures shall not stay."""
    for digest in Digest.objects.filter(is_sample=True):
        changing.delete_digest(digest, by=by, at=at)  # type: ignore[arg-type]
