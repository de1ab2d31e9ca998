"""The one form of samples that carry a metric's name and labels, between their decoders and the mapping to KPIs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

NAME = "__name__"
MOST_LABELS = 64
LONGEST_LABEL_NAME, LONGEST_LABEL_VALUE = 128, 1_000

# counter: a total that only grows until it starts anew. delta: what was added since the sample before.
Kind = Literal["counter", "gauge", "delta", "unknown"]
Labels = tuple[tuple[str, str], ...]  # sorted by name, the metric's own name under NAME, no empty values


@dataclass(frozen=True, slots=True)
class NamedSamples:
    """n samples of m series in the order in which they were sent, unchecked.

    labels : of each series; None where they are none that a series can have. kinds : of each series.
    series : int32, shape (n,), index into them. at_us : int64, microseconds since 1970 UTC. value : float64.
    ended : bool, shape (n,), samples that say that the series has ended (Prometheus' stale marker); their value is NaN.
    """

    labels: Sequence[Labels | None]
    kinds: Sequence[Kind]
    series: NDArray[np.int32]
    at_us: NDArray[np.int64]
    value: NDArray[np.float64]
    ended: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.at_us)


def sound_labels(pairs: Sequence[tuple[str, str]]) -> Labels | None:
    """The labels in order; None without a metric's name, with a name twice, too long, or text that is not storable.

    A label with an empty value is one that is not there.
    """
    found = dict(pairs)
    if len(found) < len(pairs) or not found.get(NAME) or "" in found:
        return None
    kept = tuple(sorted((name, value) for name, value in pairs if value))
    sound = len(kept) <= MOST_LABELS and all(
        len(name) <= LONGEST_LABEL_NAME and len(value) <= LONGEST_LABEL_VALUE and "\x00" not in name + value
        for name, value in kept
    )
    return kept if sound else None


def as_text(labels: Labels) -> str:
    """As Prometheus writes a series: `up{job="node"}`."""
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels if name != NAME)
    name = dict(labels).get(NAME, "")
    return f"{name}{{{inner}}}" if inner else name


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
