"""manage.py run_schedule: runs what has to be done every so often, for as long as it is left running."""

from __future__ import annotations

import logging
import time
from argparse import ArgumentParser
from dataclasses import dataclass
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import close_old_connections

logger = logging.getLogger(__name__)

MINUTE = 60.0
HOUR = 60 * MINUTE


@dataclass
class Job:
    """A management command that may be run at any time, and again, and how many seconds lie between two runs."""

    command: str
    every: float
    options: dict[str, Any]
    due_at: float = 0.0


def jobs() -> list[Job]:
    """What is run, all of it once at the start: nothing is kept between starts, and another run harms nothing."""
    return [
        # Memberships begin and end by the calendar alone
        Job("settle_memberships", HOUR, {}),
        # A worker that was killed leaves what it was telling half told
        Job("resume_announcements", 5 * MINUTE, {}),
        # Finished tasks have nothing to tell after a week
        Job("prune_db_task_results", HOUR, {"min_age_days": 7}),
        # Nor have the logs to whoever follows them
        Job("prune_logs", 6 * HOUR, {}),
        Job("clearsessions", 6 * HOUR, {}),
    ]


class Command(BaseCommand):
    help = "Run the service's regular jobs, each at its own interval."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="run each job once and stop")

    def handle(self, *, once: bool, **options: Any) -> None:
        planned = jobs()
        while True:
            for job in planned:
                if job.due_at <= time.monotonic():
                    job.due_at = time.monotonic() + job.every
                    _run(job)
            if once:
                return
            time.sleep(MINUTE)
            close_old_connections()


def _run(job: Job) -> None:
    try:
        call_command(job.command, verbosity=0, **job.options)
    except Exception:
        # The others still have to be run, and this one again
        logger.exception("schedule: %s failed", job.command)
