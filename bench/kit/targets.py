"""Several ways to do the same thing, measured side by side in rounds that take turns."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.kit.accounting import Meter


@dataclass(slots=True)
class Target:
    """One way: what a request does, whose processor time counts, how many requests a round, how many units each.

    A round's bodies are built before it, so that the client's work does not come between two requests.
    """

    name: str
    build: Callable[[int], bytes]  # by the number of the request, which no two of a target share
    send: Callable[[bytes], object]
    roots: tuple[int, ...]
    requests: int
    units: int = 1  # of a request: points, pages
    before: Callable[[], None] = lambda: None  # a round, not counted
    background: Callable[[], float] = lambda: 0.0  # work that requests leave; answers seconds besides those of `roots`
    every: int = 0  # requests between two runs of `background`; 0: never
    wall: list[float] = field(default_factory=list)  # microseconds a unit, one for each round
    cpu: list[float] = field(default_factory=list)
    sent: int = 0

    def run_round(self) -> None:
        bodies = [self.build(number) for number in range(self.sent, self.sent + self.requests)]
        self.before()
        elsewhere = 0.0
        with Meter(self.roots) as used:
            for number, body in enumerate(bodies, 1):
                self.send(body)
                if self.every and number % self.every == 0:
                    elsewhere += self.background()
        self.sent += self.requests
        self.wall.append(used.wall / self.requests / self.units * 1e6)
        self.cpu.append((used.cpu + elsewhere) / self.requests / self.units * 1e6)


def run_rounds(targets: Sequence[Target], rounds: int) -> None:
    """So many rounds of all targets, one after the other, after one that warms up and does not count."""
    for round_number in range(rounds + 1):
        for target in targets:
            target.run_round()
            if round_number == 0:
                target.wall.clear()
                target.cpu.clear()


def cpu(target: Target) -> float:
    """Microseconds of processor time a unit: the median of the rounds."""
    return statistics.median(target.cpu)


def wall(target: Target) -> float:
    return statistics.median(target.wall)
