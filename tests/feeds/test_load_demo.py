"""Loading the demonstration: whole or not at all, the same every time, and never over real people."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction

from feeds.demo import places
from feeds.management.commands import load_demo
from profiles.models import PHOTO_SIZES, Department, SearchChange, User
from tests import factories
from tests.feeds.demonstration import snapshot

pytestmark = pytest.mark.django_db

# Enough of it to see how it is loaded
FEW = {"size": 50, "posts": 12}


def told(**options: Any) -> str:
    """What the command says."""
    out = StringIO()
    call_command("load_demo", stdout=out, **options)
    return out.getvalue()


def files() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_two_loads_give_the_same_rows_beside_what_an_import_made() -> None:
    imported = factories.department("Cabinet Office (imported)", slug="cabinet-office")
    seen = []
    for _ in range(2):
        with transaction.atomic():
            load_demo.load(**FEW)
            seen.append(snapshot())
            imported.refresh_from_db()
            assert imported.name == "Cabinet Office (imported)", "used as it is"
            assert Department.objects.subtree_of(imported).count() > 1
            assert len(files()) == FEW["size"] * len(PHOTO_SIZES)
            transaction.set_rollback(True)
        # A database takes its rows back, a folder keeps its files
        shutil.rmtree(settings.MEDIA_ROOT)
    first, second = seen
    assert len(first["User"]) == FEW["size"] and len(first["Comment"]) > 10
    for kind, rows in first.items():
        assert rows == second[kind], kind


def test_it_is_all_or_nothing_and_leaves_no_file_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    photos = places.load_photos

    def some(*args: Any) -> Iterator[str]:
        for number, name in enumerate(photos(*args)):
            if number == 7:
                assert files() and User.objects.exists() and Department.objects.exists()
                raise OSError("No space left on device")
            yield name

    monkeypatch.setattr(places, "load_photos", some)
    with pytest.raises(OSError, match="No space left"):
        load_demo.load(**FEW)
    assert not User.objects.exists() and not Department.objects.exists() and not SearchChange.objects.exists()
    assert not files()


def test_it_leaves_a_database_with_real_people_alone() -> None:
    factories.user("Real Person", department=factories.department("Real Department"))
    before = snapshot()
    with pytest.raises(CommandError, match="empty database only"):
        told()
    assert told(once=True) == ""
    assert snapshot() == before
