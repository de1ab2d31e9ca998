from __future__ import annotations

import base64

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from kpis.plumbing import secrets

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
ROW = "source:4:auth_header"
NO_SURROGATES = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.fixture(autouse=True)
def keys(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    return settings


@given(NO_SURROGATES)
def test_what_was_sealed_opens_in_its_own_row(plain):
    assert secrets.unseal(secrets.seal(plain, context=ROW), context=ROW) == plain


def test_a_ciphertext_copied_into_another_row_does_not_open_there():
    cipher = secrets.seal("Bearer abc", context=ROW)
    for other in ("source:5:auth_header", "source:4:auth_heade", "source:4:auth_header2", ""):
        with pytest.raises(secrets.SecretUnreadable):
            secrets.unseal(cipher, context=other)


def test_the_text_does_not_show_and_equal_texts_look_different():
    one, other = (secrets.seal("Bearer abc", context=ROW) for _ in range(2))
    assert b"abc" not in one
    assert one != other


def test_every_flipped_bit_is_noticed():
    sealed = base64.urlsafe_b64decode(secrets.seal("Bearer abc", context=ROW))
    for place in range(len(sealed)):
        damaged = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(secrets.SecretUnreadable):
            secrets.unseal(base64.urlsafe_b64encode(damaged), context=ROW)


def test_an_older_key_still_opens_and_resealing_frees_us_of_it(keys):
    cipher = secrets.seal("Bearer abc", context=ROW)
    keys.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert secrets.unseal(cipher, context=ROW) == "Bearer abc"
    renewed = secrets.reseal(cipher)
    keys.FIELD_ENCRYPTION_KEYS = [NEW]
    assert secrets.unseal(renewed, context=ROW) == "Bearer abc"
    with pytest.raises(secrets.SecretUnreadable):
        secrets.unseal(cipher, context=ROW)


def test_a_lost_key_is_said_in_a_sentence_and_not_as_a_fault_of_the_library(keys):
    cipher = secrets.seal("Bearer abc", context=ROW)
    keys.FIELD_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(secrets.SecretUnreadable, match="cannot be opened"):
        secrets.reseal(cipher)


def test_memoryviews_as_the_database_gives_them_open_too():
    assert secrets.unseal(memoryview(secrets.seal("x", context=ROW)), context=ROW) == "x"
