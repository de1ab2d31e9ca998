"""The words of the marks: what is not final, not fresh, not measured or not real says so wherever it is shown.

`templates/marks/` draws the same marks on pages; mails, exports and picture labels take the words from here.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, ngettext

from kpis.wording.amounts import number
from kpis.wording.moments import Interval, intervals


@dataclass(frozen=True, slots=True)
class Mark:
    """A state: its word, and one sentence that says what it means for the figure beside it."""

    word: str | Promise
    meaning: str | Promise


_ = gettext_lazy
PROVISIONAL = Mark(_("provisional"), _("The interval is still open: this figure will change."))
STALE = Mark(_("stale"), _("New data should have come and have not: this figure may be old."))
GAP = Mark(_("no data"), _("Nothing was measured in this interval. It is left out, never counted as zero."))
DECLARED = Mark(_("only declared"), _("Somebody stated this figure; nobody has measured it."))
ESTIMATED = Mark(_("estimated"), _("This cost has not been invoiced yet; the invoice will replace it."))
RECONSTRUCTED = Mark(_("reconstructed"), _("The baseline rests on data that arrived only after go-live."))
SAMPLE = Mark(_("sample data"), _("These figures are made up; the company does not exist."))
SIMULATED = Mark(_("simulated"), _("This figure comes from a simulation, not from measurements."))
FORECAST = Mark(_("forecast"), _("This has not happened yet. It holds only if nothing changes."))
PLAIN_DIFFERENCE = Mark(
    _("plain difference"), _("Too little is known from before go-live for a range: the plain difference is used.")
)
INCOMPLETE = Mark(_("incomplete"), _("Some intervals of this period have no data yet."))


def not_enough_data(have: int, needed: int, kind: Interval) -> str:
    """`not enough data yet: 9 of 28 days; about 19 days more`."""
    text = gettext("not enough data yet: {have} of {needed}; about {more} more")
    return text.format(have=number(have), needed=intervals(needed, kind), more=intervals(max(needed - have, 0), kind))


def sources_current(current: int, total: int) -> str:
    """`5 of 6 sources current`: for the line under the head of a page."""
    text = ngettext("{current} of {total} source current", "{current} of {total} sources current", total)
    return text.format(current=number(current), total=number(total))
