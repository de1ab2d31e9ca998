"""The page of plan and actual: every state, the bridge with its doors, writing, approving and withdrawing a case."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape

import pytest

from kpis.access.models import User
from kpis.planning.models import BusinessCase
from tests.db.dashboards.conftest import client_of
from tests.db.roi.conftest import book, driver
from tests.factories import (
    BusinessCaseFactory,
    ControllerFactory,
    CostEntryFactory,
    InitiativeFactory,
    OrganisationFactory,
    PlannedBenefitFactory,
    PlannedCostFactory,
    ProductOwnerFactory,
    UserFactory,
)

__all__ = ["book", "driver"]
NOW = datetime(2026, 6, 10, 10, tzinfo=UTC)
PAGE = "/initiatives/support/plan/"


@pytest.fixture(autouse=True)
def house(at):
    with at(NOW):
        yield OrganisationFactory(zone="UTC", reporting_currency="EUR")


@pytest.fixture
def initiative():
    return InitiativeFactory(slug="support", name="Support", started_on=date(2026, 3, 1), go_live_on=date(2026, 3, 1))


@pytest.fixture
def saved(initiative, driver):
    return driver(initiative, "month", name="Time saved")


@pytest.fixture
def approved(initiative, saved, book):
    """Planned 3,000 − 300; booked 500 − 310 by the end of May."""
    case = BusinessCaseFactory(initiative=initiative, version=1, go_live_on=date(2026, 3, 1), ramp=[])
    PlannedBenefitFactory(business_case=case, driver=saved)
    PlannedCostFactory(business_case=case, amount=Decimal(300), on=date(2026, 3, 1))
    BusinessCase.objects.filter(pk=case.pk).update(approved_at=NOW, approved_by=ControllerFactory(username="carla"))
    book(
        saved, "2026-03-01", 500, days=31, counterfactual=12, actual=10, volume=500,
        unit_factor=1, unit_value="0.5", realisation=1, attribution=1,
    )  # fmt: skip
    CostEntryFactory(initiative=initiative, amount=Decimal(310), on=date(2026, 3, 1))
    return case


def seen(path, user=None, language="en", status=200):
    response = client_of(user or UserFactory(), language).get(path)
    assert response.status_code == status
    text = unescape(response.content.decode()).replace("\xa0", " ").replace('<span class="cents">', "")
    return " ".join(text.replace("</span>", "").split())


def test_the_page_begins_with_what_was_promised_what_came_and_the_largest_cause(approved):
    page = seen(PAGE)

    assert "By 31 May 2026 the business case expected €2,700 net. €190 came of it: €2,500 less." in page
    assert "The largest part: Nothing booked, −€2,000." in page
    for row in ("Net as planned", "Nothing booked", "Volume", "Net as booked"):
        assert row in page
    assert "ROI planned 900.0%, booked 61.3%." in page
    assert "approved by carla on 10 Jun 2026" in page


def test_every_bar_opens_what_it_is_made_of(approved):
    assert 'href="/how/initiatives/support/plan/volume/" data-drawer' in seen(PAGE)
    bar = seen("/how/initiatives/support/plan/volume/")
    assert "Time saved" in bar and "−500.00" in bar
    assert "Licences" in seen("/how/initiatives/support/plan/cost/")
    assert "Nothing moved it." in seen("/how/initiatives/support/plan/price/")
    seen("/how/initiatives/support/plan/dream/", status=404)


def test_the_outlook_holds_the_plan_beside_what_is_carried_on(approved):
    page = seen(PAGE)
    assert "as approved" in page and "as measured, if nothing changes" in page
    assert "nothing here is added to what has happened" in page


def test_without_a_case_the_page_says_so_and_who_may_writes_one(initiative):
    nobody, owner = seen(PAGE), seen(PAGE, ProductOwnerFactory())
    assert "No business case was approved, so there is no plan to compare with." in nobody
    assert "Write a business case" not in nobody and "Write a business case" in owner
    seen(f"{PAGE}new/", status=403)
    seen("/how/initiatives/support/plan/volume/", status=404)


def test_in_german_the_page_is_german(approved):
    page = seen(PAGE, UserFactory(language="de"), "de")
    assert "erwartete der Business Case netto" in page and "Menge" in page
    assert "Volume" not in page


def test_what_one_may_not_see_does_not_exist(approved):
    user = UserFactory(limited=True)
    user.initiatives.add(InitiativeFactory(slug="mine"))
    for path in (PAGE, f"{PAGE}new/", "/how/initiatives/support/plan/volume/"):
        seen(path, user, status=404)


def filled(driver, **more):
    given = {
        "go_live_on": "2026-04-01", "ramp": "25, 50 80", "owner": "Dana", "source": "Steering", "note": "",
        f"volume_{driver.pk}": "1000", f"effect_{driver.pk}": "2", f"price_{driver.pk}": "0.5",
        f"realised_{driver.pk}": "80", "cost_name_0": "Seats", "cost_category_0": "licence",
        "cost_amount_0": "300", "cost_on_0": "2026-04-01", "cost_recurrence_0": "monthly",
    }  # fmt: skip
    return given | more


def test_a_case_is_written_by_its_owner_and_approved_by_a_controller(initiative, saved):
    owner, controller = ProductOwnerFactory(), ControllerFactory()
    form = seen(f"{PAGE}new/", owner)
    assert f'name="price_{saved.pk}" value="52"' in form
    assert f'name="realised_{saved.pk}" value="49"' in form  # 0.7 · 0.7

    client_of(owner).post(f"{PAGE}new/", filled(saved))
    (case,) = BusinessCase.objects.all()
    assert case.ramp == [Decimal("0.25"), Decimal("0.5"), Decimal("0.8")]
    assert [(b.driver, b.realised) for b in case.benefits.all()] == [(saved, Decimal("0.8"))]
    assert [(c.name, c.recurrence) for c in case.costs.all()] == [("Seats", "monthly")]

    assert "Approve and freeze" not in seen(PAGE, owner)
    assert "Approve and freeze" in seen(PAGE, controller)
    client_of(owner).post(f"{PAGE}1/approve/")
    case.refresh_from_db()
    assert case.approved_at is None
    client_of(controller).post(f"{PAGE}1/approve/")
    case.refresh_from_db()
    assert case.approved_by == controller


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_stored(initiative, saved):
    client = client_of(ProductOwnerFactory())
    for more, said in (
        ({"ramp": "25, lots"}, "“lots” is no percentage."),
        ({"ramp": "120"}, "Adoption lies between 0 and 100 percent."),
        ({"source": ""}, "This field is required."),
        ({f"volume_{saved.pk}": "", "cost_amount_0": ""}, "A business case plans a benefit or a cost at least."),
    ):
        response = client.post(f"{PAGE}new/", filled(saved, **more))
        assert response.status_code == 200 and said in unescape(response.content.decode())
    assert not BusinessCase.objects.exists()


def test_a_draft_is_withdrawn_and_an_approved_one_is_not(initiative, approved):
    BusinessCaseFactory(initiative=initiative, version=2)
    client = client_of(UserFactory(role=User.Role.PRODUCT_OWNER))
    client.post(f"{PAGE}2/withdraw/")
    client.post(f"{PAGE}1/withdraw/")
    assert [case.version for case in BusinessCase.objects.all()] == [1]
    assert client_of(UserFactory()).post(f"{PAGE}1/withdraw/").status_code == 403
