"""Removes the sample portfolio, all of it, nothing else."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kpis.definitions.changing import ChangeRefused
from kpis.plumbing import clock
from kpis.sample.removing import remove_sample


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = remove_sample(by=None, at=clock.now())
        except ChangeRefused as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(f"Removed {count} sample initiatives." if count else "There is no sample here.")
