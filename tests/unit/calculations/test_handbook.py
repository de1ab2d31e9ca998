"""What the engine says of itself is complete and says it in sentences."""

from __future__ import annotations

import pkgutil

import pytest

import kpis.calculations
from kpis.calculations.handbook import CHAPTERS, Block, blocks_of, chapters

# What holds figures or chosen numbers, and calculates nothing that a reader could check.
HOLDERS = {"answer", "comparison", "defaults", "handbook", "series"}
ENTRIES = [entry for entries in chapters().values() for entry in entries]


def test_every_module_of_the_engine_stands_in_one_chapter():
    modules = {module.name for module in pkgutil.iter_modules(kpis.calculations.__path__)}
    named = [name for names in CHAPTERS.values() for name in names]
    assert len(named) == len(set(named))
    assert set(named) == modules - HOLDERS


@pytest.mark.parametrize("module", ENTRIES, ids=lambda entry: entry.name)
def test_each_module_and_each_of_its_functions_explains_itself(module):
    assert len(module.title) > 30
    for function in module.functions:
        assert function.title and "None" not in function.title[:5]


def test_a_formula_stays_as_it_was_set_and_a_paragraph_becomes_one_line():
    said = """Mean of `x`.

        x̄ = Σx/n
          n at least 1

    Refuses (ValueError)
    nothing.
    """
    assert blocks_of(said) == (
        Block("Mean of x.", False),
        Block("x̄ = Σx/n\n  n at least 1", True),
        Block("Refuses (ValueError) nothing.", False),
    )


def test_the_formula_of_an_engine_is_the_one_above_its_code():
    regression = next(entry for entry in ENTRIES if entry.name == "regression")
    assert Block("y = Xβ + u,   u_t = φ·u_{t−1} + ε_t", True) in regression.blocks
    assert "reml_ar1(y, x, gaps)" in [function.name for function in regression.functions]
