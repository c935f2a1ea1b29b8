"""The fixed cast and what every test stands on.

Alice and Bob work in the Treasury; Charlie works in Health and should have no access to what is the Treasury's
own. Dana runs the Treasury's people, Cora sits on the Knowledge Council, Max moderates, Sam runs the site.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from intranet.lib import merged
from intranet.lib.compiled import Compiled
from profiles.models import Department, Role, User
from tests import factories


@pytest.fixture(autouse=True)
def _own_ground(settings: Any, tmp_path: Path) -> None:
    """Each test with its own files, index and cache, and passwords hashed fast."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.SEARCH_DIR = tmp_path / "search"
    # No worker follows beside a test
    settings.SEARCH_FOLLOWED = False
    # There need not have been a collectstatic
    settings.STATIC_ROOT = tmp_path
    if settings.REDIS_URL:
        # Clearing empties a whole Redis database: each worker has its own
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        location = f"{settings.REDIS_URL.rsplit('/', 1)[0]}/{worker + 1}"
        settings.CACHES = {**settings.CACHES, "default": {**settings.CACHES["default"], "LOCATION": location}}
    for cache in caches.all():
        cache.clear()


@pytest.fixture
def treasury(db: None) -> Department:
    return factories.department("Treasury", slug="treasury", mail_domains=("treasury.gov.example",))


@pytest.fixture
def health(db: None) -> Department:
    return factories.department("Health", slug="health", mail_domains=("health.gov.example",))


@pytest.fixture
def alice(treasury: Department) -> User:
    return factories.user("Alice Archer", department=treasury)


@pytest.fixture
def bob(treasury: Department) -> User:
    return factories.user("Bob Baker", department=treasury)


@pytest.fixture
def charlie(health: Department) -> User:
    return factories.user("Charlie Cole", department=health)


@pytest.fixture
def dana(treasury: Department) -> User:
    person = factories.user("Dana Drew", department=treasury)
    factories.role(person, Role.DEPARTMENT_ADMIN, department=treasury)
    return person


@pytest.fixture
def cora(health: Department) -> User:
    person = factories.user("Cora Cray", department=health)
    factories.role(person, Role.COUNCIL_MEMBER)
    return person


@pytest.fixture
def max_(health: Department) -> User:
    person = factories.user("Max Moss", department=health)
    factories.role(person, Role.MODERATOR)
    return person


@pytest.fixture
def sam(health: Department) -> User:
    person = factories.user("Sam Stone", department=health, is_staff=True)
    factories.role(person, Role.SITE_ADMIN)
    return person


@pytest.fixture
def as_() -> Callable[[User], Client]:
    """A signed-in client for a person: `as_(alice).get("/")`."""

    def sign_in(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return sign_in


@pytest.fixture
def walking(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Have lists that are merged walk so many rows first, however few their sources are: `walking(30)`."""

    def walk(rows: int) -> None:
        monkeypatch.setattr(merged, "MANY_SOURCES", 0)
        monkeypatch.setattr(merged, "VERY_MANY_SOURCES", 0)
        monkeypatch.setattr(merged, "WALKED", rows)
        kept = Compiled.rows
        # Not as they were compiled before
        monkeypatch.setattr(
            Compiled,
            "rows",
            lambda self, **values: kept(Compiled(self.build, self.names, self.wrap, **self.fields), **values),
        )

    return walk
