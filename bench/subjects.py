"""Which pages are measured as whom in a service that load_scale made; run inside that service, it prints them.

DATABASE_URL=… python -m bench.subjects
"""

from __future__ import annotations

import json
import os
from importlib import import_module
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402

from feeds.models import Post  # noqa: E402
from feeds.scale import plan  # noqa: E402
from knowledge.models import Article  # noqa: E402
from profiles.models import Audience, User  # noqa: E402

CSRF = "b" * 32


def session_of(person: User) -> str:
    """The key of a session in which `person` is signed in."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(person.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = person.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def pages() -> dict[str, tuple[str, str]]:
    """Name -> (who asks, path)."""
    busy, article = User.objects.get(pk=plan.IDS["busy"]), Article.objects.get(slug=plan.ARTICLE)
    threads = Post.objects.filter(author=busy).order_by("-pk")
    long, short = (threads.filter(comment_count=n)[0] for n in (plan.LONG_THREAD, plan.SHORT_THREAD))
    return {
        "home, follows 5": ("five", "/"),
        "home, follows 50": ("fifty", "/"),
        "home, follows 1,000": ("thousand", "/"),
        "home, new": ("new", "/"),
        "home, away for a year": ("away", "/"),
        "everyone": ("fifty", "/?stream=everyone"),
        "department": ("fifty", f"/departments/{plan.DEPARTMENT}/"),
        "community": ("fifty", f"/communities/{plan.COMMUNITY}/"),
        "topic": ("fifty", f"/topics/{plan.TOPIC}/"),
        "thread, 2,000 comments": ("fifty", long.get_absolute_url()),
        "thread, 20 comments": ("fifty", short.get_absolute_url()),
        "article": ("fifty", article.get_absolute_url()),
        "articles": ("fifty", "/knowledge/"),
        "profile": ("fifty", busy.get_absolute_url()),
        "notifications": ("busy", "/notifications/"),
        "people": ("fifty", "/people/"),
        "people, by name": ("fifty", "/people/?q=hallam"),
        "people, by a common word": ("fifty", "/people/?q=policy"),
        "people, by topic": ("fifty", f"/people/?topic={plan.TOPIC}"),
        "people, by department": ("fifty", f"/people/?department={plan.DEPARTMENT}"),
        "community members": ("fifty", f"/communities/{plan.COMMUNITY}/members/"),
        "search, rare word": ("fifty", f"/search/?q={plan.RARE_WORD}"),
        "search, common word": ("fifty", f"/search/?q={plan.COMMON_WORD}"),
    }


def described() -> dict[str, Any]:
    """Everything a client needs: pages with the cookies of who asks, and what a new post is made with."""
    people = {local: User.objects.get(pk=pk) for local, pk in plan.IDS.items()}
    keys = {local: session_of(person) for local, person in people.items()}
    return {
        "pages": {name: [keys[local], path] for name, (local, path) in pages().items()},
        "sessions": keys,
        "session_cookie": settings.SESSION_COOKIE_NAME,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "csrf": CSRF,
        "everyone": Audience.objects.everyone().pk,
    }


if __name__ == "__main__":
    print(json.dumps(described()))
