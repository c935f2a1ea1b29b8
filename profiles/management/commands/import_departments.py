"""manage.py import_departments FILE: brings the departments in line with a register of organisations."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from profiles import register
from profiles.actions.register import Report, follow

WORDS = {
    "created": "created",
    "renamed": "renamed",
    "closed": "closed",
    "reopened": "reopened",
    "moved": "moved to other parents",
    "changed": "changed otherwise",
    "gone": "no longer in the register (left as they are)",
}
SHOWN = 20


class Command(BaseCommand):
    help = "Import departments from a file in GOV.UK's organisations format. Importing again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the JSON file")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and write nothing")

    def handle(self, *, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            read = register.read(file)
        except register.RegisterError as error:
            raise CommandError(f"Nothing was imported. {error}", returncode=1) from error
        report = follow(register=read, dry_run=dry_run)
        for note in read.notes:
            self.stdout.write(f"Note: {note}")
        self._tell(report, len(read.entries), dry_run)

    def _tell(self, report: Report, total: int, dry_run: bool) -> None:
        for name, words in WORDS.items():
            names = getattr(report, name)
            if names:
                self.stdout.write(f"{len(names):,} {words}:")
                self.stdout.writelines(f"  {line}\n" for line in names[:SHOWN])
            if len(names) > SHOWN:
                self.stdout.write(f"  … and {len(names) - SHOWN:,} more")
        if report.is_empty:
            self.stdout.write(f"Nothing changed: {total:,} organisations are up to date.")
        else:
            self.stdout.write(f"{report.unchanged:,} of {total:,} organisations unchanged.")
        if dry_run:
            self.stdout.write("This was a dry run: nothing was written.")
