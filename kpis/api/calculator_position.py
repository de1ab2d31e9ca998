"""The calculator of a position: a body's figures through `calculations.position`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kpis.api.refusal import Refusal
from kpis.calculations import position
from kpis.calculations.position import Position, Reading

FORMS = gettext_noop("Send exactly one of: quantiles; mean and sd; point, with low and high where known; low and high.")


def position_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Refuses (Refusal 400) no or several forms, and figures that contradict each other."""
    given = {name: value for name, value in asked.items() if value is not None}
    if ("value_low" in given) != ("value_high" in given):
        raise Refusal(400, "half_a_range", _("A range has two ends."), attr="value_low")
    try:
        own = Reading(given["value"], given.get("value_low"), given.get("value_high"))
    except ValueError:
        raise Refusal(400, "not_in_order", _("The range must hold the value."), attr="value_low") from None
    return _shown(_placed(own, given))


def _placed(own: Reading, given: Mapping[str, Any]) -> Position:
    form, direction = _form(given), given["direction"]
    try:
        match form:
            case "quantiles":
                return position.among_quantiles(own, given["quantiles"], direction)
            case "mean":
                share = given.get("is_share", False)
                return position.among_normal(own, given["mean"], given["sd"], direction, is_share=share)
            case "point":
                interval = (given["low"], given["high"]) if "low" in given else None
                return position.beside_point(own, given["point"], direction, published=interval)
        return position.beside_range(own, given["low"], given["high"], direction)
    except ValueError as error:
        sentence = _("These figures contradict each other: %(why)s.") % {"why": str(error)}
        raise Refusal(400, "contradiction", sentence, attr=form) from error


def _form(given: Mapping[str, Any]) -> str:
    """Which of the four forms was sent, named by its first member."""
    forms = [name for name in ("quantiles", "mean", "point") if name in given]
    if "sd" in given and "mean" not in given:
        forms.append("sd")
    if "low" in given or "high" in given:
        if ("low" in given) != ("high" in given):
            raise Refusal(400, "half_a_range", _("A range has two ends."), attr="low")
        if forms != ["point"]:
            forms.append("low")
    if len(forms) != 1 or forms == ["sd"] or (forms == ["mean"] and "sd" not in given):
        raise Refusal(400, "no_single_form", _(FORMS))
    return forms[0]


def _shown(found: Position) -> dict[str, Any]:
    members: dict[str, Any] = {
        "position": found.position,
        "percentile": found.percentile,
        "bounds": found.bounds,
        "exactness": found.exactness,
        "difference": found.difference,
    }
    known = {
        "percentile": "No percentile can be claimed.",
        "bounds": "Neither the published figure nor a range of the own value gives bounds.",
        "difference": "There is no single published figure.",
    }
    return members | {"reasons": {n: found.reasons.get(n, known[n]) for n, v in members.items() if v is None}}
