"""`manage.py import_articles DIR --as EMAIL`: publishes a folder of Markdown files as articles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from knowledge.actions.imports import Outcome, Report, import_folder
from profiles.models import User

EVERY = 50


class Command(BaseCommand):
    """Reads title, tags, summary or description, and date from YAML front matter; run again, it takes up changes."""

    help = "Publish every Markdown file below a folder as an article for everyone. Run it again to take up changes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="the folder; files below it are found too")
        parser.add_argument(
            "--as", dest="email", required=True, metavar="EMAIL", help="whose articles they are, by e-mail address"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and write nothing")

    def handle(self, *args: Any, folder: Path, email: str, dry_run: bool, **options: Any) -> None:
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}. Nothing was imported.")
        by = User.objects.filter(email__iexact=email).first()
        if by is None:
            raise CommandError(f"Nobody has the e-mail address {email}. Nothing was imported.")
        if not by.is_active:
            raise CommandError(f"{email} is suspended and cannot publish. Nothing was imported.")
        report = import_folder(folder=folder, by=by, dry_run=dry_run, progress=self._progress)
        self._print(report, dry_run=dry_run)

    def _progress(self, done: int, of: int) -> None:
        if done % EVERY == 0 and done < of:
            self.stdout.write(f"{done} of {of} files …")

    def _print(self, report: Report, *, dry_run: bool) -> None:
        for path, reason in report.skipped:
            self.stdout.write(f"Skipped {path}: {reason}.")
        counts = ", ".join(f"{report.counts[outcome]} {outcome.value}" for outcome in Outcome)
        begin = "Dry run, nothing was written: " if dry_run else ""
        self.stdout.write(f"{begin}{counts}, {len(report.skipped)} skipped.")
        changed = report.counts[Outcome.CREATED] + report.counts[Outcome.UPDATED]
        if not changed and not dry_run:
            self.stdout.write("Nothing changed.")
