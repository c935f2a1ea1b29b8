"""The app's place in the service."""

from django.apps import AppConfig


class KnowledgeConfig(AppConfig):
    name = "knowledge"
    verbose_name = "What the organisation knows"

    def ready(self) -> None:
        """Put our panels on the pages of people, departments and topics; make articles searchable."""
        from knowledge import panels, receivers, searchable  # noqa: F401
