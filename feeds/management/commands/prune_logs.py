"""manage.py prune_logs: removes old rows of the logs that open pages and search indexes follow."""

import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from feeds.models import LiveEvent
from intranet.lib.numbered import number_rows, prune
from profiles.models import SearchChange


class Command(BaseCommand):
    help = "Remove old rows of the live log and of the search log; run regularly."

    def handle(self, **options: Any) -> None:
        since = timezone.now() - datetime.timedelta(days=settings.LOG_DAYS)
        for model in (LiveEvent, SearchChange):
            # The newest stays, and it is known by its number
            number_rows(model)
            gone = prune(model._default_manager.filter(at__lt=since))
            if options["verbosity"]:
                self.stdout.write(f"{gone:,} {model._meta.verbose_name_plural} removed")
