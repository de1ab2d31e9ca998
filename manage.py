#!/usr/bin/env python3
"""Django's door. On first use it also builds the locked environment (roi_portal/bootstrap.py).

This one file must be readable by every Python 3, so that an old one gets a sentence instead of a
SyntaxError: no syntax newer than 3.6 here, and nothing but the standard library before `enter`.
"""

import os
import shutil
import sys

OLDEST_PYTHON = (3, 11)


def complaint_about(version, executable, find=shutil.which):
    """What to say to a Python that is too old; empty where it is new enough."""
    if tuple(version[:2]) >= OLDEST_PYTHON:
        return ""
    newer = [name for name in ("python3.14", "python3.13", "python3.12", "python3.11") if find(name)]
    return (
        "ROI Portal needs Python %d.%d or newer, and this is Python %d.%d (%s).\n"
        % (OLDEST_PYTHON + tuple(version[:2]) + (executable,))
    ) + (
        "Run it with the newer one that is installed here: %s manage.py up" % newer[0]
        if newer
        else "Install a newer Python and run it with that, for example: python3.12 manage.py up"
    )


def main(argv):
    complaint = complaint_about(sys.version_info, sys.executable)
    if complaint:
        sys.exit(complaint)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roi_portal.settings")

    from roi_portal import bootstrap

    bootstrap.enter(argv)

    from django.core.management import execute_from_command_line

    from roi_portal import embedded

    with embedded.services_for(argv[1:]):
        if argv[1:2] == ["test"]:  # pytest sets Django up by itself, and once is enough
            from roi_portal.management.commands.test import Command

            Command().run_from_argv(argv)
        execute_from_command_line(argv)


if __name__ == "__main__":
    main(sys.argv)
