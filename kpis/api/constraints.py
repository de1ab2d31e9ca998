"""The database's rules in words: which member a broken one is about, and the sentence that says it.

Constraints are named as sentences, so their name is the error's code; a rule without an entry here still reads well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError
from django.db.models import Model, ProtectedError, RestrictedError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

NAMED_AT_MOST = 5

RULES = {
    "initiative_goes_live_after_it_starts": ("go_live_on", gettext_lazy("An initiative goes live after it starts.")),
    "initiative_discount_rate_is_a_share": (
        "discount_rate",
        gettext_lazy("A discount rate is a share above -1 and up to 1: 0.08 is 8 %."),
    ),
    "initiative_horizon_is_a_month_at_least": ("horizon_months", gettext_lazy("The horizon is a month at least.")),
    "kpi_slug_once_per_initiative": ("slug", gettext_lazy("The initiative has a KPI with this slug already.")),
    "kpi_has_a_unit": ("unit", gettext_lazy("A KPI needs a unit.")),
    "target_once_per_day": ("on", gettext_lazy("The KPI has a target on this day already.")),
    "annotation_ends_after_it_starts": ("until", gettext_lazy("An annotation ends on or after the day it starts.")),
    "baseline_range_holds_value": ("low", gettext_lazy("The range from low to high must hold the value.")),
    "baseline_declared_has_source": ("source", gettext_lazy("A declared baseline names its source.")),
    "baseline_is_frozen": (None, gettext_lazy("An approved baseline never changes; write a new version.")),
    "assumption_range_is_in_order": (None, gettext_lazy("Low, likely and high must be in this order.")),
    "assumption_share_is_within_0_and_1": (None, gettext_lazy("A share lies within 0 and 1.")),
    "driver_has_one_volume": (
        "volume_kpi",
        gettext_lazy("A value driver has either a volume KPI or a volume per interval."),
    ),
    "driver_version_once": ("name", gettext_lazy("The initiative has a value driver of this name already.")),
    "driver_is_valid_in_order": ("valid_to", gettext_lazy("A value driver is valid up to a day after its first.")),
    "cost_ends_after_it_starts": ("until", gettext_lazy("A cost ends on or after the day it starts.")),
    "cost_until_needs_a_recurrence": ("until", gettext_lazy("Only a recurring cost has a last day.")),
    "cost_reference_once": ("reference", gettext_lazy("The initiative has a cost with this reference already.")),
    "exchange_rate_once_a_day": ("on", gettext_lazy("There is a rate of these currencies for this day already.")),
    "exchange_rate_of_two_currencies": ("into", gettext_lazy("A rate is between two different currencies.")),
    "comparison_once_per_metric": ("metric", gettext_lazy("The KPI is compared with this metric already.")),
    "token_has_a_scope": ("scopes", gettext_lazy("A token has a scope at least.")),
}

SAME_RULE = {"key": "kpi_slug_once_per_initiative"}  # a KPI's key is made of its slug


@dataclass(frozen=True, slots=True)
class BrokenRule:
    code: str
    detail: str
    attr: str | None


def broken_rule(exc: IntegrityError) -> BrokenRule:
    """Which rule the database refused by: ours by name, a taken key as `unique`, a lost row as `does_not_exist`."""
    diagnosis = getattr(exc.__cause__, "diag", None)
    column = _column(getattr(diagnosis, "message_detail", None) or "")
    name = SAME_RULE.get(column or "", getattr(diagnosis, "constraint_name", None) or "")
    if name in RULES:
        attr, sentence = RULES[name]
        return BrokenRule(name, str(sentence), attr)
    state = getattr(exc.__cause__, "sqlstate", "")
    if state == "23503":
        return BrokenRule("does_not_exist", _("Something that the request refers to does not exist any more."), column)
    if state == "23505" and not _is_sentence(name):
        return BrokenRule("unique", _("This is taken already."), column)
    if state == "23502":
        return BrokenRule("null", _("A value is missing."), getattr(diagnosis, "column_name", None))
    words = name.replace("_", " ")
    return BrokenRule(name or "invalid", _("A rule is not kept: %(rule)s.") % {"rule": words}, None)


def _is_sentence(name: str) -> bool:
    """Ours read `cost_ends_after_it_starts`; those that Django names begin with the table."""
    return bool(name) and not name.startswith("kpis_")


def _column(detail: str) -> str | None:
    """The one column in PostgreSQL's "Key (slug)=(x) already exists."; None where there are several."""
    found = re.match(r"Key \((\w+)\)=", detail)
    return found.group(1).removesuffix("_id") if found else None


def those_in_the_way(exc: ProtectedError | RestrictedError) -> str:
    """The first few rows that keep another from being deleted, by their names."""
    rows: Iterable[Model | Any] = exc.protected_objects if isinstance(exc, ProtectedError) else exc.restricted_objects
    names = sorted({f"{row._meta.verbose_name} “{row}”" for row in rows})
    shown = ", ".join(names[:NAMED_AT_MOST])
    return shown if len(names) <= NAMED_AT_MOST else f"{shown} …"
