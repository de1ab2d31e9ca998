"""`manage.py up` as people use it: from a copy of the checkout, as root and as somebody else, stopped in every way."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from roi_portal import embedded, processes
from roi_portal.embedded import ROOT
from roi_portal.processes import Account

START_SECONDS = 150  # other work may share the machine
READY_PAGE = timedelta(seconds=2)
NOT_PART_OF_A_CHECKOUT = shutil.ignore_patterns(".venv*", "var", ".git", "__pycache__", ".*_cache", "artefacts")
SET_BY_THE_TEST_RUN = ("ROI_", "DATABASE_URL", "CELERY_BROKER_URL", "PUBLIC_URL", *embedded.KEYS)

pytestmark = pytest.mark.slow


class Up:
    """One `manage.py up` with what it has said so far."""

    def __init__(self, checkout: Path, *arguments: str, env: dict[str, str], account: Account | None = None) -> None:
        command = [env.get("TEST_PYTHON", sys.executable), "manage.py", *(arguments or ("up",))]
        self.process = subprocess.Popen(
            command,
            cwd=checkout,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **(account or Account()).as_popen(),
        )
        self.said: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def wait_for(self, beginning: str) -> str:
        """The first line that begins so."""
        end = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(queue.Empty):
                line = self._lines.get(timeout=max(0.1, end - time.monotonic()))
                if line is not None:
                    self.said.append(line)
                    if line.startswith(beginning):
                        return line
                    continue
            raise AssertionError(f"{beginning!r} was not said:\n" + "\n".join(self.said))

    def until_ready(self) -> tuple[str, str, str]:
        """Address, password and token, as they are printed."""
        address = self.wait_for("Address  ").split("  ")[1]
        password = self.wait_for("Sign in  ").split("  ")[2]
        return address, password, self.wait_for("Token  ").split("  ")[1]

    def family(self) -> dict[int, str]:
        """The process and all that descend from it, each with its start time, which makes a number unique."""
        found = {self.process.pid: _begun(self.process.pid)}
        parents = {int(pid): _parent(int(pid)) for pid in os.listdir("/proc") if pid.isdigit()}
        grown = True
        while grown:
            children = {pid for pid, parent in parents.items() if parent in found and pid not in found}
            found |= {pid: _begun(pid) for pid in children}
            grown = bool(children)
        return found

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def end(self) -> None:
        """Whatever state a test left it in: stopped in order, or killed with all that descends from it."""
        family = self.family()
        if self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.interrupt()
        gone_within(family, 5)
        for pid in still_there(family):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)


def _stat(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []


def _parent(pid: int) -> int:
    return int(stat[1]) if (stat := _stat(pid)) else 0


def _begun(pid: int) -> str:
    """The start time; empty for a process that is gone or only waits to be counted as gone."""
    stat = _stat(pid)
    return stat[19] if stat and stat[0] not in "ZX" else ""


def still_there(family: dict[int, str]) -> list[int]:
    return [pid for pid, begun in family.items() if begun and _begun(pid) == begun]


def gone_within(family: dict[int, str], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while still_there(family) and time.monotonic() < end:
        time.sleep(0.1)
    return not still_there(family)


def environment(data: Path, **more: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(SET_BY_THE_TEST_RUN)}
    here = {"PORT": str(processes.free_port()), "ROI_DATA_DIR": str(data), "ROI_VENV": sys.prefix}
    return {**own, **here, **more}


@pytest.fixture
def start() -> Iterator[Callable[..., Up]]:
    """`start(checkout, …, env=…)`: one `manage.py up`. What a test leaves running is ended, also where it failed."""
    started: list[Up] = []

    def start(*arguments: Any, **more: Any) -> Up:
        started.append(Up(*arguments, **more))
        return started[-1]

    yield start
    for up in reversed(started):
        up.end()


@pytest.fixture(scope="module")
def hidden_checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy below a folder that only its owner may enter, like the home of root."""
    home = tmp_path_factory.mktemp("home")
    home.chmod(0o700)
    yield Path(shutil.copytree(ROOT, home / "portal", ignore=NOT_PART_OF_A_CHECKOUT))
    if os.geteuid() == 0:
        shutil.rmtree(embedded.hidden_place(home / "portal" / "var"), ignore_errors=True)


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="roi-up-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_a_portal_starts_stops_starts_again_and_survives_being_killed(start, hidden_checkout):
    env = environment(hidden_checkout / "var")

    first = start(hidden_checkout, env=env)
    address, password, token = first.until_ready()
    assert address == f"http://127.0.0.1:{env['PORT']}"
    for _ in range(4):  # two web processes: what they need is loaded before they say that they are ready
        assert httpx.get(f"{address}/sign-in/").elapsed < READY_PAGE
    assert httpx.get(f"{address}/readyz").status_code == 200
    assert (hidden_checkout / "var" / "run.json").stat().st_mode & 0o077 == 0
    assert (hidden_checkout / "var" / "credentials.json").stat().st_mode & 0o077 == 0

    made = start(hidden_checkout, "create_token", "second", "--scope", "read", env=env)
    made.wait_for("roi_")

    twice = start(hidden_checkout, env=env)
    assert twice.process.wait(60) == 1
    twice.wait_for(f"The portal is already running at {address}")

    family = first.family()
    assert len(family) >= 10, "supervisor, two servers, web with two workers, worker with two, scheduler"
    assert first.interrupt() == 0
    assert gone_within(family, 5), "Ctrl-C leaves no process"

    second = start(hidden_checkout, env=env)
    assert second.until_ready() == (address, password, token), "the data and the sign-in are kept"
    family = second.family()
    second.process.kill()
    assert gone_within(family, 20), f"a killed supervisor leaves {still_there(family)}"

    third = start(hidden_checkout, env=env)
    assert third.until_ready() == (address, password, token), "the data survive a kill"
    answer = httpx.get(f"{address}/api/v1/kpis/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    family = third.family()
    assert third.interrupt() == 0
    assert gone_within(family, 5)


def test_an_embedded_server_that_ends_stops_everything_and_a_child_that_ends_is_started_again(start, hidden_checkout):
    up = start(hidden_checkout, env=environment(hidden_checkout / "var"))
    address, _, _ = up.until_ready()
    family = up.family()

    web = next(pid for pid in family if b"gunicorn" in _command(pid) and _parent(pid) == up.process.pid)
    workers = {pid: family[pid] for pid in family if _parent(pid) == web}
    os.kill(web, signal.SIGKILL)
    assert gone_within(workers, 10), "a killed web process leaves no worker that holds the port"
    up.wait_for("The web ended (code -9)")
    _wait_until_answering(address)

    database = next(
        pid for pid in family if _command(pid).startswith(b"postgres") or b"bin/postgres\0" in _command(pid)
    )
    os.kill(database, signal.SIGQUIT)
    up.wait_for("PostgreSQL ended")
    assert up.process.wait(60) == 1
    assert gone_within(family, 5)


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _wait_until_answering(address: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{address}/healthz", timeout=5).status_code == 200:
                return
        time.sleep(0.2)
    raise AssertionError("the web process did not come back")


def test_a_taken_port_is_said_together_with_the_way_out(start, hidden_checkout):
    with processes.socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = start(hidden_checkout, env=environment(hidden_checkout / "var", PORT=str(port)))
        up.wait_for(f"Port {port} on this machine is taken by another program.")
        up.wait_for(f"Choose another one: PORT={port + 1} python3 manage.py up")
        assert up.process.wait(60) == 1


def test_a_command_needs_no_running_portal_not_even_one_that_was_ever_started(start, hidden_checkout, open_folder):
    env = environment(open_folder / "never-started")
    made = start(hidden_checkout, "create_token", "alone", "--scope", "read", env=env)
    made.wait_for("roi_")
    family = made.family()
    assert made.process.wait(60) == 0
    assert gone_within(family, 5)


# -- as somebody who is not root --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def somebody() -> Account:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    return processes.server_account()


@pytest.fixture(scope="module")
def somebodys_env(somebody: Account, open_folder: Path) -> dict[str, str]:
    """An environment whose Python the other account can run, with the packages of this one."""
    python = _python_for(somebody, open_folder)
    venv, data = open_folder / "venv", open_folder / "data"
    libraries = {"LD_LIBRARY_PATH": str(python.parent.parent / "lib")}
    subprocess.run([python, "-m", "venv", "--without-pip", venv], check=True, env={**os.environ, **libraries})
    packages = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    if not somebody.can_enter(packages):
        packages = Path(shutil.copytree(packages, open_folder / "packages", symlinks=True, copy_function=_link))
    next(venv.glob("lib/python*/site-packages")).joinpath("ours.pth").write_text(f"{packages}\n")
    data.mkdir()
    somebody.own(data)
    places = {"HOME": str(data), "ROI_VENV": str(venv), "TEST_PYTHON": str(venv / "bin" / "python")}
    places["PYTHONPYCACHEPREFIX"] = str(data / "compiled")  # the checkout belongs to another account
    return environment(data, **libraries, **places, BASE_PYTHON=str(python))


def _python_for(account: Account, folder: Path) -> Path:
    """This Python; a copy of it where it lies below a home that the account may not enter."""
    python = Path(sys.base_prefix) / "bin" / "python{}.{}".format(*sys.version_info)
    if account.can_enter(python):
        return python
    left_out = shutil.ignore_patterns("site-packages", "test", "idlelib", "config-*")
    library = f"lib/{python.name}"
    shutil.copytree(Path(sys.base_prefix) / library, folder / library, ignore=left_out, copy_function=_link)
    for shared in Path(sys.base_prefix).glob("lib/libpython*"):
        shutil.copy2(shared, folder / "lib")
    (folder / "bin").mkdir()
    return Path(shutil.copy2(python, folder / "bin"))


def _link(source: str, target: str) -> str:
    """A second name for the same file where the file system allows it: hundreds of megabytes need not be copied."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def test_an_ordinary_user_runs_the_portal_from_a_checkout_that_is_not_theirs(
    start, somebody, somebodys_env, open_folder
):
    checkout = Path(shutil.copytree(ROOT, open_folder / "portal", ignore=NOT_PART_OF_A_CHECKOUT))
    up = start(checkout, env=somebodys_env, account=somebody)
    address, _, _ = up.until_ready()
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in up.family() if _begun(pid)}
    assert owners == {somebody.uid}
    assert httpx.get(f"{address}/readyz").status_code == 200
    family = up.family()
    assert up.interrupt() == 0
    assert gone_within(family, 5)


def test_a_checkout_that_cannot_be_written_to_is_said_together_with_the_way_out(
    start, somebody, somebodys_env, open_folder
):
    checkout = Path(shutil.copytree(ROOT, open_folder / "read-only", ignore=NOT_PART_OF_A_CHECKOUT))
    without_place = {name: value for name, value in somebodys_env.items() if name != "ROI_DATA_DIR"}
    up = start(checkout, env=without_place, account=somebody)
    up.wait_for(f"{checkout / 'var'} cannot be written to")
    assert "ROI_DATA_DIR=" in up.wait_for("Choose a place for the data")
    assert up.process.wait(60) == 1


def test_a_venv_that_cannot_be_made_is_said_together_with_the_way_out(start, somebody, somebodys_env, open_folder):
    checkout = Path(shutil.copytree(ROOT, open_folder / "no-venv", ignore=NOT_PART_OF_A_CHECKOUT))
    env = {**somebodys_env, "TEST_PYTHON": somebodys_env["BASE_PYTHON"], "ROI_VENV": str(checkout / ".venv")}
    up = start(checkout, env=env, account=somebody)
    up.wait_for(f"{checkout / '.venv'} cannot be written to")
    assert "ROI_VENV=" in up.wait_for("Choose places that can")
    assert up.process.wait(60) == 1


# -- outside the embedded default -------------------------------------------------------------------------------


def test_a_missing_secret_key_stops_the_start_with_a_sentence(start, hidden_checkout, tmp_path):
    elsewhere = {"DATABASE_URL": "postgres://roi@127.0.0.1:1/roi", "CELERY_BROKER_URL": "memory://"}
    env = environment(tmp_path, **elsewhere, PUBLIC_URL="https://roi.company.example")
    up = start(hidden_checkout, "check", env=env)
    up.wait_for("SECRET_KEY is not set.")
    assert up.process.wait(60) == 1
    assert not any("Traceback" in line for line in up.said)


def test_the_servers_of_a_test_run_are_reached_by_password_only():
    address = os.environ["DATABASE_URL"]
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address.replace(":", ":wrong", 2).replace("postgres:wrong", "postgres:", 1)).close()
