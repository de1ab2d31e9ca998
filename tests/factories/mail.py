"""Digests, their mails, and what browsers are told."""

from __future__ import annotations

from datetime import time

import factory
from factory.django import DjangoModelFactory

from kpis.digests.models import Digest, Edition, Recipient
from kpis.plumbing.models import Change, OutboxMail
from tests.factories.access import UserFactory
from tests.factories.instants import CREATED


class DigestFactory(DjangoModelFactory):
    """Mondays at 07:00 in Berlin."""

    class Meta:
        model = Digest

    slug = factory.Sequence(lambda n: f"weekly-{n}")
    name = "Weekly report"
    weekday = 0
    at = time(7)
    zone = "Europe/Berlin"


class RecipientFactory(DjangoModelFactory):
    class Meta:
        model = Recipient

    digest = factory.SubFactory(DigestFactory)
    user = factory.SubFactory(UserFactory)


class OutboxMailFactory(DjangoModelFactory):
    class Meta:
        model = OutboxMail

    message_id = factory.Sequence(lambda n: f"<mail-{n}@company.example>")
    recipient = "person@company.example"
    subject = "Weekly report"
    text = "The week in figures."
    html = "<p>The week in figures.</p>"
    written_at = CREATED
    next_attempt_at = CREATED


class EditionFactory(DjangoModelFactory):
    class Meta:
        model = Edition

    digest = factory.SubFactory(DigestFactory)
    user = factory.SubFactory(UserFactory)
    due_at = CREATED
    as_of = CREATED
    mail = factory.SubFactory(OutboxMailFactory)


class ChangeFactory(DjangoModelFactory):
    class Meta:
        model = Change

    event = Change.Event.ROI
    key = "support"
    initiative = "support"
    at = CREATED
