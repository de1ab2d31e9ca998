"""How a KPI has been measured over time: a version for each change of what its numbers mean."""

from __future__ import annotations

from datetime import datetime

from kpis.access import audit
from kpis.access.models import Token, User
from kpis.definitions.models import Kpi, KpiVersion, Organisation

DEFINES_THE_MEASURE = {"unit", "direction", "aggregation", "interval"}


def versions_of(kpi: Kpi, organisation: Organisation) -> list[KpiVersion]:
    """Newest first. A KPI that was never measured otherwise has one, valid from the beginning."""
    return list(kpi.versions.all()) or [_standing(kpi, organisation)]


def keep_standing(kpi: Kpi, organisation: Organisation) -> None:
    """Write down how the KPI is measured now, before the first change of it."""
    if not kpi.versions.exists():
        _standing(kpi, organisation).save(force_insert=True)


def open_version(
    kpi: Kpi, organisation: Organisation, *, by: User | Token | None, at: datetime, reason: str
) -> KpiVersion:
    """A version as KPI and organisation stand now, valid from `at`; both were changed in the running transaction."""
    version = _standing(kpi, organisation)
    version.valid_from, version.actor, version.reason = at, audit.actor_of(by), reason
    version.save(force_insert=True)
    return version


def _standing(kpi: Kpi, organisation: Organisation) -> KpiVersion:
    measure = {name: getattr(kpi, name) for name in DEFINES_THE_MEASURE}
    zone, month = organisation.zone, organisation.fiscal_year_start
    return KpiVersion(kpi=kpi, version=kpi.version, **measure, zone=zone, fiscal_year_start=month, actor=audit.SYSTEM)
