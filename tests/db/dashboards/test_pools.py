"""Pools as pages: what is claimed twice, what counts, and deciding about it; links lead to the other claim."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.db.ledger.conftest import arrive, stand_at
from tests.db.ledger.pools.conftest import rivals
from tests.factories import CapacityFactory, ControllerFactory, PoolFactory, UserFactory

__all__ = ["arrive", "rivals", "stand_at"]

IN_MAY = datetime(2026, 5, 4, 9, tzinfo=UTC)


def client_of(user=None, language="en") -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE=language)
    client.force_login(user or ControllerFactory())
    return client


def plain(response, status=200) -> str:
    assert response.status_code == status, response.content[:500]
    text = unescape(response.content.decode()).replace("\xa0", " ")
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r'<span class="cents">([^<]*)</span>', r"\1", text)).split())


def test_the_list_says_first_what_is_claimed_twice(rivals):
    PoolFactory(slug="nobody's")
    text = plain(client_of().get("/pools/"))
    assert "1 pool is claimed by more than one initiative. €2,000.00 are claimed twice and counted once." in text
    assert "€2,000.00 that “Assistant” claims do not count: “Support” claims the same and comes first." in text
    assert "nobody's nobody not stated" in text


def test_one_pool_shows_each_claim_by_month_and_leads_to_the_drivers(rivals):
    page = client_of().get(f"/pools/{rivals.pool.pk}/")
    text = plain(page)
    assert "Hours of support Support D €250.00 5 h €250.00 5 h" in text
    assert "Hours of assistant Assistant D €2,000.00 40 h €0.00 0 h €2,000.00" in text
    assert "April 2026 Support Hours of support 5 h 5 h €250.00" in text
    assert f"/how/drivers/{rivals.drivers['support'].pk}/" in page.content.decode()


def test_both_initiatives_and_the_portfolio_say_it(rivals):
    client = client_of()
    for slug in ("support", "assistant"):
        assert "€2,000.00 that “Assistant” claims do not count" in plain(client.get(f"/initiatives/{slug}/"))
    portfolio = client.get("/")
    assert "Two initiatives claim the same hours." in plain(portfolio)
    assert "€2,000.00 not counted" in plain(portfolio)
    assert f'href="/pools/{rivals.pool.pk}/"' in portfolio.content.decode()


def test_the_ledger_says_what_was_claimed_where_less_counts(rivals):
    client = client_of()
    assert "0.00 of €2,000.00 claimed" in plain(client.get("/initiatives/assistant/ledger/"))
    assert "claimed" not in plain(client.get("/initiatives/support/ledger/"))
    lines = client.get("/initiatives/assistant/ledger.csv").content.decode().splitlines()
    head, row = lines[-2].split(","), lines[-1].split(",")
    said = dict(zip(head, row, strict=True))
    assert (said["Claimed"], said["Counted"], said["Amount"]) == ("2000.00", "0.00", "0.00")


def test_the_portfolio_says_when_more_hours_are_claimed_than_are_paid(rivals):
    CapacityFactory(pool=rivals.pool, quantity=30)
    page = client_of().get("/")
    assert "More is claimed than there is: team north. Support, Assistant claim more than there is" in plain(page)
    assert "in April 2026 45 h of 30 h" in plain(page)


def test_the_drawer_says_of_an_entry_and_its_driver_what_counts_and_for_whom_the_rest_does(rivals):
    client, (entry,) = client_of(), rivals.rows("assistant")
    for path in (f"/how/entries/{entry.pk}/", f"/how/drivers/{entry.driver_id}/"):
        page = client.get(path)
        assert "Claimed: €2,000.00. Of it €0.00 counts." in plain(page)
        assert f"/how/drivers/{rivals.drivers['support'].pk}/" in page.content.decode()
    best = plain(client.get(f"/how/entries/{rivals.rows('support')[0].pk}/"))
    assert "All of it counts: nobody who comes first claims the same" in best


def test_who_does_not_see_the_other_initiative_learns_that_there_is_one_and_nothing_else(rivals):
    reader = UserFactory(role="controller")
    reader.initiatives.add(rivals.drivers["assistant"].initiative)
    client, (entry,) = client_of(reader), rivals.rows("assistant")
    text = plain(client.get(f"/how/entries/{entry.pk}/"))
    assert "The same hours or money count for an initiative that is not in sight." in text
    pool = plain(client.get(f"/pools/{rivals.pool.pk}/"))
    assert "Others draw on it too who are not in sight." in pool
    assert "upport" not in text.replace("Support@", "") + pool
    assert "State a capacity" not in pool
    assert client.post(f"/pools/{rivals.pool.pk}/capacity/", {"reason": "Mine"}).status_code == 403
    reader.initiatives.set([rivals.joins("legal", pool=PoolFactory(slug="legal hours")).initiative])
    assert client.get(f"/pools/{rivals.pool.pk}/").status_code == 404


def test_a_controller_states_a_capacity_and_the_rule_and_sets_claims_apart(rivals):
    client, page = client_of(rivals.controller), f"/pools/{rivals.pool.pk}/"
    stated = {"since": "2026-04-15", "quantity": "50", "owner": "Head of Service", "source": "Payroll", "reason": "New"}
    refused = plain(client.post(f"{page}capacity/", stated | {"reason": ""}))
    assert "This field is required." in refused
    assert client.post(f"{page}capacity/", stated).status_code == 302
    assert (
        client.post(f"{page}rule/", {"name": "North", "rule": "in_order", "reason": "Other people"}).status_code == 302
    )
    rivals.brought_up_to_date(IN_MAY)
    text = plain(client.get(page))
    assert "€1,750.00 35 h €250.00" in text
    assert "Different hours: added up to the capacity, better evidence first." in text
    assert "from April 2026 50 h a month Payroll · Head of Service" in text

    client.post(f"{page}rule/", {"name": "North", "rule": "best_evidence", "reason": "The same people after all"})
    pair = {
        "first": rivals.drivers["assistant"].pk,
        "second": rivals.drivers["support"].pk,
        "reason": "Night shift",
    }
    assert client.post(f"{page}apart/", pair).status_code == 302
    text = plain(client.get(page))
    assert "are different hours: Night shift" in text
    (decision,) = re.findall(r"/apart/(\d+)/delete/", client.get(page).content.decode())
    assert client.post(f"{page}apart/{decision}/delete/").status_code == 302
    assert "Night shift" not in plain(client.get(page))


def test_a_viewer_reads_and_decides_nothing(rivals):
    client = client_of(UserFactory(role="viewer"))
    assert "decided by a controller" in plain(client.get(f"/pools/{rivals.pool.pk}/"))
    assert client.post(f"/pools/{rivals.pool.pk}/rule/", {"rule": "in_order", "reason": "Me"}).status_code == 403


def test_without_any_pool_the_page_says_how_one_comes_to_be(stand_at):
    assert "No value driver names a pool yet." in plain(client_of().get("/pools/"))


def test_in_german(rivals):
    text = plain(client_of(language="de").get(f"/pools/{rivals.pool.pk}/"))
    assert "2.000,00 €, die „Assistant“ beansprucht, zählen nicht: „Support“ beansprucht dasselbe" in text
    assert "Wer was beansprucht, und was zählt" in text


def test_the_list_asks_as_often_for_nine_pools_as_for_one(rivals):
    client = client_of()
    client.get("/pools/")

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/pools/").status_code == 200
        return len(queries)

    few = asked()
    for n in range(8):
        rivals.joins(f"more-{n}", pool=PoolFactory(slug=f"pool {n}"))
    assert asked() == few
