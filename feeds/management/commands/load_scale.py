"""manage.py load_scale: fills an empty database with a civil service of any size, for measuring."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from feeds.scale.load import NotEmpty, load
from feeds.scale.places import account_lines
from feeds.scale.plan import FOLLOWS_EACH, Plan, TooSmall


class Command(BaseCommand):
    help = "Fill an empty database with an invented civil service of any size. Nobody in it can sign in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=500)
        parser.add_argument("--posts", type=int, default=10_000)
        parser.add_argument("--articles", type=int, help="a hundredth of the posts without")
        parser.add_argument("--follows", type=int, help=f"about {FOLLOWS_EACH} for each person without")
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same rows")

    def handle(self, *, people: int, posts: int, seed: int, **options: Any) -> None:
        articles = options["articles"] if options["articles"] is not None else max(20, posts // 100)
        follows = options["follows"] if options["follows"] is not None else people * FOLLOWS_EACH
        began = time.monotonic()
        try:
            now = timezone.now().replace(microsecond=0)
            plan = Plan(people=people, posts=posts, articles=articles, follows=follows, seed=seed, now=now)
            written = load(plan, show=sys.stderr.isatty() or options["verbosity"] > 1)
        except TooSmall as error:
            raise CommandError(str(error)) from error
        except NotEmpty as error:
            raise CommandError(f"{error} A service to measure is loaded into an empty database only.") from error
        took = time.monotonic() - began
        self.stdout.write(f"{sum(written.values()):,} rows in {took:,.0f} s:")
        self.stdout.writelines(f"  {count:>12,} {name}\n" for name, count in written.items() if count)
        self.stdout.write("\nAccounts to measure as (nobody can sign in; a bench makes itself a session):")
        self.stdout.writelines(f"{line}\n" for line in account_lines())
        self.stdout.write("\nNothing of it is in the search index yet: `manage.py rebuild_search` builds it.")
