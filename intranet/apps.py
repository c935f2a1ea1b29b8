"""The app's place in the service."""

from django.apps import AppConfig
from django.core import checks
from django.db.backends.signals import connection_created
from django_tasks.signals import task_finished

from intranet.lib.compiled import keep_plans
from intranet.lib.metrics import count_job
from intranet.lib.search.checks import engine_fits_size


class IntranetConfig(AppConfig):
    name = "intranet"

    def ready(self) -> None:
        task_finished.connect(count_job)
        connection_created.connect(keep_plans)
        checks.register(engine_fits_size)
