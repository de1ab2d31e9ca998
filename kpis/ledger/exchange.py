"""Dated exchange rates: what an amount in one currency comes to in another, on its day, and by which rate.

A rate holds from its day until a newer one comes, for at most `STALE_AFTER`: an old rate would be an assumption that
nobody made. Where none holds, the amount is not converted, and is named; it is never taken as it stands.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kpis.access import rights
from kpis.access.rights import Actor
from kpis.calculations import money
from kpis.definitions import changing
from kpis.definitions.changing import ChangeRefused
from kpis.definitions.models import Initiative
from kpis.ledger import periods
from kpis.ledger.models import ExchangeRate
from kpis.plumbing import changes
from kpis.wording import moments

STALE_AFTER = timedelta(days=35)  # rates of the month's last day reach through the whole next month


@dataclass(frozen=True, slots=True)
class Conversion:
    """An amount in its new currency, and the stored rate that made it so.

    inverted : the rate is stated the other way round, and the amount was divided by it.
    """

    amount: Decimal
    rate: ExchangeRate
    inverted: bool


class Rates:
    """All known rates, read once."""

    def __init__(self, rates: Iterable[ExchangeRate]) -> None:
        self._of: dict[tuple[str, str], list[ExchangeRate]] = defaultdict(list)
        for rate in sorted(rates, key=lambda rate: rate.on):
            self._of[rate.currency, rate.into].append(rate)

    def converted(self, amount: Decimal, currency: str, into: str, *, on: date) -> Conversion | None:
        """The amount to the cent by the rate that holds on a day; None where none does.

        Of two rates that state the same the other way round, the newer one counts, and of one day the direct one.
        """
        found = self._holding(currency, into, on)
        if found is None:
            return None
        rate, inverted = found
        exact = money.EXACT.divide(amount, rate.rate) if inverted else money.EXACT.multiply(amount, rate.rate)
        return Conversion(money.cents(exact), rate, inverted)

    def factor(self, currency: str, into: str, *, on: date) -> Decimal | None:
        """What one unit comes to; None where no rate holds. 1 within one currency."""
        if currency == into:
            return Decimal(1)
        found = self._holding(currency, into, on)
        if found is None:
            return None
        rate, inverted = found
        return money.EXACT.divide(Decimal(1), rate.rate) if inverted else rate.rate

    def _holding(self, currency: str, into: str, on: date) -> tuple[ExchangeRate, bool] | None:
        direct, inverse = self._newest(currency, into, on), self._newest(into, currency, on)
        if direct is None or (inverse is not None and inverse.on > direct.on):
            return None if inverse is None else (inverse, True)
        return direct, False

    def _newest(self, currency: str, into: str, on: date) -> ExchangeRate | None:
        rates = self._of.get((currency, into), [])
        place = bisect_right(rates, on, key=lambda rate: rate.on)
        return rates[place - 1] if place and on - rates[place - 1].on <= STALE_AFTER else None


def known_rates() -> Rates:
    """One query, whatever is to be converted."""
    return Rates(ExchangeRate.objects.all())


# -- changing rates ---------------------------------------------------------------------------------------------------


def rates_seen_by(actor: Actor) -> QuerySet[ExchangeRate]:
    """Everybody who may read: a rate is of no initiative."""
    return ExchangeRate.objects.all() if rights.may(actor, rights.Action.READ) else ExchangeRate.objects.none()


@transaction.atomic
def create_rate(fields: Mapping[str, Any], *, by: changing.Actor, at: datetime) -> ExchangeRate:
    """Refuses (ChangeRefused) a rate of a closed period, which would change what closed costs came to."""
    periods.hold_books()
    _refuse_closed(fields["on"])
    rate = changing.create(ExchangeRate(**fields), by=by, at=at)
    _told()
    return rate


@transaction.atomic
def change_rate(rate: ExchangeRate, fields: Mapping[str, Any], *, by: changing.Actor, at: datetime) -> set[str]:
    """Answers which fields differ now. Refuses (ChangeRefused) what was or becomes a rate of a closed period."""
    periods.hold_books()
    _refuse_closed(rate.on)
    _refuse_closed(fields.get("on", rate.on))
    changed = changing.change(rate, fields, by=by, at=at)
    if changed:
        _told()
    return changed


@transaction.atomic
def delete_rate(rate: ExchangeRate, *, by: changing.Actor, at: datetime) -> None:
    """Refuses (ChangeRefused) a rate of a closed period."""
    periods.hold_books()
    _refuse_closed(rate.on)
    changing.delete(rate, by=by, at=at)
    _told()


def _refuse_closed(on: date) -> None:
    last = periods.last_closed(is_sample=False)
    if last is not None and on <= last.last:
        sentence = _("Periods up to %(last)s are closed, and their costs stay as they were converted. Date it later.")
        raise ChangeRefused("period_closed", sentence % {"last": moments.day(last.last)}, "on")


def _told() -> None:
    """Browsers hear that the figures of every initiative may be others."""
    changes.announce([("roi", slug, slug) for slug in Initiative.objects.values_list("slug", flat=True)])
