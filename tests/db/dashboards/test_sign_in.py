from __future__ import annotations

from datetime import UTC, datetime

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.urls import reverse

from kpis.access import signing_in
from tests.factories import PASSWORD, UserFactory

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SIGN_IN = "/sign-in/"


@pytest.fixture
def browser() -> Client:
    return Client(SERVER_NAME="127.0.0.1")


def attempt(browser: Client, name: str, password: str, **more: str):
    return browser.post(SIGN_IN, {"username": name, "password": password}, **more)


def test_the_right_name_and_password_lead_to_the_portfolio(browser):
    person = UserFactory()
    answer = attempt(browser, person.username, PASSWORD)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert browser.session["_auth_user_id"] == str(person.pk)


def test_signing_in_gives_a_new_session_so_that_a_planted_one_is_worth_nothing(browser):
    browser.get(SIGN_IN)
    session = browser.session
    session["planted"] = True
    session.save()
    browser.cookies["roi-session"] = session.session_key
    attempt(browser, UserFactory().username, PASSWORD)
    assert browser.session.session_key != session.session_key


@pytest.mark.parametrize("case", ["unknown", "wrong password", "disabled", "no password"])
def test_every_failure_is_answered_alike(browser, case):
    UserFactory(username="dana")
    UserFactory(username="gone", is_active=False)
    UserFactory(username="sso", password="!unusable")
    name, password = {
        "unknown": ("nobody", PASSWORD),
        "wrong password": ("dana", "not the password"),
        "disabled": ("gone", PASSWORD),
        "no password": ("sso", PASSWORD),
    }[case]
    answer = attempt(browser, name, password)
    assert answer.status_code == 200
    assert [str(error) for error in answer.context["form"].non_field_errors()] == [
        "The name or the password is not right."
    ]
    assert "_auth_user_id" not in browser.session


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/initiatives/support-triage/", "/initiatives/support-triage/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("http:///evil.example", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_only_a_page_of_our_own_is_opened(browser, asked, led):
    answer = browser.post(SIGN_IN, {"username": UserFactory().username, "password": PASSWORD, "next": asked})
    assert answer["Location"] == led


def test_who_guesses_is_slowed_down_with_a_sentence_and_a_time(browser, settings):
    person = UserFactory()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = attempt(browser, person.username, "wrong")
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert "Too many attempts" in answer.content.decode()
    assert attempt(browser, person.username, PASSWORD).status_code == 429


def test_the_owner_still_gets_in_from_elsewhere_while_somebody_guesses(browser, settings):
    person = UserFactory()
    for _ in range(settings.AXES_FAILURE_LIMIT + 1):
        attempt(browser, person.username, "wrong", REMOTE_ADDR="203.0.113.9")
    assert attempt(browser, person.username, PASSWORD, REMOTE_ADDR="198.51.100.7").status_code == 302


def test_who_tries_many_names_from_one_address_is_slowed_down_too(browser, monkeypatch):
    monkeypatch.setattr(signing_in, "FAILURES_OF_AN_ADDRESS", 5)
    for number in range(5):
        assert attempt(browser, f"name-{number}", "wrong").status_code == 200
    assert attempt(browser, UserFactory().username, PASSWORD).status_code == 429


def test_failures_of_long_ago_do_not_count():
    AccessAttempt.objects.create(
        username="x", ip_address="203.0.113.9", failures_since_start=500, get_data="", post_data=""
    )
    AccessAttempt.objects.update(attempt_time=NOON)
    assert signing_in.is_slowed_down("203.0.113.9", at=NOON)
    assert not signing_in.is_slowed_down("203.0.113.9", at=NOON + 2 * signing_in.WINDOW)


def test_behind_our_proxy_its_last_word_is_the_address_and_elsewhere_nobodys_word_counts(rf, settings):
    request = rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="1.2.3.4, 203.0.113.9")
    settings.BEHIND_PROXY = True
    assert signing_in.address_of(request) == "203.0.113.9"
    settings.BEHIND_PROXY = False
    assert signing_in.address_of(request) == "10.0.0.1"


def test_the_password_is_in_no_row(browser):
    attempt(browser, "dana", "the very secret word")
    stored = " ".join(str(row) for row in AccessAttempt.objects.values_list("get_data", "post_data", "path_info"))
    assert "very secret" not in stored


@pytest.mark.parametrize("password", ["x" * 257, "\x00", "💥" * 300, "\ud800"])
def test_a_password_that_cannot_be_one_is_an_error_on_the_page_and_not_of_the_server(browser, password):
    assert (
        attempt(browser, "dana", password.encode("utf-8", "surrogatepass").decode("utf-8", "replace")).status_code
        == 200
    )


def test_signing_out_needs_a_form_of_ours_and_ends_the_session(browser):
    person = UserFactory()
    attempt(browser, person.username, PASSWORD)
    assert browser.get("/sign-out/").status_code == 405
    careful = Client(SERVER_NAME="127.0.0.1", enforce_csrf_checks=True)
    careful.cookies = browser.cookies
    assert careful.post("/sign-out/").status_code == 403
    assert "_auth_user_id" in browser.session
    assert browser.post("/sign-out/")["Location"] == SIGN_IN
    assert "_auth_user_id" not in browser.session


def test_the_page_is_not_kept_by_any_cache_and_not_shown_to_who_is_signed_in(browser):
    assert "no-store" in browser.get(SIGN_IN)["Cache-Control"]
    browser.force_login(UserFactory(), backend="django.contrib.auth.backends.ModelBackend")
    assert browser.get(SIGN_IN)["Location"] == "/"


def test_a_language_is_remembered_by_the_browser_and_for_the_person(browser):
    person = UserFactory()
    attempt(browser, person.username, PASSWORD)
    answer = browser.post(reverse("set_language"), {"language": "de", "next": "/sources/"})
    person.refresh_from_db()
    assert (person.language, answer["Location"]) == ("de", "/sources/")
    elsewhere = Client(SERVER_NAME="127.0.0.1")
    attempt(elsewhere, person.username, PASSWORD)
    assert elsewhere.cookies["roi-language"].value == "de"


@pytest.mark.parametrize("language", ["tlh", "", "de\r\nSet-Cookie: a=b", "../../x"])
def test_a_language_that_the_portal_does_not_speak_sets_nothing(browser, language):
    browser.post(reverse("set_language"), {"language": language})
    assert "roi-language" not in browser.cookies


def test_an_appearance_is_remembered_and_forgotten(browser):
    browser.post(reverse("set-theme"), {"theme": "dark"})
    assert browser.cookies["theme"].value == "dark"
    browser.post(reverse("set-theme"), {"theme": "system"})
    assert browser.cookies["theme"].value == ""
