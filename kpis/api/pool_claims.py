"""The claims on a pool as JSON."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from kpis.api.statements import money
from kpis.definitions import organisation
from kpis.ledger.pools import findings
from kpis.ledger.pools.models import Apart
from kpis.ledger.pools.reading import Claimed, Month, PoolAccount
from kpis.ledger.pools.told import told


def claims_shown(account: PoolAccount) -> dict[str, Any]:
    """As `pool_forms.CLAIMS`."""
    return {
        "pool": account.pool.pk,
        "slug": account.pool.slug,
        "share": float(account.share),
        "claims": [
            {
                "driver": {"id": c.driver.pk, "name": c.driver.name, "initiative": c.driver.initiative.slug},
                "evidence_grade": c.evidence_grade or None,
                "currency": c.driver.initiative.currency,
                **_sums(c.sum),
            }
            for c in account.claimants
        ],
        "months": [_month(month) for month in account.months],
        "apart": [_apart(decision) for decision in account.apart],
        "findings": [_finding(finding) for finding in findings.findings_of(account)],
        "others_not_in_sight": account.hidden,
    }


def _sums(found: Claimed) -> dict[str, Any]:
    return {
        "claimed": money(found.claimed),
        "counted": money(found.counted),
        "quantity_claimed": float(round(found.quantity_claimed, 4)),
        "quantity_counted": float(round(found.quantity_counted, 4)),
    }


def _month(month: Month) -> dict[str, Any]:
    return {
        "month": f"{month.first:%Y-%m}",
        "capacity": None if month.capacity is None else float(month.capacity),
        "limit": None if month.limit is None else float(month.limit),
        "over_capacity": month.is_over,
        "lines": [{"driver": driver.pk, **_sums(line)} for driver, line in month.lines],
    }


def _apart(decision: Apart) -> dict[str, Any]:
    zone = ZoneInfo(organisation.current().zone)
    return {
        "first": decision.first_id,
        "second": decision.second_id,
        "reason": decision.reason,
        "decided_by": decision.decided_by.get_username() if decision.decided_by else None,
        "decided_at": decision.decided_at.astimezone(zone).isoformat(),
    }


def _finding(finding: findings.Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "detail": told(finding).sentence,
        "initiatives": [initiative.slug for initiative in finding.initiatives],
        "drivers": [driver.pk for driver in finding.drivers],
        "amount": None if finding.amount is None else money(finding.amount),
        "currency": finding.currency,
    }
