"""Announcements reach everybody who may see them, once, in the background; their author waits for nobody."""

from __future__ import annotations

import datetime
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult

from feeds import announcing
from feeds.actions import announcements, posts
from feeds.models import AnnouncementDelivery, Notification, Post
from profiles.actions import memberships
from profiles.models import Audience, Department, User
from tests import factories
from tests.searching import work

pytestmark = pytest.mark.django_db
As = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _at_once(settings: Any) -> None:
    """Small batches without a pause between them."""
    settings.ANNOUNCEMENT_BATCH, settings.ANNOUNCEMENT_RATE = 2, 1_000_000_000


def told(post: Post) -> Counter[str]:
    """How often each person was told of `post`, by name."""
    rows = Notification.objects.filter(post=post, kind="announcement")
    return Counter(rows.values_list("recipient__name", flat=True))


def once(*people: User) -> Counter[str]:
    return Counter(person.name for person in people)


def everything() -> None:
    """All that waits, and what comes of it."""
    while work():
        pass


def waiting(post: Post) -> list[Any]:
    """The deliveries of `post` that wait for a worker."""
    rows = DBTaskResult.objects.ready().filter(task_path="feeds.tasks.tell_of_announcement")
    return [row for row in rows if row.args_kwargs["args"][0] == post.pk]


def test_everybody_who_may_see_it_is_told_once_and_its_author_is_not(
    alice: User, bob: User, dana: User, charlie: User
) -> None:
    gone = factories.user("Gone", department=alice.main_department)
    memberships.suspend(user=gone, by=None)
    to_all = factories.post(author=alice, kind="announcement")
    to_some = factories.post(
        author=alice, kind="announcement", audience=Audience.objects.get(department=alice.main_department)
    )
    assert not Notification.objects.exists(), "nobody is told while the author waits"
    everything()
    assert told(to_all) == once(bob, dana, charlie)
    assert told(to_some) == once(bob, dana)
    delivery = AnnouncementDelivery.objects.get(post=to_all)
    assert delivery.told == 3 and delivery.finished_at and not waiting(to_all)


def test_other_posts_are_told_to_nobody(alice: User, bob: User) -> None:
    factories.post(author=alice, kind="update")
    everything()
    assert not Notification.objects.exists() and not AnnouncementDelivery.objects.exists()


def test_publishing_costs_the_same_for_few_and_for_many_readers(alice: User, bob: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            factories.post(author=alice, kind="announcement")
        return len(seen)

    queries()
    few = queries()
    for number in range(30):
        factories.user(f"Reader {number}")
    assert queries() == few


def test_a_batch_that_runs_twice_tells_nobody_twice_and_starts_no_second_line(alice: User, bob: User) -> None:
    people = [factories.user(f"Reader {number}") for number in range(5)]
    post = factories.post(author=alice, kind="announcement")
    again = waiting(post)[0].args_kwargs["args"]
    work()
    announcements.tell_of_announcement.call(*again)
    assert len(waiting(post)) == 1
    everything()
    assert told(post) == once(bob, *people)


def test_who_loses_the_right_before_their_turn_is_not_told(alice: User, treasury: Department) -> None:
    people = [factories.user(f"Reader {number}", department=treasury) for number in range(5)]
    post = factories.post(author=alice, kind="announcement", audience=Audience.objects.get(department=treasury))
    work()
    memberships.leave(membership=people[-1].memberships.get(), by=None)
    late = factories.user("Late", department=treasury)
    everything()
    assert told(post) == once(*people[:-1], late)


def test_what_is_hidden_halfway_is_told_no_further(alice: User) -> None:
    people = [factories.user(f"Reader {number}") for number in range(5)]
    post = factories.post(author=alice, kind="announcement")
    work()
    before = told(post)
    posts.hide(post=post, by=alice)
    everything()
    assert told(post) == before and 0 < len(before) < len(people)
    assert AnnouncementDelivery.objects.get(post=post).finished_at


def test_a_delivery_whose_worker_was_killed_goes_on_where_it_was(alice: User, time_machine: Any) -> None:
    people = [factories.user(f"Reader {number}") for number in range(7)]
    post = factories.post(author=alice, kind="announcement")
    work()
    # As a worker leaves it that never comes back
    DBTaskResult.objects.all().delete()
    call_command("resume_announcements", verbosity=0)
    assert not waiting(post), "it may only be slow"
    delivery = AnnouncementDelivery.objects.get(post=post)
    time_machine.move_to(delivery.moved_at + announcing.STALLED + datetime.timedelta(seconds=1))
    call_command("resume_announcements", verbosity=0)
    everything()
    assert told(post) == once(*people)
    call_command("resume_announcements", verbosity=0)
    assert not waiting(post)


def test_a_batch_that_fails_leaves_nothing_half_done(alice: User, settings: Any) -> None:
    people = [factories.user(f"Reader {number}") for number in range(3)]
    post = factories.post(author=alice, kind="announcement")
    reached = AnnouncementDelivery.objects.get(post=post).reached
    # The task that should follow cannot be written
    settings.ANNOUNCEMENT_RATE = 0
    with pytest.raises(ZeroDivisionError):
        work()
    assert not told(post) and AnnouncementDelivery.objects.get(post=post).reached == reached
    settings.ANNOUNCEMENT_RATE = 1_000_000_000
    everything()
    assert told(post) == once(*people)


def test_the_list_says_who_announced_what_and_opening_it_reads_it(as_: As, alice: User, bob: User) -> None:
    post = factories.post(author=alice, kind="announcement", body="The canteen moves")
    everything()
    page = as_(bob).get("/notifications/").content.decode()
    assert "Alice Archer made an announcement" in page and "The canteen moves" in page
    as_(bob).get(post.get_absolute_url())
    assert not Notification.objects.filter(recipient=bob).unread().exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_tell_everybody_once(alice: User) -> None:
    people = [factories.user(f"Reader {number}") for number in range(9)]
    post = factories.post(author=alice, kind="announcement")
    together, failed = threading.Barrier(2), []

    def worker() -> None:
        try:
            after: int | None = 0
            together.wait(10)
            while after is not None:
                after = announcing.deliver(post.pk, after)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert told(post) == once(*people)
