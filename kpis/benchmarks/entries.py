"""What the house says of a figure of its own, as an entry of the catalogue: the same members, the same rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CODES = {"industry": "industry_code", "business_function": "function_code", "technology": "technology_code"}
TEXTS = ("definition", "region", "method", "caveats", "verification", "kpi_category", "peer_reviewed")
DEFAULTS: dict[str, Any] = {
    "kpi_category": "efficiency", "industry": "all", "business_function": "all", "technology": "process_level",
    "region": "global", "population": {}, "peer_reviewed": False, "verification": "secondary", "caveats": "",
}  # fmt: skip


def entry_of(
    fields: Mapping[str, Any], *, standing: Mapping[str, Any] | None = None, in_parts: bool = False
) -> dict[str, Any]:
    """A checked body as an entry of the catalogue.

    On a change the members that were not sent stay; `in_parts`: those of statistic, population and source as well.
    """
    before = _as_sent(standing or {})
    given = {**DEFAULTS, **before, **fields}
    if in_parts:
        for name in ("statistic", "population", "source"):
            given[name] = {**before.get(name, {}), **given[name]}
    population = {"description": "", "n": None, "n_unit": ""} | dict(given["population"])
    source = {"url": "", "doi": None} | dict(given["source"])
    source.setdefault("url_kind", "read" if source["url"] else "publisher_site")
    entry = {"id": given["slug"], "population": population, "source": source, "verified": given.get("verified", "")}
    for name in ("metric", "kind", "unit", "direction", "evidence_grade", "data_year", "review_after", "statistic"):
        entry[name] = given[name]
    entry |= {name: given[name] for name in TEXTS}
    for name, code in CODES.items():
        entry |= {name: given[name].replace("_", " "), code: given[name]}
    return entry


def _as_sent(entry: Mapping[str, Any]) -> dict[str, Any]:
    if not entry:
        return {}
    return {**entry, "slug": entry["id"], **{name: entry[code] for name, code in CODES.items()}}
