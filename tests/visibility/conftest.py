"""One world for all tests here, made once; each test changes it inside a transaction of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from profiles import indexing
from tests.visibility import cast
from tests.visibility.address import Address
from tests.visibility.addresses import addresses
from tests.visibility.asking import Browser
from tests.visibility.cast import World
from tests.visibility.questions import lists, questions


@pytest.fixture(scope="package")
def _made(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any
) -> Iterator[tuple[World, dict[str, Any]]]:
    """The world and its index, inside a transaction that never commits."""
    ground = tmp_path_factory.mktemp("visibility")
    places: dict[str, Any] = {
        "MEDIA_ROOT": ground / "media",
        "SEARCH_DIR": ground / "search",
        "RATE_LIMITS": dict.fromkeys(django_settings.RATE_LIMITS),
        # A page that breaks fails its test, whatever it says
        "DEBUG_PROPAGATE_EXCEPTIONS": True,
    }
    with django_db_blocker.unblock(), transaction.atomic():
        assert "test" in str(connection.settings_dict["NAME"])
        with override_settings(**places):
            world = cast.build()
            indexing.rebuild()
            world.addresses = [*addresses(world), *lists(world), *questions(world)]
        yield world, places
        transaction.set_rollback(True)


@pytest.fixture
def db(_made: tuple[World, dict[str, Any]]) -> Iterator[None]:
    """In place of pytest-django's, which closes the connection that holds the world; it knows by this name whom to
    make a test database for."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _own_ground(_made: tuple[World, dict[str, Any]], db: None) -> Iterator[None]:
    """The world's files and index for every test, no limits on requests, and nothing kept of what it wrote."""
    # Thousands of refusals are no news
    logging.disable(logging.WARNING)
    # One moment: answers differ by what they say and not by when they were asked for
    with override_settings(**_made[1]), time_machine.travel(timezone.now(), tick=False):
        cache.clear()
        yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def world(_made: tuple[World, dict[str, Any]]) -> World:
    return _made[0]


@pytest.fixture
def every_address(world: World) -> list[Address]:
    return world.addresses


@pytest.fixture
def client_of(world: World) -> Callable[[str], Browser]:
    """The browser of a persona, signed in as far as they can be."""

    def open_browser(persona: str) -> Browser:
        client = Browser()
        if persona != "anonymous":
            client.force_login(world.user(persona))
        return client

    return open_browser
