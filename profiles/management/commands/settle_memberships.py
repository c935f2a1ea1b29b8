"""manage.py settle_memberships: once a day, follows memberships that began or ended by the calendar alone."""

from typing import Any

from django.core.management.base import BaseCommand

from profiles.actions import memberships


class Command(BaseCommand):
    help = "Bring main departments in step with memberships that began or ended by date. Run once a day."

    def handle(self, *, verbosity: int, **options: Any) -> None:
        settled = memberships.settle_due()
        if verbosity:
            self.stdout.write(f"Settled: {settled:,}")
