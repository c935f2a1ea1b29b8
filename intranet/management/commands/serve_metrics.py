"""manage.py serve_metrics: answers Prometheus about this host, at an address of its own."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from prometheus_client import start_http_server

from intranet.management.parts import split
from intranet.metrics import Host, fill


class Command(BaseCommand):
    help = "Answer Prometheus about this host at METRICS_ADDRESS."

    def handle(self, **options: Any) -> None:
        host, port = split(settings.METRICS_ADDRESS)
        try:
            _, thread = start_http_server(int(port), host, fill(Host()))
        except OSError as error:
            raise CommandError(
                f"METRICS_ADDRESS {settings.METRICS_ADDRESS} cannot be used: {error.strerror}."
            ) from error
        thread.join()
