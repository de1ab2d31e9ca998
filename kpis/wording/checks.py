"""The checks behind a control group as sentences: what was found, within which range, and what that means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from kpis.wording.amounts import decimals_for, share
from kpis.wording.units import difference

SHARES = {"%", "1"}  # told in points, with one decimal


def check_sentence(check: Mapping[str, Any], unit: str) -> str:
    """Of a check as `calculations.control_checks.Check`, in the reader's language and the KPI's unit."""
    if check["value"] is None:
        return _NOTHING_KNOWN[check["name"]]()
    digits = None if unit in SHARES else decimals_for(max(abs(check["low"]), abs(check["high"])), 2)
    said = {name: difference(check[name], unit, digits=digits) for name in ("value", "low", "high")}
    return _SAID[check["name"], check["status"]]().format(**said)


def ratio_sentence(details: Mapping[str, Any]) -> str:
    """The effect by ratio, where the groups differ in level: `ratio`, `ratio_low`, `ratio_high`, 0.8 is 20 % less."""
    ends = {name: share(details[member] - 1, plus=True) for name, member in _ENDS.items()}
    return _("The groups differ in level; compared by ratio the change is {value} (95%: {low} to {high}).").format(
        **ends
    )


_ENDS = {"value": "ratio", "low": "ratio_low", "high": "ratio_high"}
_NOTHING_KNOWN = {
    "pre_trend": lambda: _("Whether both groups moved alike before go-live needs 12 intervals that vary."),
    "placebo": lambda: _("A pretended go-live needs 12 intervals that vary."),
    "contamination": lambda: _("Whether the control group stayed as it was needs 12 intervals that vary."),
}
_SAID = {
    ("pre_trend", "ok"): lambda: _(
        "Before go-live the groups moved alike: their gap changed by {value} an interval (95%: {low} to {high})."
    ),
    ("pre_trend", "differs"): lambda: _(
        "Before go-live the groups already moved apart: by {value} an interval (95%: {low} to {high})."
    ),
    ("placebo", "ok"): lambda: _(
        "A pretended go-live in the middle of the baseline shows nothing: {value} (95%: {low} to {high})."
    ),
    ("placebo", "differs"): lambda: _(
        "A pretended go-live in the middle of the baseline shows an effect, too: {value} (95%: {low} to {high})."
    ),
    ("contamination", "ok"): lambda: _(
        "No sign that the control group uses the tool: it moved by {value} itself (95%: {low} to {high})."
    ),
    ("contamination", "differs"): lambda: _(
        "The control group moved the same way: {value} (95%: {low} to {high}). Does it use the tool too?"
    ),
}
