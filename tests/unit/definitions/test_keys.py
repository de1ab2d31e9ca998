from __future__ import annotations

import pytest

from kpis.definitions import keys


def test_a_key_falls_apart_into_the_slugs_it_was_made_of():
    assert keys.parts_of(keys.key_of("support-triage", "handling-time")) == ("support-triage", "handling-time")


@pytest.mark.parametrize(
    "text", ["", ".", "a", "a.", ".b", "a.b.c", "A.b", "a.b ", "a..b", "a-.b", "ä.b", "a.b\n", "a." + "b" * 81]
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ValueError):
        keys.parts_of(text)
