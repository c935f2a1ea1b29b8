"""Puts the service's own administration site in place of Django's; models cannot be imported here yet."""

from importlib import import_module

from django.contrib.admin.apps import SimpleAdminConfig


class ServiceAdminConfig(SimpleAdminConfig):
    """Only what `profiles.admin` shows: groups, e-mail confirmations and jobs of the libraries stay out."""

    default_site = "profiles.admin_site.ServiceAdmin"

    def ready(self) -> None:
        super().ready()
        import_module("profiles.admin")
