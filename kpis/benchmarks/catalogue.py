"""The catalogue of published figures (catalog.json) as rows: loaded whole or not at all, again and again unharmed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from kpis.access import audit
from kpis.benchmarks.models import Benchmark
from kpis.benchmarks.rules import Problem, problems_of

CATALOGUE: Final = Path(__file__).with_name("catalog.json")
# Published per hundred, while everywhere in the portal 0.15 is 15 %; how such a share is shown to people.
SHOWN: Final = {"%": "1", "pp": "pp"}
COLUMNS: Final = (
    "metric", "kind", "unit", "direction", "evidence_grade", "data_year", "review_after", "entry", "is_catalogue",
)  # fmt: skip


class CatalogueUnsound(ValueError):
    """The file breaks rules; nothing was loaded. `problems` names each."""

    def __init__(self, problems: list[Problem]) -> None:
        said = "; ".join(f"{p.entry} {p.attr}: {p.detail}" for p in problems[:5])
        super().__init__(f"The benchmark catalogue has {len(problems)} problems: {said}")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many rows are new, were changed, and were retired because the file does not have them any more."""

    new: int
    changed: int
    retired: int


@transaction.atomic
def load(*, at: datetime, path: Path = CATALOGUE) -> Loaded:
    """Bring the rows in step with the file; figures of the house stay as they are, even under the same name.

    Refuses (CatalogueUnsound) a file that breaks a rule.
    """
    document = read(path)
    standing = {row.slug: row for row in Benchmark.objects.select_for_update()}
    wanted = {entry["id"]: row_of(entry) for entry in document["entries"]}
    of_house = {slug for slug, row in standing.items() if not row.is_catalogue}
    new = [row for slug, row in wanted.items() if slug not in standing]
    changed = [
        row
        for slug, row in wanted.items()
        if slug in standing and slug not in of_house and _differs(row, standing[slug])
    ]
    retired = [row.pk for slug, row in standing.items() if slug not in wanted and slug not in of_house]
    for row in changed:
        row.pk = standing[row.slug].pk
    Benchmark.objects.bulk_create(new)
    Benchmark.objects.bulk_update(changed, COLUMNS)
    Benchmark.objects.filter(pk__in=retired).delete()
    loaded = Loaded(len(new), len(changed), len(retired))
    if new or changed or retired:
        details = {"new": loaded.new, "changed": loaded.changed, "retired": loaded.retired}
        subject = f"catalogue:{document['compiled_on']}"
        audit.record("catalogue.loaded", by=None, subject=subject, details=details, at=at)
    return loaded


def read(path: Path = CATALOGUE) -> dict[str, Any]:
    """The file, checked. Refuses (CatalogueUnsound) numbers that JSON does not have, names twice, broken rules."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    problems = problems_of_catalogue(document)
    if problems:
        raise CatalogueUnsound(problems)
    return document


def problems_of_catalogue(document: Mapping[str, Any]) -> list[Problem]:
    """Everything that is wrong in the whole file."""
    entries = document["entries"]
    counted = Counter(str(entry.get("id")) for entry in entries)
    twice = [Problem(name, "id", "not_unique", "This name stands twice.") for name, n in counted.items() if n > 1]
    return twice + [problem for entry in entries for problem in problems_of(entry)]


def row_of(entry: Mapping[str, Any]) -> Benchmark:
    """A row that is not stored yet, its percentages turned into shares: here, and nowhere else."""
    stored = dict(entry)
    if entry["unit"] in SHOWN:
        stored |= {"statistic": _in_shares(entry["statistic"]), "unit": "1", "shown_unit": SHOWN[entry["unit"]]}
    elif entry["unit"] == "1":
        stored["shown_unit"] = "×"  # a plain ratio: three and a half times, not 350 %
    return Benchmark(
        slug=entry["id"],
        metric=entry["metric"],
        kind=entry["kind"],
        unit=stored["unit"],
        direction=entry["direction"],
        evidence_grade=entry["evidence_grade"],
        data_year=entry["data_year"],
        review_after=date.fromisoformat(entry["review_after"]),
        entry=stored,
        is_catalogue=True,
    )


def _in_shares(statistic: Mapping[str, Any]) -> dict[str, Any]:
    """Every number that is in the entry's unit; shares of a population (`p`, `level`) are shares already."""
    found = dict(statistic)
    for name in ("value", "low", "high", "sd", "se"):
        found[name] = _share(statistic[name])
    if statistic["ci"]:
        found["ci"] = {
            **statistic["ci"],
            "low": _share(statistic["ci"]["low"]),
            "high": _share(statistic["ci"]["high"]),
        }
    for name in ("quantiles", "groups"):
        if statistic[name]:
            found[name] = [{**step, "value": _share(step["value"])} for step in statistic[name]]
    return found


def _share(percent: float | None) -> float | None:
    """15 as 0.15, digit by digit: a division of doubles would make 0.07 of 7 only by luck."""
    return None if percent is None else float(Decimal(str(percent)) / 100)


def _differs(row: Benchmark, standing: Benchmark) -> bool:
    return any(getattr(row, name) != getattr(standing, name) for name in COLUMNS)


def _no_number(text: str) -> None:
    raise CatalogueUnsound([Problem("?", "statistic", "not_a_number", f"{text} is no number.")])
