"""Builds the locked environment where it is missing, and goes on inside it.

Standard library only. Where the running Python already has every locked version (an image, an
activated environment) nothing is built. Otherwise the environment stands in `.venv` (`ROI_VENV=`
changes it), is stamped with the hash of its lock file when complete, and is begun anew when an
earlier installation was interrupted.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from roi_portal import progress
from roi_portal.environment import StartRefused
from roi_portal.progress import Step

ROOT = Path(__file__).resolve().parent.parent
TO_RUN, TO_DEVELOP = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
INSTALLER = ROOT / "requirements-bootstrap.lock"
DEVELOPER_COMMANDS = {"test", "lint", "bench"}


def enter(argv: list[str]) -> None:
    """Return inside an environment that has everything locked; may replace the running process."""
    lock = TO_DEVELOP if argv[1:2] and argv[1] in DEVELOPER_COMMANDS else TO_RUN
    venv = Path(os.environ.get("ROI_VENV") or ROOT / ".venv").expanduser().absolute()
    inside = Path(sys.prefix).resolve() == venv.resolve()
    if (inside and _is_stamped(venv, lock)) or has_locked(lock):
        return
    with _in_words(venv):
        build(venv, lock)
    if not inside:
        python = str(venv / "bin" / "python")
        os.execv(python, [python, *argv])


# -- is everything there? ---------------------------------------------------------------------------------------


def has_locked(lock: Path) -> bool:
    """Whether the running Python has every package of the lock in the locked version."""
    return all(_installed_version(name) == version for name, version in locked_versions(lock).items())


def locked_versions(lock: Path) -> dict[str, str]:
    """Package to version, as far as the lock's markers ask for it on this Python."""
    line = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)(?: *; *([^\\]+?))? *\\?$")
    found = (line.match(text) for text in lock.read_text(encoding="utf-8").splitlines())
    return {match[1]: match[2] for match in found if match and _applies(match[3] or "")}


def _applies(marker: str) -> bool:
    """The markers that `uv pip compile --universal` writes: comparisons joined by `and`, `or`."""
    known = {
        "python_full_version": platform.python_version(),
        "python_version": "{}.{}".format(*sys.version_info),
        "sys_platform": sys.platform,
        "platform_machine": platform.machine(),
        "platform_system": platform.system(),
        "platform_python_implementation": platform.python_implementation(),
        "implementation_name": sys.implementation.name,
        "os_name": os.name,
    }
    if not marker:
        return True
    return any(all(_holds(part, known) for part in either.split(" and ")) for either in marker.split(" or "))


def _holds(comparison: str, known: dict[str, str]) -> bool:
    match = re.fullmatch(r"\s*\(?(\w+) *(==|!=|<=|>=|<|>) *'([^']*)'\)?\s*", comparison)
    if match is None:
        return True
    name, operator, wanted = match.groups()
    left: object = known.get(name, "")
    right: object = wanted
    if name.startswith("python_"):
        left, right = _numbers(str(left)), _numbers(wanted)
    return {
        "==": left == right,
        "!=": left != right,
        "<": left < right,  # type: ignore[operator]
        "<=": left <= right,  # type: ignore[operator]
        ">": left > right,  # type: ignore[operator]
        ">=": left >= right,  # type: ignore[operator]
    }[operator]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _installed_version(name: str) -> str | None:
    with contextlib.suppress(metadata.PackageNotFoundError):
        return metadata.version(name)
    return None


# -- building ---------------------------------------------------------------------------------------------------


def _is_stamped(venv: Path, lock: Path) -> bool:
    """The developers' lock contains the other one, so its stamp is good for both."""
    if not (venv / "bin" / "python").exists() or (venv / ".incomplete").exists():
        return False
    stamps = [(_stamp(venv, each), each) for each in (lock, TO_DEVELOP)]
    return any(stamp.exists() and stamp.read_text() == _hash(each) for stamp, each in stamps)


def _stamp(venv: Path, lock: Path) -> Path:
    return venv / f".installed-{lock.stem}"


