"""Removes the sample portfolio, all of it, nothing else."""

from typing import Any

from django.core.management.base import BaseCommand

from kpis.plumbing import clock
from kpis.sample.removing import remove_sample


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        count = remove_sample(by=None, at=clock.now())
        self.stdout.write(f"Removed {count} sample initiatives." if count else "There is no sample here.")
