"""The engine in its own words: what each module and each of its functions says of itself, for whoever wants to check.

Reads docstrings, so what a page shows of a formula is what stands above the code that computes it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Final

CHAPTERS: Final[dict[str, tuple[str, ...]]] = {
    "measured": ("intervals", "aggregation", "merging", "sampling", "sketch", "units"),
    "effect": (
        "choice", "season", "regression", "difference", "interrupted", "count_series", "difference_in_differences",
        "log_differences", "control_checks", "estimate", "counterfactual", "effect", "sequential", "sufficiency",
        "countdown", "multiplicity", "level", "movement", "change_point",
    ),
    "money": (
        "money", "investment", "internal_rate", "modified_rate", "named_returns", "tei", "planned", "bridge", "scaling",
        "assumptions", "streams", "pricing", "tracing", "overlap",
    ),
    "position": ("position", "peers"),
    "comparison": (
        "welch", "variation", "ratios", "cuped", "proportions", "poisson", "ranks", "bootstrap", "ab_test", "dunnett",
    ),
    "model": ("control_chart", "run_rules", "drift", "fairness"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or a formula as it was set."""

    text: str
    is_formula: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A module, or a function as it is called: its first sentence, what follows, and a module's public functions."""

    name: str
    title: str
    blocks: tuple[Block, ...]
    functions: tuple[Entry, ...] = ()


@cache
def chapters() -> dict[str, tuple[Entry, ...]]:
    """The modules of each chapter, in the order in which a number comes to be."""
    return {key: tuple(_module(name) for name in names) for key, names in CHAPTERS.items()}


def blocks_of(docstring: str) -> tuple[Block, ...]:
    """Paragraphs and formulas of a docstring; a formula is what is set in by four spaces."""
    found = []
    for part in inspect.cleandoc(docstring).split("\n\n"):
        lines = [line for line in part.split("\n") if line.strip()]
        is_formula = bool(lines) and all(line.startswith("    ") for line in lines)
        text = inspect.cleandoc("\n" + part) if is_formula else " ".join(line.strip() for line in lines)
        if text:
            found.append(Block(text if is_formula else text.replace("`", ""), is_formula))
    return tuple(found)


def _module(name: str) -> Entry:
    module = import_module(f"kpis.calculations.{name}")
    return _entry(name, module, tuple(_entry(_call(one), one) for one in _functions(module)))


def _entry(name: str, documented: Any, functions: tuple[Entry, ...] = ()) -> Entry:
    first, *rest = blocks_of(documented.__doc__ or "") or (Block("", False),)
    return Entry(name, first.text, tuple(rest), functions)


def _functions(module: Any) -> Iterator[Callable[..., Any]]:
    """Public, defined here, in the order of the file; those without a word of their own explain themselves."""
    own = [one for _, one in inspect.getmembers(module, inspect.isfunction) if one.__module__ == module.__name__]
    for one in sorted(own, key=lambda one: one.__code__.co_firstlineno):
        if not one.__name__.startswith("_") and one.__doc__:
            yield one


def _call(function: Callable[..., Any]) -> str:
    return f"{function.__name__}({', '.join(inspect.signature(function).parameters)})"
