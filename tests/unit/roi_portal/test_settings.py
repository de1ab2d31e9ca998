from __future__ import annotations

import subprocess
import sys

import pytest

from roi_portal.embedded import ROOT
from roi_portal.management.commands.lint import deployed

SHOW = "from roi_portal import settings; print({name})"


def setting(name: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """A setting as a production process would have it, with some variables changed or taken away."""
    env = {**deployed(), "PATH": "/usr/bin:/bin", **changes}
    given = {key: value for key, value in env.items() if value is not None}
    command = [sys.executable, "-c", SHOW.format(name=f"settings.{name}")]
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "PUBLIC_URL", "DATABASE_URL", "CELERY_BROKER_URL"]
)
def test_outside_the_embedded_default_a_missing_variable_stops_the_start(name):
    done = setting("DEBUG", **{name: None})
    assert done.returncode == 1
    assert done.stderr.startswith(f"{name} is not set.")
    assert "Traceback" not in done.stderr


def test_outside_the_embedded_default_the_host_is_that_of_the_public_address():
    assert setting("ALLOWED_HOSTS").stdout.strip() == "['roi.company.example']"


def test_behind_https_cookies_are_bound_to_the_host_and_never_sent_in_clear():
    shown = setting("SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE")
    assert shown.stdout.split() == ["__Host-session", "True", "True"]


def test_options_for_valkey_do_not_reach_another_broker():
    assert setting("CELERY_BROKER_TRANSPORT_OPTIONS", CELERY_BROKER_URL="amqp://broker.example").stdout.strip() == "{}"


def test_a_task_is_given_up_before_the_broker_would_hand_it_out_again():
    shown = setting(
        "CELERY_TASK_TIME_LIMIT, settings.CELERY_BROKER_TRANSPORT_OPTIONS['visibility_timeout']",
        CELERY_BROKER_URL="redis://broker.example",
    )
    limit, visible = map(int, shown.stdout.split())
    assert limit < visible
