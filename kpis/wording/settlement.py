"""How far costs are settled, in words."""

from __future__ import annotations

from collections.abc import Mapping

from kpis.wording.amounts import share
from kpis.wording.verdicts import SETTLEMENTS

SURE_FIRST = ("reconciled", "invoiced", "estimated")


def settlement_said(shares: Mapping[str, float] | None) -> str:
    """`82% reconciled, 12% invoiced, 6% estimated`: what is settled best first; empty while there are no costs."""
    if shares is None:
        return ""
    return ", ".join(f"{share(shares[name], digits=0)} {SETTLEMENTS[name]}" for name in SURE_FIRST if shares[name])
