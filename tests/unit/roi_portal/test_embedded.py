from __future__ import annotations

import fcntl
import json
import os

import pytest

from roi_portal import embedded
from roi_portal.environment import StartRefused


@pytest.fixture
def held(tmp_path):
    """A data folder whose lock somebody else holds."""
    holder = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(holder, fcntl.LOCK_EX)
    yield tmp_path
    os.close(holder)


def run_file(home, pid: int) -> None:
    found = {"pid": pid, "address": "http://127.0.0.1:8000", "env": {"DATABASE_URL": "postgres://there"}}
    (home / "run.json").write_text(json.dumps(found))


def test_a_command_uses_the_servers_of_the_running_portal(held):
    run_file(held, os.getpid())
    assert embedded._lock(held, attach=True) is None


def test_a_second_portal_on_the_same_data_is_refused(held):
    run_file(held, os.getpid())
    with pytest.raises(StartRefused, match=r"already running at http://127.0.0.1:8000"):
        embedded._lock(held, attach=False)


def test_a_portal_that_was_killed_is_not_mistaken_for_a_running_one(held, monkeypatch):
    run_file(held, pid=2**22 + 1)  # above the largest process number
    monkeypatch.setattr(embedded, "WAIT_FOR_LOCK_SECONDS", 0.3)
    with pytest.raises(StartRefused, match="has been using"):
        embedded._lock(held, attach=True)


def test_what_a_killed_portal_left_is_cleared_by_the_next_start(tmp_path):
    run_file(tmp_path, pid=2**22 + 1)
    os.close(embedded._lock(tmp_path, attach=True))
    assert not (tmp_path / "run.json").exists()


def test_keys_are_made_once_kept_and_shown_to_nobody_else(tmp_path):
    first = embedded.kept_keys(tmp_path)
    assert embedded.kept_keys(tmp_path) == first
    assert set(first) == {"SECRET_KEY", "TOKEN_HASH_KEY", "FIELD_ENCRYPTION_KEYS"}
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()}
    assert modes == {0o600}


def test_two_portals_have_different_keys(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir(), there.mkdir()
    assert not set(embedded.kept_keys(here).values()) & set(embedded.kept_keys(there).values())


@pytest.mark.parametrize("arguments", [["test", "tests/unit/roi_portal", "-q"], ["test", "tests/unit"]])
def test_tests_of_the_pure_parts_start_no_server(arguments):
    assert embedded._only_unit_tests(arguments)


@pytest.mark.parametrize("arguments", [["test"], ["test", "-q"], ["test", "tests/unit", "tests/db"], ["up"], []])
def test_everything_else_does(arguments):
    assert not embedded._only_unit_tests(arguments)
