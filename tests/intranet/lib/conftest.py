"""The ground floor's own tables: its abstract models made concrete, with no app of the house behind them."""

import pytest
from django.db import connection, models

from intranet.lib.idempotency import CreatedOnce
from intranet.lib.numbered import NumberedRow, unnumbered_index


class Event(NumberedRow):
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "groundfloor"
        indexes = [unnumbered_index("groundfloor_unnumbered")]


class Note(CreatedOnce):
    author = models.CharField(max_length=50)
    body = models.CharField(max_length=50, unique=True)

    class Meta:
        app_label = "groundfloor"
        constraints = [models.UniqueConstraint(fields=["author", "idempotency_key"], name="groundfloor_note_once")]


class Entry(models.Model):
    rank = models.IntegerField()
    name = models.CharField(max_length=50)
    at = models.DateTimeField()
    ref = models.UUIDField()

    class Meta:
        app_label = "groundfloor"


@pytest.fixture(scope="session")
def _tables(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        existing = connection.introspection.table_names()
        with connection.schema_editor() as editor:
            for model in (Event, Note, Entry):
                if model._meta.db_table in existing:
                    editor.delete_model(model)
                editor.create_model(model)


@pytest.fixture
def event_model(_tables, transactional_db):
    """A numbered table that commits for real."""
    yield Event
    Event.objects.all().delete()


@pytest.fixture
def note_model(_tables, transactional_db):
    """A table of rows created once, that commits for real."""
    yield Note
    Note.objects.all().delete()


@pytest.fixture
def entry_model(_tables, db):
    return Entry
