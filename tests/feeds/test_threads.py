"""Reading a thread: its pages, the replies under each comment, the way to any comment, and what all of it costs."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from feeds.actions import comments, posts
from feeds.models import Comment, Post
from feeds.said import COMMENTS_AT_ONCE, REPLIES_AT_ONCE, REPLIES_PAGE
from profiles.actions import communities, departments
from profiles.models import Department, User
from tests import factories

pytestmark = pytest.mark.django_db
As = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
ITEM = re.compile(r'id="comment-item-(\d+)"')
MORE = re.compile(r'<li [^>]*data-more><a class="ck-action" href="([^"]+)".*?>(Show \d+ more repl\w+)<')
LATER = re.compile(r'href="(\?[^"]+)" rel="next"')
# Reader with their session, head of the thread, comments, replies
THREAD_QUERIES = 4
# Besides: the article
ARTICLE_QUERIES = 5
# Reader with their session, comment, head, replies; a fragment counts what is left
REPLIES_QUERIES = 4


def say(post: Post, author: User, number: int, parent: Comment | None = None) -> list[Comment]:
    """Many comments at once, one moment after the other."""
    start = timezone.now()
    return Comment.objects.bulk_create(
        Comment(post=post, author=author, parent=parent, body=f"C{n}", body_html=f"<p>C{n}</p>", created_at=start)
        for n in range(number)
    )


def shown(client: Client, address: str, **headers: Any) -> tuple[list[int], str]:
    """The comments on a page, and the page."""
    answer = client.get(address, **headers)
    assert answer.status_code == 200, address
    text = answer.content.decode()
    assert "\0" not in text
    return [int(pk) for pk in ITEM.findall(text)], text


def more(text: str) -> tuple[str, str]:
    found = MORE.search(text)
    assert found
    return html.unescape(found[1]), found[2]


def test_a_long_discussion_has_pages(as_: As, alice: User) -> None:
    post = factories.post(author=alice)
    ids = [comment.pk for comment in say(post, alice, COMMENTS_AT_ONCE + 3)]
    client = as_(alice)
    first, text = shown(client, f"/posts/{post.pk}/")
    link = LATER.search(text)
    assert link
    second, text = shown(client, f"/posts/{post.pk}/{html.unescape(link[1])}")
    assert first + second == ids
    assert LATER.search(text) is None and "Earlier comments" in text
    assert client.get(f"/posts/{post.pk}/", {"cursor": "x"}).status_code == 404


def test_further_replies_are_a_page_or_come_in_place(as_: As, alice: User, bob: User, charlie: User) -> None:
    post = factories.post(author=alice, audience=alice.main_department.audience)
    comment = factories.comment(post=post, author=bob)
    number = REPLIES_AT_ONCE + REPLIES_PAGE + 2
    ids = [reply.pk for reply in say(post, alice, number, parent=comment)]
    client = as_(bob)
    seen, text = shown(client, f"/posts/{post.pk}/")
    assert seen == [comment.pk, *ids[:REPLIES_AT_ONCE]]
    address, words = more(text)
    assert words == f"Show {number - REPLIES_AT_ONCE} more replies"
    # In place, until there are no more
    here, fragment = shown(client, address, headers=HTMX)
    assert "<html" not in fragment
    next_address, words = more(fragment)
    assert words == "Show 2 more replies"
    last, fragment = shown(client, next_address, headers=HTMX)
    assert seen + here + last == [comment.pk, *ids] and "data-more" not in fragment
    # On pages
    there, text = shown(client, address)
    assert there == [comment.pk, *here] and "Replies to Bob Baker" in text
    link = LATER.search(text)
    assert link
    rest, text = shown(client, f"/comments/{comment.pk}/replies/{html.unescape(link[1])}")
    assert rest == [comment.pk, *last] and "Earlier replies" in text
    assert as_(charlie).get(address).status_code == 404
    assert client.get(f"/comments/{comment.pk}/replies/", {"cursor": "x"}).status_code == 404
    assert client.get(f"/comments/{ids[0]}/replies/").status_code == 404


def test_replies_to_a_removed_comment_can_be_read(as_: As, alice: User, bob: User) -> None:
    post = factories.post(author=alice)
    comment = factories.comment(post=post, author=bob, body="Unkind words")
    ids = [reply.pk for reply in say(post, alice, REPLIES_AT_ONCE + 1, parent=comment)]
    comments.hide(comment=comment, by=bob)
    seen, text = shown(as_(alice), f"/comments/{comment.pk}/replies/")
    assert seen == [comment.pk, *ids]
    assert "Unkind words" not in text and "Bob Baker" not in text and "This comment was removed." in text


def test_the_address_of_a_comment_opens_the_page_that_holds_it(as_: As, alice: User, bob: User) -> None:
    post, other = factories.post(author=alice), factories.post(author=alice)
    opening = say(post, alice, COMMENTS_AT_ONCE * 2)
    replies = say(post, alice, REPLIES_PAGE + 5, parent=opening[0])
    elsewhere = factories.comment(post=other, author=alice)
    client = as_(bob)
    for near in (opening[3], replies[0], elsewhere):
        seen, _ = shown(client, f"/posts/{post.pk}/?comment={near.pk}")
        assert seen[0] == opening[0].pk
    for far in (opening[-1], replies[REPLIES_AT_ONCE], replies[-1]):
        answer = client.get(far.get_absolute_url())
        assert answer.status_code == 302
        assert answer.headers["Location"].endswith(f"#comment-{far.pk}")
        seen, _ = shown(client, answer.headers["Location"].split("#")[0])
        assert far.pk in seen
    for nonsense in ("x", "-1", "9" * 30, ""):
        assert client.get(f"/posts/{post.pk}/", {"comment": nonsense}).status_code == 200


def test_a_comment_nobody_else_may_see_is_not_found_through_another_thread(
    as_: As, alice: User, charlie: User, treasury: Department
) -> None:
    own, seen_by_all = factories.post(author=alice, audience=treasury.audience), factories.post(author=alice)
    comment = say(own, alice, COMMENTS_AT_ONCE + 1)[-1]
    assert as_(alice).get(f"/posts/{own.pk}/?comment={comment.pk}").status_code == 302
    assert as_(charlie).get(f"/posts/{own.pk}/?comment={comment.pk}").status_code == 404
    assert as_(charlie).get(f"/posts/{seen_by_all.pk}/?comment={comment.pk}").status_code == 200


def test_ones_own_reply_goes_to_the_end_of_a_list_that_is_cut(as_: As, alice: User, bob: User) -> None:
    post = factories.post(author=alice)
    comment = factories.comment(post=post, author=bob)
    say(post, alice, REPLIES_AT_ONCE + 4, parent=comment)
    form = {"body": "Mine", "idempotency_key": str(uuid4()), "parent": comment.pk}
    text = as_(bob).post(f"/posts/{post.pk}/comments/", form, headers=HTMX).content.decode()
    reply = Comment.objects.get(body="Mine")
    assert f'hx-swap-oob="beforeend:#replies-{comment.pk}"' in text
    assert ITEM.findall(text) == [str(reply.pk)]
    assert more(shown(as_(bob), f"/posts/{post.pk}/")[1])[1] == "Show 5 more replies"


@pytest.mark.parametrize("place", ["thread", "article", "replies", "more"])
def test_it_costs_the_same_with_one_comment_and_with_twenty(
    as_: As, alice: User, bob: User, treasury: Department, place: str, django_assert_num_queries: Callable
) -> None:
    if place == "article":
        article = factories.article(author=alice, department=treasury, topics=["Grants"])
        post, address, queries = Post.objects.get(), article.get_absolute_url(), ARTICLE_QUERIES
    else:
        post = factories.post(author=alice, topics=["Grants"])
        address, queries = f"/posts/{post.pk}/", THREAD_QUERIES
    client, above = as_(alice), None
    for number in (1, 19):
        for _ in range(number):
            comment = factories.comment(post=post, author=bob)
            above = above or comment
            factories.comment(post=post, author=alice, parent=comment)
            factories.comment(post=post, author=bob, parent=above)
        if place in ("replies", "more"):
            address, queries = f"/comments/{above.pk}/replies/", REPLIES_QUERIES
        headers = HTMX if place == "more" else {}
        client.get(address, headers=headers)
        with django_assert_num_queries(queries + (place == "more" and number == 19)):
            client.get(address, headers=headers)


def test_a_renamed_author_and_department_show_at_once(
    as_: As, alice: User, bob: User, charlie: User, treasury: Department
) -> None:
    article = factories.article(author=alice, owner=bob, department=treasury)
    post = Post.objects.get()
    factories.comment(post=post, author=bob)
    client, addresses = as_(charlie), (f"/posts/{post.pk}/", article.get_absolute_url())
    for address in addresses:
        text = client.get(address).content.decode()
        assert "Bob Baker" in text and "Treasury" in text and "/photo/" not in text
    User.objects.filter(pk=bob.pk).update(name="Bob Barker", photo_key="a" * 32)
    departments.rename(department=treasury, name="Exchequer", by=None)
    for address in addresses:
        text = client.get(address).content.decode()
        assert "Bob Baker" not in text and "Bob Barker" in text and "a" * 32 in text
        assert "Exchequer" in text and ">Treasury<" not in text


def test_what_is_edited_removed_or_accepted_shows_at_once(as_: As, alice: User, bob: User, charlie: User) -> None:
    post = factories.post(author=alice, kind="question")
    edited, removed = (factories.comment(post=post, author=bob, body=body) for body in ("Frist", "Rash words"))
    client = as_(charlie)
    text = shown(client, f"/posts/{post.pk}/")[1]
    assert "Frist" in text and "Rash words" in text and "Edited" not in text
    comments.edit(comment=edited, body="First", by=bob)
    comments.hide(comment=removed, by=bob)
    posts.accept_answer(post=post, comment=edited, by=alice)
    text = shown(client, f"/posts/{post.pk}/")[1]
    assert text.count("First") == 2 and "Frist" not in text and "Rash words" not in text and "Edited" in text
    comments.edit(comment=edited, body="Foremost", by=bob)
    assert shown(client, f"/posts/{post.pk}/")[1].count("Foremost") == 2
    comments.hide(comment=edited, by=bob)
    text = shown(client, f"/posts/{post.pk}/")[1]
    assert "Foremost" not in text and "Needs an answer" in text


def test_each_reader_gets_what_they_may_do(as_: As, alice: User, bob: User, max_: User) -> None:
    post = factories.post(author=alice, kind="question")
    comment = factories.comment(post=post, author=bob)
    own = {
        alice: {"reply", "accept"},
        bob: {"reply", "edit", "hide"},
        max_: {"reply", "hide"},
    }
    for reader, may in own.items():
        text = shown(as_(reader), f"/posts/{post.pk}/")[1]
        for what, address in {
            "reply": f"/comments/{comment.pk}/reply/",
            "edit": f"/comments/{comment.pk}/edit/",
            "hide": f"/comments/{comment.pk}/hide/",
            "accept": f"/posts/{post.pk}/answer/{comment.pk}/",
        }.items():
            assert (f'"{address}"' in text) == (what in may), (reader.name, what)


def test_losing_the_right_to_speak_takes_the_form_away_at_once(as_: As, alice: User, charlie: User) -> None:
    community = factories.community(owner=alice, members=(charlie,))
    post = factories.post(author=alice, audience=community.audience)
    client = as_(charlie)
    assert "Your comment" in shown(client, f"/posts/{post.pk}/")[1]
    communities.remove(community=community, user=charlie, by=alice)
    assert "Your comment" not in shown(client, f"/posts/{post.pk}/")[1]
