from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

from roi_portal import processes

PARENT = """
import signal, sys, time
from pathlib import Path
from roi_portal import processes
child = processes.start("child", ["sleep", "60"], log=Path(sys.argv[1]), env={"PATH": "/usr/bin:/bin"})
print(child.process.pid, flush=True)
time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_child_does_not_outlive_a_parent_that_was_killed(tmp_path):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    end = time.monotonic() + 5
    while is_alive(child) and time.monotonic() < end:
        time.sleep(0.02)
    assert not is_alive(child)


def test_who_does_not_listen_is_ended_with_force_after_the_grace(tmp_path):
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    log = tmp_path / "log"
    child = processes.start("deaf", [sys.executable, "-c", deaf], log=log, env={}, grace_seconds=0.2)
    end = time.monotonic() + 10
    while "deaf" not in log.read_text() and time.monotonic() < end:
        time.sleep(0.02)
    processes.stop([child])
    assert child.process.returncode == -signal.SIGKILL


def test_the_end_of_a_log_is_shown(tmp_path):
    (tmp_path / "log").write_text("\n".join(f"line {number}" for number in range(30)))
    assert processes.last_lines(tmp_path / "log", 2) == "  line 28\n  line 29"


def test_a_log_that_is_not_there_is_no_error(tmp_path):
    assert processes.last_lines(tmp_path / "missing") == ""


def test_a_port_that_somebody_listens_on_is_not_free():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not processes.port_is_free(taken.getsockname()[1])
    assert processes.port_is_free(processes.free_port())


def test_only_root_steps_down_to_another_account():
    account = processes.server_account()
    assert account.steps_down == (os.geteuid() == 0)
