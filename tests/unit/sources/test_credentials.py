from __future__ import annotations

import pytest

from kpis.plumbing.secrets import SecretUnreadable
from kpis.sources import credentials
from kpis.sources.models import DataSource


def source(pk=4, **fields):
    return DataSource(pk=pk, **fields)


def test_what_was_sealed_for_a_source_is_sent_as_its_header():
    sealed = credentials.sealed(source(), " X-Api-Key :  abc def ")
    assert credentials.header_of(source(auth_header=sealed)) == {"X-Api-Key": "abc def"}


def test_without_a_secret_no_header_is_sent():
    assert credentials.sealed(source(), "  ") is None
    assert credentials.header_of(source()) == {}


def test_a_secret_copied_into_another_row_does_not_open():
    sealed = credentials.sealed(source(4), "X: abc")
    with pytest.raises(SecretUnreadable):
        credentials.header_of(source(5, auth_header=sealed))


@pytest.mark.parametrize(
    "line", ["abc", "X:", ": abc", "X y: abc", "X: a\nb", "X: ü", "Host: a", "Content-Length: 5", "X" * 65 + ": a"]
)
def test_what_is_no_header_of_a_sign_in_is_refused(line):
    with pytest.raises(credentials.CredentialsWrong):
        credentials.sealed(source(), line)


def test_what_a_source_echoes_of_our_secret_is_hidden_whole_and_in_part():
    headers = {"Authorization": "Bearer s3cret-value"}
    told = credentials.without_secrets("bad token s3cret-value in “Bearer s3cret-value”", headers)
    assert "s3cret" not in told
    assert told.startswith("bad token •••")
