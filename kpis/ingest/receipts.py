"""What became of a batch: how many points were stored, and for each that was not, why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["all_stored", "some_stored", "none_stored"]


@dataclass(frozen=True, slots=True)
class Rejected:
    """One point that was not stored: its place in the request from 0, a code, a sentence, the member at fault."""

    index: int
    code: str
    detail: str
    attr: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The counts of one batch: `received` is the sum of all others.

    accepted : new points. replaced : identities that were there with another value, and all but the last of equal
    identities in the batch. unchanged : there already, word for word. withheld : good points that were not stored
    because the sender wanted all or nothing (0 otherwise).
    """

    received: int
    accepted: int = 0
    replaced: int = 0
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    withheld: int = 0

    @property
    def outcome(self) -> Outcome:
        if not self.rejected:
            return "all_stored"
        if self.withheld or len(self.rejected) == self.received:
            return "none_stored"
        return "some_stored"

    def as_json(self) -> dict[str, object]:
        """The members of the answer; msgspec writes the rejected points as they are."""
        answer: dict[str, object] = {
            "received": self.received,
            "accepted": self.accepted,
            "replaced": self.replaced,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
        }
        if self.withheld:
            answer["withheld"] = self.withheld
        return answer
