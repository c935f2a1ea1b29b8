"""manage.py follow_search: keeps this host's search index in step, for as long as it runs."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, close_old_connections, connection

from intranet.lib.live import REDIS_CHANNEL, REDIS_RETRY
from intranet.lib.search import engine
from intranet.lib.search.protocol import AlreadyFollowed, SearchUnavailable
from profiles import indexing

logger = logging.getLogger(__name__)

# Seconds between two looks at the changes when nothing nudges
POLL = 0.4
# Seconds before what failed is tried again
RETRY = 2.0
# Seconds between two looks at whether deleted words should leave the disk, made when there is nothing else to do
TIDY_EVERY = 600.0


class Command(BaseCommand):
    help = "Keep this host's search index in step with what is written. One for each host; SIGTERM ends it."

    def handle(self, **options: Any) -> None:
        stop, news = threading.Event(), threading.Event()

        def end(*_: Any) -> None:
            stop.set()
            news.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        if settings.REDIS_URL:
            threading.Thread(target=_listen, args=[news, stop], daemon=True).start()
        try:
            with engine().following():
                self.stdout.write(f"The search index in {settings.SEARCH_DIR} is followed.")
                self.stdout.flush()
                tidying = _follow(news, stop)
            if tidying.is_alive():
                # What it builds is nobody's yet; Python would end under the engine's own threads
                os._exit(0)
        except AlreadyFollowed as error:
            raise CommandError(str(error)) from error


def _follow(news: threading.Event, stop: threading.Event) -> threading.Thread:
    """Follow until told to stop. Returns what tidied last, and may do so still."""
    number, tidied_at, tidying = 0, time.monotonic(), threading.Thread()
    while not stop.is_set():
        news.clear()
        try:
            before, number = number, indexing.catch_up()
            is_quiet = before == number
            if is_quiet and time.monotonic() - tidied_at > TIDY_EVERY and not tidying.is_alive():
                tidied_at = time.monotonic()
                # Beside the following, for it may take minutes; one that is cut off leaves the index as it was
                tidying = threading.Thread(target=_tidy, daemon=True)
                tidying.start()
        except (Error, OSError, SearchUnavailable):
            # The database or the disk may be away for a while; the changes wait
            logger.exception("search: the changes could not be followed")
            stop.wait(RETRY)
        finally:
            close_old_connections()
        news.wait(POLL)
    return tidying


def _tidy() -> None:
    try:
        indexing.purge()
    except (Error, OSError, SearchUnavailable):
        # Whoever follows meets the same fault, and heals it
        logger.exception("search: deleted words could not be taken from the disk")
    finally:
        connection.close()


def _listen(news: threading.Event, stop: threading.Event) -> None:
    """Turn Redis's messages into looks at the changes; without them the looks come by themselves."""
    while not stop.is_set():
        try:
            with redis.Redis.from_url(settings.REDIS_URL) as client, client.pubsub() as subscription:
                subscription.subscribe(REDIS_CHANNEL.format(indexing.CHANNEL))
                for _ in subscription.listen():
                    news.set()
        except redis.RedisError as error:
            logger.warning("search: no nudges from Redis (%s); looking every %s s", error, POLL)
        stop.wait(REDIS_RETRY)
