from __future__ import annotations

import ast
import sys

import pytest

import manage
from roi_portal import bootstrap
from roi_portal.bootstrap import ROOT


def test_manage_py_can_be_read_by_a_python_that_is_too_old():
    ast.parse((ROOT / "manage.py").read_text(), feature_version=(3, 6))


def test_a_python_that_is_too_old_is_told_what_is_needed():
    said = manage.complaint_about((3, 9, 2), "/usr/bin/python3", find=lambda name: None)
    assert "needs Python 3.11 or newer, and this is Python 3.9 (/usr/bin/python3)" in said
    assert "Install a newer Python" in said


def test_a_python_that_is_too_old_is_told_of_the_newer_one_beside_it():
    said = manage.complaint_about((3, 9, 2), "/usr/bin/python3", find=lambda name: name == "python3.12")
    assert said.endswith("python3.12 manage.py up")


def test_a_new_python_is_left_alone():
    assert manage.complaint_about(sys.version_info, sys.executable) == ""


@pytest.mark.parametrize("lock", [bootstrap.TO_RUN, bootstrap.TO_DEVELOP])
def test_the_versions_that_are_running_are_those_of_the_lock(lock):
    assert bootstrap.has_locked(lock)


def test_another_version_than_the_locked_one_is_noticed(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("django==1.0 \\\n    --hash=sha256:00\n")
    assert not bootstrap.has_locked(lock)


def test_a_package_for_another_system_is_not_asked_for(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("django==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n")
    assert bootstrap.has_locked(lock)


def test_the_developers_lock_contains_all_that_the_portal_runs_on():
    run, develop = bootstrap.locked_versions(bootstrap.TO_RUN), bootstrap.locked_versions(bootstrap.TO_DEVELOP)
    assert run.items() <= develop.items()
