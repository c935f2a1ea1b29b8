"""manage.py resume_announcements: goes on telling people of announcements where a worker was cut off."""

from typing import Any

from django.core.management.base import BaseCommand

from feeds.actions import announcements


class Command(BaseCommand):
    help = "Go on with notifications of announcements that stand still; run regularly."

    def handle(self, **options: Any) -> None:
        resumed = announcements.resume()
        if options["verbosity"]:
            self.stdout.write(f"{resumed} resumed")
