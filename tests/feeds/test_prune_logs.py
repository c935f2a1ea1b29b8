"""Old rows of the logs go, and whoever followed them and was away for longer begins anew."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from feeds import live
from feeds.models import LiveEvent
from feeds.streams import Stream, StreamKind
from intranet.lib.numbered import number_rows
from intranet.lib.search import engine
from profiles import indexing
from profiles.models import SearchChange, User
from tests import factories
from tests.searching import search

pytestmark = pytest.mark.django_db
EVERYONE = Stream(StreamKind.EVERYONE)


def after_days(time_machine: Any, days: float) -> None:
    time_machine.move_to(timezone.now() + datetime.timedelta(days=days))


def test_rows_older_than_they_are_kept_go_and_numbers_go_on(alice: User, time_machine: Any, settings: Any) -> None:
    factories.post(author=alice)
    before = {model: number_rows(model) for model in (LiveEvent, SearchChange)}
    after_days(time_machine, settings.LOG_DAYS - 1)
    factories.post(author=alice)
    after_days(time_machine, 2)
    call_command("prune_logs", verbosity=0)
    for model, number in before.items():
        assert number_rows(model) > number
        assert model.objects.exists() and not model.objects.filter(number__lte=number).exists()


def test_the_last_row_stays_however_old(alice: User, time_machine: Any) -> None:
    factories.post(author=alice)
    top = number_rows(LiveEvent)
    after_days(time_machine, 100)
    call_command("prune_logs", verbosity=0)
    assert list(LiveEvent.objects.values_list("number", flat=True)) == [top]
    factories.post(author=alice)
    assert number_rows(LiveEvent) > top


def test_a_page_that_was_away_for_longer_is_loaded_anew(alice: User, bob: User, time_machine: Any) -> None:
    factories.post(author=alice)
    seen = number_rows(LiveEvent)
    factories.post(author=alice)
    factories.post(author=alice)
    assert [event["kind"] for event in live.missed(bob, EVERYONE, seen).events] == ["post-created"] * 2
    after_days(time_machine, 30)
    call_command("prune_logs", verbosity=0)
    missed = live.missed(bob, EVERYONE, seen)
    assert missed.resync and missed.at == number_rows(LiveEvent) and not missed.events
    now = live.missed(bob, EVERYONE, missed.at)
    assert not now.resync and not now.events
    factories.post(author=alice)
    assert len(live.missed(bob, EVERYONE, missed.at).events) == 1


def test_an_index_that_stood_still_for_longer_is_built_anew(as_: Any, alice: User, time_machine: Any) -> None:
    indexing.rebuild()
    stood_at = engine().applied()
    factories.post(author=alice, body="A heron stands on the roof")
    factories.post(author=alice, body="It is still there")
    number_rows(SearchChange)
    after_days(time_machine, 30)
    call_command("prune_logs", verbosity=0)
    assert not SearchChange.objects.filter(number=stood_at + 1).exists(), "what it should read next is gone"
    indexing.catch_up()
    assert engine().applied() == number_rows(SearchChange)
    assert "heron" in str(search(as_(alice), "heron"))
