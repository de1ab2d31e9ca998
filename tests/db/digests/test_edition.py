"""What a mail says: the portal's figures, the reader's sight and language, whole in plain text."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.urls import resolve, reverse
from django.utils import timezone, translation

from kpis.definitions.models import Initiative
from kpis.digests import addresses
from kpis.roi.portfolio import portfolio_statement
from kpis.wording.amounts import number
from kpis.wording.uncertainty import between_money
from tests.db.digests.conftest import MONDAY, earning, mail_of
from tests.factories import AnnotationFactory, DataSourceFactory, UserFactory

HOSTILE = [
    '<script>alert("x")</script>',
    '<mj-include path="/etc/passwd" />',
    "</mj-text></mj-column><mj-raw><b>",
    "{{ settings.SECRET_KEY }}{% now 'Y' %}",
    "{amount} {0} %(name)s %s",
    "<img src=x onerror=alert(1)>",
    "a&lt;b&amp;c",
    "line\u2028break\u0085",
]


def words_of(html):
    """The text of a mail as it is read: no style, no comment for one mail program, no tags."""
    body = re.sub(
        r"<!--.*?-->|<style.*?</style>|<title>.*?</title>|<[^>]*>", " ", html[html.index("<body") :], flags=re.S
    )
    return unescape(body)


def figures_in(text):
    return set(re.findall(r"[−+]?[0-9][0-9.,]*[0-9]|[0-9]", text))


def test_it_says_the_same_net_to_the_cent_as_the_portfolio(house):
    house.digest(house.both)
    totals = portfolio_statement(list(Initiative.objects.all()), as_of=MONDAY).totals
    mail = mail_of(house.both)
    assert totals.net == Decimal("-4823.75")  # 95 · (200.25 − 40.50) − 2 · 10,000
    for part in (mail.text, words_of(mail.html)):
        assert number(totals.net, digits=2) in part
        assert number(totals.invested, digits=2) in part
        assert between_money(totals.range.net_low, totals.range.net_high, "EUR") in part


def test_the_week_is_the_last_whole_one_and_what_it_brought_is_the_sum_of_its_days(house):
    # 95 days from the 2nd of March end on the 4th of June: four days of the week from the 1st.
    house.digest(house.both)
    mail = mail_of(house.both)
    assert "week\u00a023" in mail.subject
    assert f"week\u00a023: {number(4 * 200.25 - 4 * 40.5, digits=2)}" in mail.text


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_plain_text_holds_every_figure_of_the_html(house, language):
    DataSourceFactory(
        initiative=house.legal,
        kind="push",
        last_data_at=MONDAY - timedelta(days=9),
        address="",
        every=None,
        overlap=None,
    )
    house.both.language = language
    house.both.save()
    house.digest(house.both)
    mail = mail_of(house.both)
    found = figures_in(words_of(mail.html))
    assert len(found) > 20
    assert found <= figures_in(mail.text) | figures_in(mail.subject)


def test_nobody_is_told_of_an_initiative_out_of_sight(house):
    house.digest(house.one, house.both)
    seen, all_of_it = mail_of(house.one), mail_of(house.both)
    for part in (seen.subject, seen.text, seen.html):
        assert "Contract review" not in part and "legal" not in part.lower().replace("head of legal", "legal")
    assert "Contract review" in all_of_it.text
    assert number(95 * 200.25 - 10_000, digits=2) in seen.text


def test_who_sees_nothing_is_told_so_in_peace(house):
    nobody = UserFactory(limited=True)
    house.digest(nobody)
    text = mail_of(nobody).text
    assert "Nothing has been put in and nothing has come back yet" in text
    assert "Support triage" not in text


def test_each_is_written_to_in_their_own_language_else_in_the_digest_s(house):
    house.both.language = "de"
    house.both.save()
    house.digest(house.both, house.one, language="en")
    german, english = mail_of(house.both), mail_of(house.one)
    assert "Was hineinging, was herauskam" in german.text and "Was hineinging, was herauskam" in words_of(german.html)
    assert german.headers["Content-Language"] == "de" and 'lang="de"' in german.html
    assert "What went in, what came out" in english.text
    assert translation.get_language() == "en" and timezone.get_current_timezone_name() == "UTC"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_a_name(house, name):
    Initiative.objects.filter(pk=house.support.pk).update(name=name[:120])
    AnnotationFactory(initiative=house.support, on=MONDAY.date() - timedelta(days=5), text=name)
    house.digest(house.both, name=f"Board {name}"[:120])
    mail = mail_of(house.both)
    assert name in mail.text
    assert " ".join(name.split()) in " ".join(words_of(mail.html).split())
    assert "<script" not in mail.html and "onerror=alert" not in re.sub(r"&lt;.*?&gt;", "", mail.html)
    assert "root:" not in mail.html
    assert "\n" not in mail.subject and "\u2028" not in mail.subject


def test_made_up_figures_say_so_in_subject_text_and_html(house):
    Initiative.objects.update(is_sample=True)
    house.digest(house.both)
    mail = mail_of(house.both)
    assert mail.subject.startswith("[sample data]")
    assert mail.text.startswith("*** Sample company: these figures are made up.")
    assert "Sample company: these figures are made up." in words_of(mail.html)


def test_a_real_initiative_beside_made_up_ones_is_marked_as_real(house):
    Initiative.objects.filter(pk=house.legal.pk).update(is_sample=True)
    house.digest(house.both)
    assert "Support triage · real" in mail_of(house.both).text


def test_a_silent_source_is_named_with_what_that_means(house):
    pushes = {"kind": "push", "address": "", "every": None, "overlap": None}
    DataSourceFactory(name="Line 3 gateway", initiative=house.legal, last_data_at=MONDAY - timedelta(days=9), **pushes)
    house.digest(house.both, house.one)
    assert "Line 3 gateway has been silent since" in mail_of(house.both).text
    assert "Line 3 gateway" not in mail_of(house.one).text


def test_pictures_are_inside_the_mail_and_nothing_is_fetched_from_elsewhere(house, settings):
    house.digest(house.both)
    mail = mail_of(house.both)
    assert set(re.findall(r'src="cid:([^"]+)"', mail.html)) == set(mail.images)
    elsewhere = {a for a in re.findall(r"https?://[^\"'\s<)]+", mail.html) if not a.startswith(settings.PUBLIC_URL)}
    assert all("w3.org" in a or "schemas-microsoft" in a for a in elsewhere)


def test_links_lead_below_the_configured_address_and_to_pages_that_exist(house, settings):
    settings.PUBLIC_URL = "https://roi.company.example"
    house.digest(house.both)
    links = re.findall(r'href="([^"]+)"', mail_of(house.both).html)
    assert links and all(link.startswith("https://roi.company.example/") for link in links)
    for link in links:
        resolve(link.removeprefix("https://roi.company.example"))


def test_the_written_addresses_are_the_pages_own(settings):
    root = settings.PUBLIC_URL
    assert addresses.portfolio() == root + reverse("portfolio")
    assert addresses.initiative("a-b") == root + reverse("initiative", args=["a-b"])
    assert addresses.kpi("a.b") == root + reverse("kpi", args=["a.b"])
    assert addresses.source("s") == root + reverse("source", args=["s"])
    assert addresses.digest("d") == root + reverse("digest", args=["d"])
    assert addresses.edition("d", 7) == root + reverse("edition", args=["d", 7])


def test_the_end_of_the_audit_trail_is_written_down_for_those_who_may_read_it(house):
    house.digest(house.both, house.one)
    assert re.search(r"Audit trail: \d+ rows, ending in [0-9a-f]{64}\.", mail_of(house.both).text)
    assert "Audit trail" not in mail_of(house.one).text


def test_the_time_at_which_it_was_made_and_the_next_one_are_said_with_their_zones(house):
    house.digest(house.both, zone="America/New_York")
    text = mail_of(house.both, at=MONDAY + timedelta(hours=6, minutes=1)).text
    assert "As of Mon 8\u00a0Jun\u00a02026, 13:01 Europe/Berlin." in text
    assert "The next one comes Mon 15\u00a0Jun\u00a02026, 07:00 America/New_York." in text


def test_earning_house_is_what_the_tests_think_it_is():
    initiative = earning("x", amount="1.00", days=3)
    statement = portfolio_statement([initiative], as_of=MONDAY).totals
    assert (statement.invested, statement.benefits.total) == (10_000, 3)


def test_page_and_mail_say_a_decision_in_the_same_words(house, client, at):
    house.digest(house.both)
    mail = mail_of(house.both)
    client.force_login(house.both)
    with at(MONDAY):
        page = " ".join(words_of(client.get("/").content.decode()).split())
    for what in ("Contract review loses money every month.", "What it changes costs more than it saves."):
        assert what in page and what in mail.text
