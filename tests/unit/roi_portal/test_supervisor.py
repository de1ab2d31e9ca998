from __future__ import annotations

import sys
import time

import pytest

from roi_portal import processes
from roi_portal.supervisor import Child, Role, roles


@pytest.fixture
def start(tmp_path):
    started = []

    def begin(role: Role) -> processes.Running:
        running = processes.start(role.name, role.command, log=tmp_path / "log", env={}, grace_seconds=1)
        started.append(running)
        return running

    yield begin
    processes.stop(started)


def ending(code: int) -> Role:
    return Role("worker", [sys.executable, "-c", f"raise SystemExit({code})"], 1)


def test_a_process_that_ends_is_started_again_after_a_pause(start, capsys):
    child = Child(ending(3), start)
    first = child.running
    first.process.wait()
    child.look_after()
    assert "The worker ended (code 3) and is started again in 0.5 s." in capsys.readouterr().err
    child.look_after()
    assert child.running is first, "not before the pause is over"
    time.sleep(0.55)
    child.look_after()
    assert child.running is not first


def test_the_pause_doubles_with_each_failure_up_to_half_a_minute(start, capsys):
    child = Child(ending(1), start)
    child.failures = 2
    child.running.process.wait()
    child.look_after()
    assert "again in 2 s" in capsys.readouterr().err
    child.failures, child._again_at = 20, None
    child.look_after()
    assert "again in 30 s" in capsys.readouterr().err


def test_who_has_run_steadily_begins_with_the_shortest_pause(start, capsys):
    child = Child(ending(1), start)
    child.failures, child._begun = 5, time.monotonic() - 3600
    child.running.process.wait()
    child.look_after()
    assert "again in 0.5 s" in capsys.readouterr().err


def test_a_process_that_runs_is_left_alone(start):
    child = Child(Role("web", ["/bin/sleep", "30"], 1), start)
    first = child.running
    child.look_after()
    assert child.running is first
    assert child.failures == 0


def test_web_comes_first_and_the_scheduler_last(tmp_path):
    assert [role.name for role in roles(8000, tmp_path)] == ["web", "worker", "scheduler"]
