"""What every test may use. Which services a test has follows from the folder that it stands in.

`tests/unit` is kept from the database, each test of `tests/db` is rolled back, `tests/running` and
`tests/browser` see real processes (fixtures in tests/portal.py). Start everything with `manage.py test`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "var" / "tools"
ON_THE_PORTAL = ["running", "browser"]  # in this order: the shortest times are waited for when nothing else runs
ON_CI = os.environ.get("CI", "").lower() == "true"

pytest_plugins = ["tests.portal"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        wants_database = item.get_closest_marker("django_db") is not None
        if folder == "unit" and wants_database:
            raise pytest.UsageError(f"{item.nodeid} asks for the database: move it to tests/db")
        if folder == "db" and not wants_database:
            item.add_marker(pytest.mark.django_db)
        # Beside each other go files; whoever sees the running portal shares one, and comes last, with the machine to
        # itself: it waits for real processes, some for less than a second.
        item.add_marker(pytest.mark.xdist_group("portal" if folder in ON_THE_PORTAL else item.path.as_posix()))
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    folder = item.path.relative_to(ROOT / "tests").parts[0]
    return ON_THE_PORTAL.index(folder) + 1 if folder in ON_THE_PORTAL else 0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """On CI nothing may be left out because the machine lacks something: a skip is a failure there."""
    report = yield
    expected = hasattr(report, "wasxfail")
    if ON_CI and report.skipped and not expected:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI=true does not allow: {reason}"
    return report


# -- programs that the machine may lack -------------------------------------------------------------------------


def find_program(*names: str, folder: Path | None = None) -> Path:
    """The first of `names` on the machine or unpacked under var/tools; skips the test where there is none."""
    for name in names:
        for found in (shutil.which(name), folder and shutil.which(str(folder / name))):
            if found:
                return Path(found)
    pytest.skip(f"{names[0]} is not on this machine; .ci/run installs it")


@pytest.fixture(scope="session")
def chromium() -> Path:
    return find_program("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def prometheus() -> Path:
    return find_program("prometheus", folder=TOOLS / "usr" / "bin")


@pytest.fixture(scope="session")
def node_exporter() -> Path:
    return find_program("prometheus-node-exporter", "node_exporter", folder=TOOLS / "usr" / "bin")


@pytest.fixture
def free_port() -> int:
    from roi_portal import processes

    return processes.free_port()


# -- time -------------------------------------------------------------------------------------------------------


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], contextlib.AbstractContextManager[None]]:
    """`with at(instant):` — the product's clock stands at that instant; the machine's clock does not change."""
    from kpis.plumbing import clock

    @contextlib.contextmanager
    def standing(instant: datetime) -> Iterator[None]:
        assert instant.tzinfo is not None, "an instant needs its offset"
        with monkeypatch.context() as patch:
            patch.setattr(clock, "now", lambda: instant)
            yield

    return standing
