"""manage.py run: becomes one part of scaled mode, for systemd, compose and `make serve`."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from intranet.management import parts


class Command(BaseCommand):
    help = "Run one part of scaled mode in the place of this process."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("part", choices=sorted(parts.PARTS), help="which part")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--address", default="", help="where it listens, instead of where the settings say")
        where.add_argument("--port", default="", help="another port there, for one more of its kind on this host")

    def handle(self, *, part: str, address: str, port: str, **options: Any) -> None:
        start, usual = parts.PARTS[part]
        address = address or (f"{usual.rpartition(':')[0]}:{port}" if port else usual)
        command = start(address)
        counting = {"PROMETHEUS_MULTIPROC_DIR": str(parts.counting_folder(part, address, settings.METRICS_DIR))}
        # In this process's place: signals reach the server itself, and nothing waits beside it
        os.execve(command[0], command, {**os.environ, **counting})  # noqa: S606 - nothing in it comes from outside
