"""manage.py verify_audit: proves that no audit event was changed, removed, put in or moved since it was written."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from profiles.actions import audit


class Command(BaseCommand):
    help = "Verify the chain of audit events; names the first broken row and exits with 1."

    def handle(self, **options: Any) -> None:
        try:
            verified = audit.verify()
        except audit.ChainBroken as error:
            raise CommandError(f"The audit log is broken. {error}", returncode=1) from error
        self.stdout.write(f"{verified:,} events verified.")
