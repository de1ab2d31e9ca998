"""Before the first cost or benefit the pages say so, in place of an empty drawing."""

from __future__ import annotations

from django.test import Client

from tests.factories import InitiativeFactory, UserFactory


def test_the_portfolio_and_the_initiative_say_that_nothing_has_flowed():
    initiative = InitiativeFactory(name="Invoice reading")
    client = Client()
    client.force_login(UserFactory())
    for path in ("/", f"/initiatives/{initiative.slug}/"):
        text = client.get(path).content.decode()
        assert "Nothing has flowed yet: neither a cost nor a benefit." in text
        assert "data-figure-url" not in text
