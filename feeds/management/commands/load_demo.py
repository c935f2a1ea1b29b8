"""manage.py load_demo: fills the service with the demonstration: departments, people, communities, articles, posts."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from feeds.demo import past, places, talk
from feeds.demo.people import people
from profiles.actions import search
from profiles.models import User


class Command(BaseCommand):
    help = "Load the demonstration service, once. Its accounts can sign in with DEBUG only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do nothing where people have accounts already")

    def handle(self, *, once: bool, **options: Any) -> None:
        if not User.objects.exists():
            self.stdout.write("Loading the demonstration service: 300 people, 40 articles, 400 posts …")
            self.stdout.flush()
            load()
        elif not once and not User.objects.filter(is_demo=True).exists():
            raise CommandError(
                "There are people here already. The demonstration is loaded into an empty database only."
            )
        self._tell_accounts()

    def _tell_accounts(self) -> None:
        accounts = [entry for entry in people() if entry.account]
        here = set(User.objects.filter(is_demo=True).values_list("email", flat=True))
        shown = [entry for entry in accounts if entry.email in here]
        if not shown:
            return
        self.stdout.write(f"\nDemonstration accounts, password “{places.PASSWORD}”:")
        self.stdout.writelines(f"  {entry.email:<44} {entry.account}\n" for entry in shown)
        if not settings.DEBUG:
            self.stdout.write("They cannot sign in here: DEBUG is off.")


def load(*, size: int = 300, posts: int | None = None) -> None:
    """The demonstration in one transaction: all of it, or nothing.

    Args:
        size: how many people; every department has somebody from 50 on.
        posts: how many posts; None for all.
    """
    written: list[str] = []
    try:
        with transaction.atomic(), search.together():
            for photo in _load(size, posts):
                written.append(photo)
    except BaseException:
        # Files know no transaction
        for photo in written:
            default_storage.delete(photo)
        raise


def _load(size: int, most: int | None) -> Iterator[str]:
    now, entries = past.today(), people(size)
    departments, topics = places.load_departments(), places.load_topics()
    everybody = places.load_people(entries, departments, topics, now)
    owner = next(person for entry, person in zip(entries, everybody, strict=True) if entry.account == "Community owner")
    communities = places.load_communities(everybody, topics, owner)
    cast = places.Cast(entries, everybody)
    talk.load_articles(cast, departments, now)
    talk.load_reactions(talk.Talk(cast, communities, now).load(most), everybody)
    talk.load_follows(entries, everybody)
    past.settle(now)
    yield from places.load_photos(entries, everybody)
