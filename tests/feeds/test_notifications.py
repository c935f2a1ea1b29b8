"""What people are told of: once, never their own doing, never what they cannot see; and reading it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from feeds import notices
from feeds.actions import comments, follows, posts
from feeds.models import Notification, Post
from feeds.said import COMMENTS_AT_ONCE
from intranet.lib.compiled import Compiled
from profiles.actions import communities, memberships
from profiles.models import CommunityKind, Department, User
from tests import factories
from tests.html import next_cursor, said

pytestmark = pytest.mark.django_db
As = Callable[[User], Client]
LIST_QUERIES = 4


def _told(person: User) -> list[str]:
    return list(Notification.objects.filter(recipient=person).order_by("pk").values_list("kind", flat=True))


def test_a_comment_is_told_to_the_posts_author_and_a_reply_to_who_was_replied_to(
    alice: User, bob: User, charlie: User
) -> None:
    post = factories.post(author=alice)
    first = factories.comment(post=post, author=bob)
    factories.comment(post=post, author=charlie, parent=first)
    assert _told(alice) == ["comment", "comment"]
    assert _told(bob) == ["reply"]
    assert _told(charlie) == []


def test_one_comment_is_one_notification_and_ones_own_is_none(alice: User, bob: User) -> None:
    post = factories.post(author=alice)
    mine = factories.comment(post=post, author=alice)
    assert _told(alice) == []
    factories.comment(post=post, author=bob, parent=mine)
    assert _told(alice) == ["reply"]


def test_an_articles_owner_hears_of_its_discussion(alice: User, bob: User, charlie: User) -> None:
    article = factories.article(author=alice, owner=charlie)
    factories.comment(post=Post.objects.get(article=article), author=bob)
    assert _told(charlie) == ["comment"]
    assert _told(alice) == []


def test_an_accepted_answer_is_told_once(alice: User, bob: User) -> None:
    post = factories.post(author=alice, kind="question")
    answer = factories.comment(post=post, author=bob)
    for _ in range(2):
        posts.accept_answer(post=post, comment=answer, by=alice)
        posts.take_back_answer(post=post, by=alice)
    assert _told(bob) == ["answer"]


def test_a_new_follower_is_told_once(alice: User, bob: User) -> None:
    for _ in range(2):
        follows.follow(target=bob, by=alice)
        follows.unfollow(target=bob, by=alice)
    assert _told(bob) == ["follower"]


def test_owners_hear_who_asks_and_who_asked_hears_they_were_let_in(alice: User, bob: User, charlie: User) -> None:
    closed = factories.community(owner=alice, kind=CommunityKind.CLOSED, members=(charlie,))
    communities.join(community=closed, by=bob)
    assert (_told(alice), _told(charlie)) == (["join-request"], [])
    communities.add(community=closed, user=bob, by=alice)
    assert _told(bob) == ["joined"]


def test_nobody_is_told_of_what_they_cannot_see(as_: As, alice: User, bob: User, treasury: Department) -> None:
    post = factories.post(author=bob, audience=treasury.audience)
    memberships.leave(membership=bob.memberships.get(), by=None)
    factories.comment(post=post, author=alice)
    assert _told(bob) == []


def test_what_one_may_see_no_longer_is_not_counted_or_listed(
    as_: As, alice: User, bob: User, treasury: Department
) -> None:
    post = factories.post(author=bob, audience=treasury.audience, body="Estimates memo")
    factories.comment(post=post, author=alice, body="Page two is wrong")
    html = as_(bob).get("/notifications/").content.decode()
    assert "Page two is wrong" in html
    assert "ck-count--unread" in html
    memberships.leave(membership=bob.memberships.get(), by=None)
    html = as_(bob).get("/notifications/").content.decode()
    assert "Page two is wrong" not in html
    assert "ck-count--unread" not in html


def test_the_words_of_a_removed_comment_are_not_repeated(as_: As, alice: User, bob: User) -> None:
    comment = factories.comment(post=factories.post(author=alice), author=bob, body="Unkind words")
    comments.hide(comment=comment, by=bob)
    assert "Unkind words" not in as_(alice).get("/notifications/").content.decode()


def test_opening_a_thread_reads_what_was_told_of_it(as_: As, alice: User, bob: User) -> None:
    post, other = factories.post(author=alice), factories.post(author=alice)
    for about in (post, other):
        factories.comment(post=about, author=bob)
    as_(bob).get(f"/posts/{post.pk}/")
    assert Notification.objects.unread().count() == 2
    as_(alice).get(f"/posts/{post.pk}/")
    assert list(Notification.objects.unread().values_list("post_id", flat=True)) == [other.pk]


def test_all_that_was_on_the_page_is_read_and_what_came_since_is_not(as_: As, alice: User, bob: User) -> None:
    post = factories.post(author=alice)
    factories.comment(post=post, author=bob)
    (newest,) = said(as_(alice).get("/notifications/"), r'name="upto" value="(\d+)"')
    factories.comment(post=post, author=bob)
    assert as_(bob).post("/notifications/read/", {"upto": newest}).status_code == 303
    assert Notification.objects.unread().count() == 2
    assert as_(alice).post("/notifications/read/", {"upto": newest}).status_code == 303
    assert Notification.objects.unread().count() == 1
    assert as_(alice).post("/notifications/read/", {"upto": "x"}).status_code == 404


def test_one_is_read_by_its_recipient_alone(as_: As, alice: User, bob: User) -> None:
    comment = factories.comment(post=factories.post(author=alice), author=bob)
    told = Notification.objects.get()
    assert as_(bob).post(f"/notifications/{told.pk}/read/").status_code == 404
    answer = as_(alice).post(f"/notifications/{told.pk}/read/")
    assert answer.headers["Location"] == comment.get_absolute_url()
    told.refresh_from_db()
    assert told.read_at is not None


def test_the_list_costs_the_same_with_one_and_with_twenty(
    as_: As, alice: User, bob: User, django_assert_max_num_queries: Callable
) -> None:
    client, counts = as_(alice), []
    for number in (1, 19):
        for _ in range(number):
            factories.comment(post=factories.post(author=alice), author=bob)
        with django_assert_max_num_queries(LIST_QUERIES) as seen:
            assert client.get("/notifications/").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert client.get("/notifications/").content.decode().count("notification-") == 20


def test_what_is_new_is_listed_whatever_lies_before_and_after_it(
    as_: As, alice: User, bob: User, treasury: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "_LATELY", Compiled(lambda user: notices._lately(user, 23)))
    posts_ = [factories.post(author=alice, body=f"Post {number}") for number in range(25)]
    for post in posts_:
        factories.comment(post=post, author=bob, body=f"Said of {post.body}")
    client, words = as_(alice), r"(Said of Post \d+)"
    for _ in range(2):
        first = client.get("/notifications/")
        assert said(first, words) == [f"Said of Post {n}" for n in range(24, 4, -1)]
        rest = client.get(f"/notifications/?cursor={next_cursor(first)}")
        assert said(rest, words) == [f"Said of Post {n}" for n in range(4, -1, -1)]
    # Most of the newest went out of sight
    for post in posts_[5:]:
        posts.hide(post=post, by=alice)
    left = client.get("/notifications/")
    assert said(left, words) == [f"Said of Post {n}" for n in range(4, -1, -1)]


def test_a_row_shows_at_once_that_its_actor_was_renamed(as_: As, alice: User, bob: User) -> None:
    factories.comment(post=factories.post(author=alice), author=bob)
    client = as_(alice)
    assert f"{bob.name} commented" in client.get("/notifications/").content.decode()
    User.objects.filter(pk=bob.pk).update(name="Robert Renamed")
    page = client.get("/notifications/").content.decode()
    assert "Robert Renamed commented" in page and bob.name not in page


def test_each_form_carries_its_readers_token(alice: User, bob: User) -> None:
    factories.comment(post=factories.post(author=alice), author=bob)
    tokens = set()
    for _ in range(2):
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)
        page = client.get("/notifications/").content.decode()
        hidden = '<input type="hidden" name="csrfmiddlewaretoken" value="'
        ((address, token),) = re.findall(rf'action="(/notifications/\d+/read/)">{hidden}(\w+)"', page)
        assert client.post(address, {"csrfmiddlewaretoken": token}).status_code == 303
        assert client.post(address).status_code == 403
        Notification.objects.update(read_at=None)
        tokens.add(token)
    assert len(tokens) == 2


def test_nothing_to_tell_says_so(as_: As, alice: User) -> None:
    assert "Nothing to tell you" in as_(alice).get("/notifications/").content.decode()
    assert as_(alice).get("/notifications/?cursor=x").status_code == 404


def test_a_notification_carries_the_marking_of_what_it_quotes(as_: As, alice: User, bob: User) -> None:
    plain = factories.post(author=alice)
    factories.comment(post=plain, author=bob)
    assert "OFFICIAL-SENSITIVE" not in as_(alice).get("/notifications/").content.decode()
    sensitive = factories.post(author=alice, marking="official-sensitive", handling="For the bill team")
    factories.comment(post=sensitive, author=bob)
    page = as_(alice).get("/notifications/").content.decode()
    assert "OFFICIAL-SENSITIVE" in page and "For the bill team" in page


def test_what_is_told_of_a_comment_leads_to_the_page_that_holds_it(as_: As, alice: User, bob: User) -> None:
    post = factories.post(author=alice)
    for _ in range(COMMENTS_AT_ONCE):
        factories.comment(post=post, author=alice)
    comment = factories.comment(post=post, author=bob, body="On the second page")
    client = as_(alice)
    (href,) = re.findall(rf'href="([^"]*#comment-{comment.pk})"', client.get("/notifications/").content.decode())
    assert "On the second page" in client.get(href.split("#")[0], follow=True).content.decode()
