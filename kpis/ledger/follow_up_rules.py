"""Which KPI may show where a driver's saving went: refused when the driver is written, not when it is computed."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kpis.calculations.intervals import Granularity
from kpis.calculations.units import UnitMismatch, UnknownUnit
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.models import Kpi
from kpis.ledger.follow_up import factor_into
from kpis.ledger.models import ValueDriver

RHYTHMS = list(Granularity)  # from the shortest to the longest


def refuse_senseless(driver: ValueDriver) -> None:
    """`driver` as it is to be stored. Refuses (ChangeRefused) a follow-up that cannot show where its saving went."""
    follow_up = driver.captured_by
    if follow_up is None:
        return
    for refusal in (_not_freed, _its_own_kpi, _of_another_initiative, _in_a_circle, _without_price, _too_often):
        code, sentence = refusal(driver, follow_up) or ("", "")
        if code:
            raise ChangeRefused(code, sentence, "captured_by")


Refusal = tuple[str, str] | None


def _not_freed(driver: ValueDriver, follow_up: Kpi) -> Refusal:
    if driver.is_freed_time and driver.benefit_type == ValueDriver.BenefitType.DIRECT:
        return None
    return "follow_up_of_no_freed_time", _("A follow-up KPI traces freed time that is a direct benefit, nothing else.")


def _its_own_kpi(driver: ValueDriver, follow_up: Kpi) -> Refusal:
    if follow_up.pk not in (driver.kpi_id, driver.volume_kpi_id):
        return None
    return "follow_up_is_its_own", _("A saving is not traced by the KPI from which it is computed. Name another one.")


def _of_another_initiative(driver: ValueDriver, follow_up: Kpi) -> Refusal:
    if follow_up.initiative_id == driver.initiative_id:
        return None
    return "follow_up_of_another_initiative", _("The follow-up KPI belongs to the driver's own initiative.")


def _in_a_circle(driver: ValueDriver, follow_up: Kpi) -> Refusal:
    """Whether savings in the follow-up KPI are in turn traced, over however many steps, by the driver's own."""
    others = ValueDriver.objects.filter(initiative_id=driver.initiative_id, captured_by__isnull=False)
    leads_to: dict[int, set[int]] = {}
    for kpi, by in others.exclude(pk=driver.pk).values_list("kpi_id", "captured_by_id"):
        leads_to.setdefault(kpi, set()).add(by)
    reached, ahead = set(), {follow_up.pk}
    while ahead:
        reached |= ahead
        ahead = {by for kpi in ahead for by in leads_to.get(kpi, ())} - reached
    if driver.kpi_id not in reached:
        return None
    sentence = _("Savings in %(follow_up)s are themselves traced by %(kpi)s: each would prove the other.")
    return "follow_up_in_a_circle", sentence % {"follow_up": follow_up.key, "kpi": driver.kpi.key}


def _without_price(driver: ValueDriver, follow_up: Kpi) -> Refusal:
    try:
        factor_into(driver.kpi, driver.unit_factor, follow_up, currency=driver.initiative.currency)
    except (UnitMismatch, UnknownUnit):
        sentence = _(
            "%(follow_up)s is measured in %(unit)s, which has no price here: the driver prices %(priced)s, and money"
            " counts in %(currency)s."
        )
        named = {"follow_up": follow_up.key, "unit": follow_up.unit, "priced": driver.kpi.unit}
        return "follow_up_has_no_price", sentence % {**named, "currency": driver.initiative.currency}
    return None


def _too_often(driver: ValueDriver, follow_up: Kpi) -> Refusal:
    """An entry of a month cannot be held against one week."""
    if RHYTHMS.index(Granularity(follow_up.interval)) >= RHYTHMS.index(Granularity(driver.kpi.interval)):
        return None
    sentence = _(
        "%(follow_up)s is measured more often than %(kpi)s: one of its intervals shows a part of an entry only."
    )
    return "follow_up_too_often", sentence % {"follow_up": follow_up.key, "kpi": driver.kpi.key}
