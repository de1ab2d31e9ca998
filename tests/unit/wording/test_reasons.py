"""Reasons that lower rooms say in English reach a German reader in German."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.utils.translation import override

from kpis.wording.reasons import reason

KPIS = Path(__file__).resolve().parents[3] / "kpis"
WHERE = [
    *(KPIS / "calculations" / name for name in ("effect.py", "sequential.py", "investment.py", "internal_rate.py")),
    *(KPIS / "calculations" / name for name in ("modified_rate.py", "named_returns.py", "tei.py")),
    KPIS / "evaluation" / "outcome.py",
    *sorted((KPIS / "roi").glob("*.py")),
]


def sentences(path: Path) -> set[str]:
    """Every whole sentence that the module says, docstrings aside; a 7 for each part that varies."""
    tree = ast.parse(path.read_text())
    aside = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    aside |= {id(n.args[0]) for n in ast.walk(tree) if isinstance(n, ast.Call) and _is_translated(n)}
    joined = [n for n in ast.walk(tree) if isinstance(n, ast.JoinedStr)]
    aside |= {id(part) for node in joined for part in node.values}
    found = ["".join(p.value if isinstance(p, ast.Constant) else "7" for p in node.values) for node in joined]
    found += [
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in aside
    ]
    return {text for text in found if text.endswith(".") and " " in text}


def _is_translated(call: ast.Call) -> bool:
    """Refusals are said in the reader's language where they are raised."""
    return isinstance(call.func, ast.Name) and call.func.id == "_" and bool(call.args)


ALL = sorted(
    {
        text.replace("until 7", "until 2026-12-24").replace("on 7.", "on 2026-12-24.")
        for path in WHERE
        for text in sentences(path)
    }
)


def test_there_are_reasons():
    assert len(ALL) > 35


@pytest.mark.parametrize("said", ALL)
def test_each_reason_has_its_german_sentence(said):
    with override("de"):
        assert reason(said) != said


def test_what_varies_is_put_into_the_german_sentence():
    said = "Not enough data yet: 9 of 28 intervals since go-live. 19 more are needed, about until 2026-12-24."

    with override("de"):
        german = reason(said)

    assert german.endswith(
        "9 von 28 Intervallen seit dem Start. Es fehlen 19, etwa bis 24.\N{NO-BREAK SPACE}Dez.\N{NO-BREAK SPACE}2026."
    )


def test_a_name_is_put_in_as_it_is():
    said = "“Pilot {n} %s” in USD is not in the sum: no exchange rate holds on 2026-03-02."

    with override("de"):
        assert "„Pilot {n} %s“ in USD" in reason(said)


def test_in_english_a_reason_stays_as_it_was_said():
    with override("en"):
        assert reason("There are no costs yet.") == "There are no costs yet."


def test_a_sentence_that_nobody_has_listed_is_shown_all_the_same():
    with override("de"):
        assert reason("The moon was full.") == "The moon was full."
