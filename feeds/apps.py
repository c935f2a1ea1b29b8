"""The app's place in the service."""

from django.apps import AppConfig


class FeedsConfig(AppConfig):
    name = "feeds"
    verbose_name = "What people say now"

    def ready(self) -> None:
        from feeds import panels, receivers, searchable  # noqa: F401 - connects and registers them
