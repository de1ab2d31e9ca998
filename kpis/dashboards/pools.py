"""`/pools/` and `/pools/{id}/`: which hours or money are claimed, by whom, what counts, and deciding about it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kpis.access.models import User
from kpis.dashboards.frame import page
from kpis.dashboards.pool_form import ApartForm, CapacityForm, RuleForm
from kpis.definitions.changing import ChangeRefused
from kpis.ledger.pools import findings, reading, stating
from kpis.ledger.pools.models import Pool
from kpis.ledger.pools.reading import PoolAccount
from kpis.ledger.pools.told import told
from kpis.plumbing import clock
from kpis.wording.amounts import money_exact
from kpis.wording.pools import headline, rules_of

POOLS_A_PAGE, MONTHS_SHOWN = 50, 36


@login_required
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every pool in sight: what is claimed of it, what counts, and what is not in order."""
    pages = Paginator(reading.pools_seen_by(request.user), POOLS_A_PAGE).get_page(request.GET.get("page"))
    accounts = reading.accounts_of(list(pages), request.user)
    rows = [(account, [told(finding) for finding in findings.findings_of(account)]) for account in accounts]
    context: dict[str, Any] = {"rows": rows, "pages": pages, "headline": _headline(accounts)}
    context["sample"] = any(account.pool.is_sample for account in accounts)
    return page(request, "dashboards/pools.html", context, current="pools")


@login_required
@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One pool: its capacity and source, who claims what, what counts, month by month."""
    return _shown(request, _seen(request, pk))


@login_required
@require_POST
def capacity(request: HttpRequest, pk: int) -> HttpResponse:
    """State what it holds from a month on."""
    account, form = _seen(request, pk), CapacityForm(request.POST)
    return _decided(
        request,
        account,
        form,
        "capacity_form",
        lambda by: stating.state_capacity(
            account.pool, form.stated(), by=by, at=clock.now(), reason=form.cleaned_data["reason"]
        ),
    )


@login_required
@require_POST
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what counts of its claims."""
    account = _seen(request, pk)
    form = RuleForm(request.POST, pool=account.pool)
    return _decided(
        request,
        account,
        form,
        "rule_form",
        lambda by: stating.change_pool(
            account.pool, form.fields_of(), by=by, at=clock.now(), reason=form.cleaned_data["reason"]
        ),
    )


@login_required
@require_POST
def apart(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide that two claims are different hours."""
    account = _seen(request, pk)
    form = ApartForm(request.POST, account=account)
    return _decided(
        request,
        account,
        form,
        "apart_form",
        lambda by: stating.set_apart(*form.pair(), by=by, at=clock.now(), reason=form.cleaned_data["reason"]),
    )


@login_required
@require_POST
def together(request: HttpRequest, pk: int, apart_pk: int) -> HttpResponse:
    """Take such a decision back."""
    account = _seen(request, pk)
    decision = next((each for each in account.apart if each.pk == apart_pk), None)
    if decision is None or not stating.may_decide(request.user, account.pool):
        raise PermissionDenied
    assert isinstance(request.user, User)  # noqa: S101 - signed in, for the type checker
    stating.bring_together(decision, by=request.user, at=clock.now(), reason=_("Taken back on the pool's page."))
    messages.success(request, _("The claims count as the same hours again."))
    return redirect("pool", pk=pk)


def _decided(
    request: HttpRequest, account: PoolAccount, form: forms.Form, name: str, decide: Callable[[Any], object]
) -> HttpResponse:
    if not stating.may_decide(request.user, account.pool):
        raise PermissionDenied
    if form.is_valid():
        try:
            decide(request.user)
            messages.success(request, _("Saved. What counts is being computed anew."))
            return redirect("pool", pk=account.pool.pk)
        except ChangeRefused as refusal:
            form.add_error(refusal.attr if refusal.attr in form.fields else None, refusal.detail)
    return _shown(request, account, **{name: form})


def _seen(request: HttpRequest, pk: int) -> PoolAccount:
    return reading.account_of(get_object_or_404(reading.pools_seen_by(request.user), pk=pk), request.user)


def _shown(request: HttpRequest, account: PoolAccount, **forms_given: forms.Form) -> HttpResponse:
    pool: Pool = account.pool
    context: dict[str, Any] = {
        "account": account,
        "months": account.months[:MONTHS_SHOWN],
        "findings": [told(finding) for finding in findings.findings_of(account)],
        "rule": rules_of(pool.unit)[pool.rule],
        "may_decide": stating.may_decide(request.user, pool),
        "sample": pool.is_sample,
        "capacity_form": CapacityForm(),
        "rule_form": RuleForm(pool=pool),
        "apart_form": ApartForm(account=account) if len(account.claimants) > 1 else None,
    }
    return page(request, "dashboards/pool.html", context | forms_given, current="pools")


def _headline(accounts: list[PoolAccount]) -> str:
    shared = [a for a in accounts if len({claimant.driver.initiative_id for claimant in a.claimants}) > 1]
    money: dict[str, Decimal] = {}
    for account in shared:
        for claimant in account.claimants:
            currency = claimant.driver.initiative.currency
            money[currency] = money.get(currency, Decimal(0)) + claimant.sum.not_counted
    twice = ", ".join(money_exact(amount, currency) for currency, amount in money.items() if amount > 0)
    return headline(len(shared), twice, sum(any(month.is_over for month in a.months) for a in accounts))