def _hash(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def build(venv: Path, lock: Path) -> None:
    """Make `venv` hold the lock. Two first starts at once: the second waits and finds it done."""
    if _is_stamped(venv, lock):
        return
    with _only_one(venv):
        if _is_stamped(venv, lock):
            return
        python = venv / "bin" / "python"
        if (venv / ".incomplete").exists():
            progress.say("An earlier installation was interrupted; beginning it anew.")
            _empty(venv)
        elif python.exists() and _other_has_locked(python, lock):
            _stamp(venv, lock).write_text(_hash(lock))
            return
        (venv / ".incomplete").touch()
        count = len(locked_versions(lock))
        progress.say(f"Setting up {count} locked packages in {venv}: this is done once.")
        _create(venv, python)
        with progress.step(f"{count} packages") as step:
            _install(venv, python, lock, count, step)
        _stamp(venv, lock).write_text(_hash(lock))
        (venv / ".incomplete").unlink()


def _create(venv: Path, python: Path) -> None:
    if python.exists():
        return
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise StartRefused(
            "This Python cannot make virtual environments: its modules venv and ensurepip are missing.",
            "Install them, on Debian and Ubuntu with: apt install python{}.{}-venv".format(*sys.version_info),
        )
    with progress.step("Virtual environment") as step:
        _run([sys.executable, "-m", "venv", str(venv)], step, "The virtual environment could not be made.")


def _install(venv: Path, python: Path, lock: Path, count: int, step: Step) -> None:
    """With uv, which takes seconds; where uv cannot be had or cannot reach the index, with pip."""
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes", "-r"]
    # Compiled at once: else each process of each start does it again where bytecode may not be written (read-only
    # checkout, PYTHONDONTWRITEBYTECODE), which doubles the time of a start.
    options = ["--require-hashes", "--compile-bytecode", "--python", str(python)]
    uv = [str(venv / "bin" / "uv"), "pip", "install", *options, "-r", str(lock)]
    try:
        _run([*pip, str(INSTALLER)], step, "The installer uv could not be installed.")
        _run(uv, step, "uv could not install the packages.", counted=(venv, count))
    except StartRefused as refused:
        if "No space left" in str(refused):
            raise
        step.now("uv does not work here, going on with pip")
        _run([*pip, str(lock)], step, "The packages could not be installed.", counted=(venv, count))


def _run(command: list[str], step: Step, failure: str, *, counted: tuple[Path, int] | None = None) -> None:
    """Run an installer, show what it is at, and say how it ended if it failed."""
    env = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONHOME")}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=env,
    )
    lines: deque[str] = deque(maxlen=15)
    reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()), daemon=True)
    reader.start()
    try:
        while reader.is_alive():
            reader.join(0.2)
            step.now(f"{_so_far(counted)}{lines[-1].strip()[:60] if lines else 'starting'}")
        process.wait()
    except BaseException:
        process.kill()
        raise
    if process.returncode:
        said = "".join(lines).rstrip()
        raise StartRefused(f"{failure}\n{said}", _remedy(said))


def _so_far(counted: tuple[Path, int] | None) -> str:
    if counted is None:
        return ""
    venv, count = counted
    there = sum(1 for _ in venv.glob("lib/python*/site-packages/*.dist-info"))
    return f"{min(there, count)} of {count}: "


def _remedy(said: str) -> str:
    if "No space left" in said:
        return "The disk is full: about 1 GB is needed. ROI_VENV=/path chooses another place."
    if "Permission denied" in said or "Read-only file system" in said:
        return "Choose a place that can be written to: ROI_VENV=/path"
    if "hash" in said.lower() and "match" in said.lower():
        return "A package differs from the one that was locked: do not use it, and tell us where it came from."
    return "Check that the package index can be reached (pip's settings, proxy), then start again."


def _other_has_locked(python: Path, lock: Path) -> bool:
    """Ask another Python, for example of an environment that was made by hand."""
    question = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from roi_portal import bootstrap, environment; "
    question += f"from pathlib import Path; sys.exit(not bootstrap.has_locked(Path({str(lock)!r})))"
    return subprocess.run([str(python), "-c", question], stderr=subprocess.DEVNULL, check=False).returncode == 0


@contextlib.contextmanager
def _only_one(venv: Path) -> Iterator[None]:
    venv.mkdir(parents=True, exist_ok=True)
    with (venv / ".one-at-a-time").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("Waiting for another start that is setting up the packages …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _empty(venv: Path) -> None:
    """Everything but the lock that is being held and the mark that this is not finished."""
    for entry in venv.iterdir():
        if entry.name in (".one-at-a-time", ".incomplete"):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


@contextlib.contextmanager
def _in_words(venv: Path) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            what = f"The disk that holds {venv} is full; about 1 GB is needed."
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            what = f"{venv} cannot be written to ({error.strerror})."
        else:
            raise
        raise StartRefused(
            what,
            "Choose places that can: ROI_VENV=~/roi-portal/venv ROI_DATA_DIR=~/roi-portal/data python3 manage.py up",
        ) from error
