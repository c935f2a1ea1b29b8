"""The app's place in the service."""

from django.apps import AppConfig


class ProfilesConfig(AppConfig):
    name = "profiles"
    verbose_name = "People and departments"

    def ready(self) -> None:
        """Make people, departments, communities and topics searchable."""
        from profiles import searchable  # noqa: F401
