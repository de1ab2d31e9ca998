"""The portal's own settings, so that server, middleware and database are the same; only the endpoint differs."""

from __future__ import annotations

from roi_portal.settings import *  # noqa: F403
from roi_portal.settings import INSTALLED_APPS, REST_FRAMEWORK

INSTALLED_APPS = [*INSTALLED_APPS, "bench.peers"]
ROOT_URLCONF = "bench.peers.drf"
# Nobody is asked for a token here, which favours the peer.
REST_FRAMEWORK = REST_FRAMEWORK | {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "EXCEPTION_HANDLER": "rest_framework.views.exception_handler",
}
