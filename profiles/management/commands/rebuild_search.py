"""manage.py rebuild_search: builds the search index anew while the site runs."""

from typing import Any

from django.core.management.base import BaseCommand

from intranet.lib.search import engine
from profiles import indexing


class Command(BaseCommand):
    help = "Build the search index anew beside the old one, and switch to it. The site goes on searching meanwhile."

    def handle(self, **options: Any) -> None:
        upto = indexing.rebuild()
        documents = engine().status()["documents"]
        self.stdout.write(f"{documents:,} documents are in the index, up to change {upto:,}.")
