"""Where one stands among one's own kind, of whom nobody may be recognised: quartiles of enough others, or nothing.

The quartiles are of the others without oneself, by linear interpolation between their ordered values (type 7 of
Hyndman & Fan 1996), and one's place among them is said as beside published quartiles (`position`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kpis.calculations.defaults import PEERS_FEWEST
from kpis.calculations.position import Direction, Position, Reading, among_quantiles

SHARES = (0.25, 0.5, 0.75)  # no least and no greatest: those would be one of them


@dataclass(frozen=True, slots=True)
class AmongPeers:
    """`peers`: how many others; `quartiles`: (share at or below, value) of them."""

    peers: int
    quartiles: tuple[tuple[float, float], ...]
    position: Position


def among_peers(own: Reading, others: Sequence[float], direction: Direction) -> AmongPeers | None:
    """The own value among the others', in one unit; None where there are fewer than `PEERS_FEWEST` of them."""
    if len(others) < PEERS_FEWEST.value:
        return None
    values = np.quantile(np.array(others, np.float64), SHARES)
    quartiles = tuple((share, float(value)) for share, value in zip(SHARES, values, strict=True))
    return AmongPeers(len(others), quartiles, among_quantiles(own, quartiles, direction))
