"""The next version of an initiative's business case, written down as a draft: it counts once it is approved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from kpis.access import audit, rights
from kpis.access.models import Token, User
from kpis.calculations.money import EXACT
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.models import Initiative
from kpis.ledger.exchange import known_rates
from kpis.ledger.models import CostEntry, ValueDriver
from kpis.planning.models import BusinessCase, PlannedBenefit, PlannedCost

Fields = Mapping[str, Any]
MOST_ROWS = 200
NINE_PLACES = Decimal("0.000000001")
LARGEST = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody writes down. `benefits`: as `PlannedBenefit`, with `effect` or `effect_share` and `reference`.

    costs : as `PlannedCost`, besides the planned costs that the initiative has already.
    """

    go_live_on: date
    owner: str
    source: str
    ramp: Sequence[Decimal] = ()
    note: str = ""
    benefits: Sequence[Fields] = field(default_factory=tuple)
    costs: Sequence[Fields] = field(default_factory=tuple)


@transaction.atomic
def write_draft(initiative: Initiative, draft: Draft, *, by: User | Token | None, at: datetime) -> BusinessCase:
    """Store the case with the planned costs of its time: those among `costs/` are copied into it.

    Refuses (ChangeRefused) a driver of another initiative, an effect that is stated neither way or both, a share
    without the value of which it is one, planned costs in a currency for which no rate holds, a case of nothing.
    """
    Initiative.objects.select_for_update(no_key=True).get(pk=initiative.pk)  # versions are handed out one at a time
    last = BusinessCase.objects.filter(initiative=initiative).aggregate(last=Max("version"))["last"] or 0
    case = BusinessCase.objects.create(
        initiative=initiative,
        version=last + 1,
        currency=initiative.currency,
        go_live_on=draft.go_live_on,
        ramp=list(draft.ramp),
        owner=draft.owner,
        source=draft.source,
        note=draft.note,
        author=rights.person_behind(by) if by is not None else None,
        created_at=at,
    )
    benefits = [_benefit(case, fields, k) for k, fields in enumerate(draft.benefits)]
    costs = [PlannedCost(business_case=case, **fields) for fields in draft.costs] + _standing_costs(case)
    _refuse_nonsense(benefits, costs)
    PlannedBenefit.objects.bulk_create(benefits)
    PlannedCost.objects.bulk_create(costs)
    details = {"source": case.source, "benefits": len(benefits), "costs": len(costs)}
    audit.record("business_case.drafted", by=by, subject=subject_of(case), details=details, at=at)
    return case


@transaction.atomic
def withdraw(case: BusinessCase, *, by: User | Token | None, at: datetime) -> None:
    """Remove a draft. Refuses (ChangeRefused) an approved case: figures are compared with it."""
    if BusinessCase.objects.select_for_update().get(pk=case.pk).approved_at is not None:
        sentence = _("An approved business case stays; a new version supersedes it.")
        raise ChangeRefused("business_case_is_frozen", sentence)
    subject = subject_of(case)
    case.delete()
    audit.record("business_case.withdrawn", by=by, subject=subject, at=at)


def subject_of(case: BusinessCase) -> str:
    """How the trail names it."""
    return f"business_case:{case.initiative.slug}:{case.version}"


def _benefit(case: BusinessCase, fields: Fields, place: int) -> PlannedBenefit:
    given = dict(fields)
    driver: ValueDriver | None = given.get("driver")
    if driver is not None:
        if driver.initiative_id != case.initiative_id:
            sentence = _("A business case plans value drivers of its own initiative.")
            raise ChangeRefused("driver_of_another_initiative", sentence, f"benefits.{place}.driver")
        given = {"name": driver.name, "unit": driver.kpi.unit, "unit_factor": driver.unit_factor, **given}
    given["effect"] = _effect(given, f"benefits.{place}.effect")
    return PlannedBenefit(business_case=case, **given)


def _effect(given: Fields, attr: str) -> Decimal:
    effect, share, reference = (given.get(name) for name in ("effect", "effect_share", "reference"))
    if (effect is None) == (share is None):
        sentence = _("State the planned effect either in the KPI's unit or as a share of a reference.")
        raise ChangeRefused("effect_once", sentence, attr)
    if effect is not None:
        return Decimal(effect)
    if share is None or reference is None:
        sentence = _("A share needs the value of which it is one, usually the baseline.")
        raise ChangeRefused("share_needs_a_reference", sentence, attr)
    product = EXACT.multiply(Decimal(share), Decimal(reference))
    if abs(product) >= LARGEST:
        raise ChangeRefused("effect_out_of_range", _("The planned effect is too large to be kept."), attr)
    return product.quantize(NINE_PLACES)


def _standing_costs(case: BusinessCase) -> list[PlannedCost]:
    """The planned costs of the initiative as they stand now, in the case's currency by the rate of their first day."""
    planned = CostEntry.objects.filter(initiative=case.initiative_id, kind=CostEntry.Kind.PLANNED).order_by("on", "pk")
    rates, found = known_rates(), []
    for entry in planned:
        amount, stated = entry.amount, ""
        if entry.currency != case.currency:
            converted = rates.converted(entry.amount, entry.currency, case.currency, on=entry.on)
            if converted is None:
                said = {"name": entry.name, "currency": entry.currency, "on": entry.on.isoformat()}
                sentence = _("The planned cost “%(name)s” in %(currency)s: no exchange rate holds on %(on)s.") % said
                raise ChangeRefused("no_exchange_rate", sentence, "costs")
            amount, rate = converted.amount, converted.rate
            stated = f"{entry.currency} {entry.amount}; 1 {rate.currency} = {rate.rate.normalize():f} {rate.into}"
        found.append(
            PlannedCost(
                business_case=case,
                name=entry.name,
                cost_category=entry.cost_category,
                amount=amount,
                on=entry.on,
                recurrence=entry.recurrence,
                until=entry.until,
                stated=stated,
            )
        )
    return found


def _refuse_nonsense(benefits: Sequence[PlannedBenefit], costs: Sequence[PlannedCost]) -> None:
    if not benefits and not costs:
        sentence = _("A business case plans a benefit or a cost at least.")
        raise ChangeRefused("business_case_is_empty", sentence, "benefits")
    if len(benefits) + len(costs) > MOST_ROWS:
        sentence = _("A business case has at most %(most)d benefits and costs.") % {"most": MOST_ROWS}
        raise ChangeRefused("business_case_too_long", sentence, "benefits")
