"""The words of a comparison between the business units of one house."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext

from kpis.wording.amounts import number, share
from kpis.wording.positions import figure_text


def among_text(position: str, percentile: float | None, peers: int) -> str:
    """`Better than 62% of 7 other business units.`"""
    if percentile is not None:
        text = gettext("Better than {share} of {peers} other business units.")
        return text.format(share=share(percentile, digits=0), peers=number(peers))
    said = {
        "best": gettext("Among the best quarter of {peers} other business units, or ahead of them all."),
        "worst": gettext("Among the last quarter of {peers} other business units, or behind them all."),
        "ahead": gettext("Ahead of the middle of {peers} other business units."),
        "behind": gettext("Behind the middle of {peers} other business units."),
    }
    return said.get(position, gettext("Level with {peers} other business units.")).format(peers=number(peers))


def quartiles_text(quartiles: Sequence[tuple[float, float]], unit: str) -> str:
    """`A quarter of them at 8.1 min or below, half at 9.4 min, three quarters at 11 min.`"""
    text = gettext("A quarter of them at {low} or below, half at {middle}, three quarters at {high}.")
    low, middle, high = (figure_text(value, unit) for _, value in quartiles)
    return text.format(low=low, middle=middle, high=high)


def why_no_peers(reason: str, fewest: int) -> str:
    """Why units are not compared; it does not say how many there are, since that would tell of the hidden ones."""
    said = {
        "no_business_unit": gettext("The initiative names no business unit, so it is compared with none."),
        "too_early": gettext("There is no figure of this KPI yet that could be compared."),
    }
    few = gettext("Business units are compared among at least {fewest} others with this metric; fewer are not shown.")
    return said.get(reason, few).format(fewest=number(fewest))
