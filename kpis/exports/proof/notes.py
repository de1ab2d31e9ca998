"""What stands beside the figures in words: what the file is, and how each method works, in the engine's own words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from django.utils.translation import gettext

from kpis.calculations import handbook
from kpis.ledger import adjusting, valuation
from kpis.wording import marks

# By the method of evaluation that entries name; what every figure rests on stands in ALWAYS.
METHODS = {
    "welch": ("difference", "regression"),
    "ar1": ("difference", "regression"),
    "its": ("interrupted", "regression"),
    "did": ("difference_in_differences", "regression"),
    "declared": (),
}
ALWAYS = (
    "intervals", "aggregation", "counterfactual", "effect", "money", "tracing", "streams", "investment",
    "internal_rate",
)  # fmt: skip


def readme(name: str, *, period: str, sample: bool) -> Iterator[bytes]:
    """What the file is and how to check it, in the reader's language."""
    title = gettext("Proof file: %(initiative)s") % {"initiative": name}
    lines = [f"{title}, {period}" if period else title]
    if sample:
        lines.append(f"{marks.SAMPLE.word!s}: {marks.SAMPLE.meaning!s}".upper())
    lines += [
        gettext("Everything that the figures in statement.json rest on. With Python 3.9 or newer, and nothing else:"),
        "    python3 -I recompute.py",
        gettext(
            "It checks every file against manifest.json and recomputes each amount, the payments, the sums, ROI, NPV "
            "and payback to the cent; where something differs it says what and ends with 1."
        ),
        gettext(
            "Who writes files, manifest and script anew deceives the script, but not the portal: it has written down "
            "the SHA-256 of manifest.json in its audit trail, and says on the initiative's page whether it knows one."
        ),
        gettext(
            "Not recomputed here: what would have been without AI where a regression says so, and the 80 % range, "
            "which is drawn. How both come to be is in methods.txt; the values that they rest on are in the tables."
        ),
        gettext(
            "Nor what counts of a claim on hours or money on which other initiatives draw too: it rests on their "
            "claims, which are not in this file. The columns claimed and counted say where it is less."
        ),
        _contents(),
    ]
    yield "\n\n".join(lines).encode() + b"\n"


def _contents() -> str:
    told = {
        "statement.json": gettext("the figures, as of when, of which period, for whom"),
        "entries.csv": gettext("each entry of the ledger with all its terms, adjustments after what they correct"),
        "traces.csv": gettext("what follow-up KPIs show of the freed time among these entries, interval by interval"),
        "intervals.csv": gettext(
            "the interval values behind the entries and how many measurements each has, as of now"
        ),
        "baselines.csv": gettext("each baseline, who wrote and who approved it, and the method chosen on it"),
        "baseline_values.csv": gettext("the values of its window"),
        "assumptions.csv": gettext("each value driver's terms: low, likely, high, owner and source"),
        "costs.csv": gettext("each payment, with the exchange rate by which it was converted"),
        "methods.txt": gettext("how each method works"),
    }
    return "\n".join(f"{name:<21}{what}" for name, what in told.items())


def methods(used: Collection[str]) -> Iterator[bytes]:
    """The engine's docstrings for the methods that these entries name, and for what all of them rest on."""
    names = [*ALWAYS[:4], *(name for method in sorted(used) for name in METHODS.get(method, ())), *ALWAYS[4:]]
    entries = {entry.name: entry for chapter in handbook.chapters().values() for entry in chapter}
    yield f"{valuation.amount_of.__doc__}\n\n{adjusting.__doc__}\n".encode()
    for name in dict.fromkeys(names):
        yield "\n".join(_told([entries[name]], "=")).encode()


def _told(entries: Iterable[handbook.Entry], line: str) -> Iterator[str]:
    for entry in entries:
        yield f"\n{entry.name}\n{line * len(entry.name)}\n{entry.title}\n"
        for block in entry.blocks:
            yield f"    {block.text}\n" if block.is_formula else f"{block.text}\n"
        yield from _told(entry.functions, "-")
