from __future__ import annotations

import base64
import secrets

import pytest

from roi_portal import environment
from roi_portal.environment import StartRefused

GOOD_KEY = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def test_a_variable_may_be_given_as_a_file(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("from a file\n")
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "key"))
    assert environment.text("SOME_SECRET") == "from a file"


def test_a_variable_given_twice_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("SOME_SECRET", "here")
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "there"))
    with pytest.raises(StartRefused, match="Both SOME_SECRET and SOME_SECRET_FILE are set"):
        environment.text("SOME_SECRET")


def test_a_file_that_cannot_be_read_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "missing"))
    with pytest.raises(StartRefused, match=r"cannot be read: .*missing \(No such file"):
        environment.text("SOME_SECRET")


def test_a_refusal_ends_the_process_with_code_one_and_no_traceback():
    refusal = StartRefused("What is wrong.", "What to do.")
    assert isinstance(refusal, SystemExit)
    assert refusal.code == "What is wrong.\nWhat to do."  # a text as code is printed, and the exit code is 1


@pytest.mark.parametrize(
    "weak",
    [
        "short",
        "x" * 60,
        "django-insecure-" + "k3jh45kj3h45kjh345kjh345kj",
        "please-changeme-please-changeme-12345",
        "a1" * 30,
    ],
)
def test_a_secret_that_is_short_repetitive_or_a_placeholder_is_refused(monkeypatch, weak):
    monkeypatch.setenv("SECRET_KEY", weak)
    with pytest.raises(StartRefused, match="too short or known to the world"):
        environment.secret("SECRET_KEY")


def test_a_missing_secret_is_refused(monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    with pytest.raises(StartRefused, match="SECRET_KEY is not set"):
        environment.secret("SECRET_KEY")


def test_encryption_keys_are_kept_in_their_order_the_newest_first(monkeypatch):
    older = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    monkeypatch.setenv("FIELD_ENCRYPTION_KEYS", f"{GOOD_KEY}, {older}")
    assert environment.encryption_keys("FIELD_ENCRYPTION_KEYS") == [GOOD_KEY, older]


@pytest.mark.parametrize("bad", ["not base64!", base64.urlsafe_b64encode(b"short").decode(), "A" * 43 + "="])
def test_an_encryption_key_that_is_not_32_random_bytes_is_refused(monkeypatch, bad):
    monkeypatch.setenv("FIELD_ENCRYPTION_KEYS", bad)
    with pytest.raises(StartRefused, match="not 32 random bytes"):
        environment.encryption_keys("FIELD_ENCRYPTION_KEYS")


def test_the_database_address_is_taken_apart_with_its_escapes(monkeypatch):
    found = environment.database("DATABASE_URL", "postgres://ro%40i:p%2Fw@db.example:5433/portal?sslmode=require")
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"]) == ("ro@i", "p/w", "db.example", "5433")
    assert (found["NAME"], found["OPTIONS"]) == ("portal", {"sslmode": "require"})


@pytest.mark.parametrize(
    "bad", ["sqlite:///db.sqlite3", "mysql://u:p@h/db", "postgres://host", "postgres://h:x/db", "db"]
)
def test_only_postgresql_is_a_database(bad):
    with pytest.raises(StartRefused, match="not the address of a PostgreSQL database"):
        environment.database("DATABASE_URL", bad)


def test_mails_are_files_where_no_server_is_given(monkeypatch):
    monkeypatch.delenv("EMAIL_URL", raising=False)
    assert environment.mail("EMAIL_URL") == {}


@pytest.mark.parametrize(
    ("url", "port", "ssl", "starttls"),
    [
        ("smtp://mail.example", 25, False, False),
        ("smtp://u:p@mail.example:587/?tls=true", 587, False, True),
        ("submission://u:p@mail.example", 587, False, True),
        ("smtps://u:p@mail.example", 465, True, False),
    ],
)
def test_the_mail_address_says_how_it_is_encrypted(monkeypatch, url, port, ssl, starttls):
    monkeypatch.setenv("EMAIL_URL", url)
    found = environment.mail("EMAIL_URL")
    assert (found["EMAIL_PORT"], found["EMAIL_USE_SSL"], found["EMAIL_USE_TLS"]) == (port, ssl, starttls)


@pytest.mark.parametrize(
    "bad", ["http://mail.example", "smtp://", "smtp://h:x/", "smtp://h/?tsl=true", "smtp://h/?timeout=x"]
)
def test_a_mail_address_that_is_none_is_refused(monkeypatch, bad):
    monkeypatch.setenv("EMAIL_URL", bad)
    with pytest.raises(StartRefused, match="not the address of a mail server"):
        environment.mail("EMAIL_URL")


@pytest.mark.parametrize("hosts", ["*", "roi.example,*.example"])
def test_a_star_among_the_host_names_is_refused(monkeypatch, hosts):
    monkeypatch.setenv("ALLOWED_HOSTS", hosts)
    with pytest.raises(StartRefused, match="contains a star"):
        environment.host_names("ALLOWED_HOSTS", [])


@pytest.mark.parametrize("bad", ["0", "13", "-1", "1.5", "March", "٣"])
def test_a_month_is_a_number_from_1_to_12(monkeypatch, bad):
    monkeypatch.setenv("FISCAL_YEAR_START", bad)
    with pytest.raises(StartRefused, match="whole number from 1 to 12"):
        environment.whole_number("FISCAL_YEAR_START", 1, at_least=1, at_most=12)


@pytest.mark.parametrize("bad", ["Berlin", "Europe/Nowhere", "../etc/passwd"])
def test_a_time_zone_that_does_not_exist_is_refused(monkeypatch, bad):
    monkeypatch.setenv("TIME_ZONE", bad)
    with pytest.raises(StartRefused, match="no time zone"):
        environment.time_zone("TIME_ZONE", "UTC")


@pytest.mark.parametrize(
    "bad", ["roi.example", "ftp://roi.example", "https://", "https://roi.example/?x=1", "https://u@roi.example"]
)
def test_a_public_address_that_is_none_is_refused(monkeypatch, bad):
    monkeypatch.setenv("PUBLIC_URL", bad)
    with pytest.raises(StartRefused, match="no web address"):
        environment.address("PUBLIC_URL", "")


@pytest.mark.parametrize("bad", ["EURO", "eur", "€"])
def test_a_currency_is_three_capital_letters(monkeypatch, bad):
    monkeypatch.setenv("REPORTING_CURRENCY", bad)
    with pytest.raises(StartRefused, match="no currency"):
        environment.currency("REPORTING_CURRENCY", "EUR")
