"""The app's place in the service."""

from django.apps import AppConfig
from django_tasks.signals import task_finished

from intranet.lib.metrics import count_job


class IntranetConfig(AppConfig):
    name = "intranet"

    def ready(self) -> None:
        task_finished.connect(count_job)
