from __future__ import annotations

from django.apps import AppConfig


class RoiPortalConfig(AppConfig):
    name = "roi_portal"

    def ready(self) -> None:
        """Make our Celery application the one that `shared_task` and wake-ups use. Opens nothing."""
        from roi_portal import celery  # noqa: F401  (only once Django's settings are there)
