"""What the page of an initiative says about the pools on which it draws."""

from __future__ import annotations

from kpis.access.rights import Actor
from kpis.definitions.models import Initiative
from kpis.ledger.pools import findings, reading
from kpis.ledger.pools.reading import PoolAccount
from kpis.ledger.pools.told import Told, told


def pools_of(initiative: Initiative, actor: Actor) -> list[tuple[PoolAccount, list[Told]]]:
    """Each pool on which it draws, with what is not in order between it and others."""
    pools = list(reading.pools_seen_by(actor).filter(drivers__initiative=initiative).distinct())
    accounts = reading.accounts_of(pools, actor) if pools else []
    return [
        (account, [told(each) for each in findings.findings_of(account) if initiative in each.initiatives])
        for account in accounts
    ]
