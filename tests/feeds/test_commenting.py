"""Comments, replies, answers and reactions: where, once, by whom, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from feeds.actions import comments, posts, reactions
from feeds.models import Comment, LiveEvent, Post, Reaction
from profiles.actions import communities
from profiles.models import AuditEvent, CommunityKind, Department, User
from profiles.permissions import NotAllowed
from tests import factories

pytestmark = pytest.mark.django_db
As = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
# Of which session, reader and what the action itself writes and notes are the most
COMMENT_QUERIES, REACTION_QUERIES = 24, 16


def _form(body: str = "I do.", **fields: Any) -> dict[str, Any]:
    return {"body": body, "idempotency_key": str(uuid4()), **fields}


def test_a_comment_is_said_once_and_counted(as_: As, alice: User, bob: User) -> None:
    post = factories.post(author=alice)
    form, client = _form(), as_(bob)
    first, second = (client.post(f"/posts/{post.pk}/comments/", form) for _ in range(2))
    comment = Comment.objects.get()
    assert first.headers["Location"] == second.headers["Location"] == comment.get_absolute_url()
    post.refresh_from_db()
    assert (post.comment_count, post.version) == (1, 2)
    assert LiveEvent.objects.filter(kind="comment-created", comment=comment).count() == 1
    html = as_(alice).get(f"/posts/{post.pk}/").content.decode()
    assert f'id="comment-{comment.pk}"' in html
    assert "1 comment<" in html


def test_the_same_key_with_other_words_is_refused(as_: As, alice: User) -> None:
    post, client, form = factories.post(author=alice), as_(alice), _form()
    client.post(f"/posts/{post.pk}/comments/", form)
    answer = client.post(f"/posts/{post.pk}/comments/", {**form, "body": "Other words"})
    assert answer.status_code == 422
    assert "Other words" in answer.content.decode()
    assert Comment.objects.count() == 1


@pytest.mark.parametrize("is_htmx", [True, False])
def test_too_many_characters_are_refused_and_kept(as_: As, alice: User, is_htmx: bool) -> None:
    post = factories.post(author=alice)
    headers = HTMX if is_htmx else {}
    answer = as_(alice).post(f"/posts/{post.pk}/comments/", _form("x" * 5_001), headers=headers)
    assert answer.status_code == 422
    assert "x" * 5_001 in answer.content.decode()
    assert as_(alice).post(f"/posts/{post.pk}/comments/", _form("x" * 5_000), headers=headers).status_code < 400
    assert Comment.objects.count() == 1


def test_a_reply_to_a_reply_joins_the_conversation_under_the_same_comment(as_: As, alice: User, bob: User) -> None:
    post = factories.post(author=alice)
    first = factories.comment(post=post, author=bob)
    as_(alice).post(f"/posts/{post.pk}/comments/", _form("One", parent=first.pk))
    one = Comment.objects.get(body="One")
    as_(bob).post(f"/posts/{post.pk}/comments/", _form("Two", parent=one.pk))
    assert one.parent == Comment.objects.get(body="Two").parent == first


def test_a_reply_to_what_was_removed_is_refused_and_kept(alice: User, bob: User) -> None:
    post, other = factories.post(author=alice), factories.post(author=alice)
    gone, elsewhere = factories.comment(post=post, author=bob), factories.comment(post=other, author=bob)
    comments.hide(comment=gone, by=bob)
    for parent in (gone, elsewhere):
        with pytest.raises(comments.CannotReply):
            comments.comment(post=post, body="Yes", key=uuid4(), by=alice, parent=parent)


def test_the_reply_form_comes_as_a_page_or_a_fragment(
    as_: As, alice: User, bob: User, charlie: User, treasury: Department
) -> None:
    post = factories.post(author=alice, audience=treasury.audience)
    comment = factories.comment(post=post, author=bob)
    page = as_(alice).get(f"/comments/{comment.pk}/reply/").content.decode()
    fragment = as_(alice).get(f"/comments/{comment.pk}/reply/", headers=HTMX).content.decode()
    assert "Reply to Bob Baker" in page
    assert fragment.lstrip().startswith("<form")
    assert f'name="parent" value="{comment.pk}"' in page.replace(' id="', ' data-id="') or "parent" in page
    for address in ("reply", "item", "edit", "hide"):
        assert as_(charlie).get(f"/comments/{comment.pk}/{address}/").status_code == 404


def test_htmx_gets_the_comment_for_its_place_and_an_empty_form(as_: As, alice: User, bob: User) -> None:
    post = factories.post(author=alice)
    html = as_(bob).post(f"/posts/{post.pk}/comments/", _form("Here I am"), headers=HTMX).content.decode()
    comment = Comment.objects.get()
    assert f'hx-swap-oob="beforeend:#comments-{post.pk}"' in html
    assert f'id="counts-{post.pk}" hx-swap-oob="true"' in html
    html = (
        as_(alice).post(f"/posts/{post.pk}/comments/", _form("And I", parent=comment.pk), headers=HTMX).content.decode()
    )
    assert f'hx-swap-oob="beforeend:#replies-{comment.pk}"' in html
    assert '<form class="ck-comment-form"' not in html


def test_readers_of_an_open_community_comment_once_they_joined(as_: As, alice: User, charlie: User) -> None:
    community = factories.community(owner=alice)
    post = factories.post(author=alice, audience=community.audience)
    html = as_(charlie).get(f"/posts/{post.pk}/").content.decode()
    assert f"Join {community.name}" in html
    assert "Your comment" not in html
    assert as_(charlie).post(f"/posts/{post.pk}/comments/", _form()).status_code == 403
    assert not Comment.objects.exists()
    communities.join(community=community, by=charlie)
    assert "Your comment" in as_(charlie).get(f"/posts/{post.pk}/").content.decode()
    assert as_(charlie).post(f"/posts/{post.pk}/comments/", _form()).status_code == 303


def test_a_hidden_community_is_absent_for_others(as_: As, alice: User, charlie: User) -> None:
    hidden = factories.community(owner=alice, kind=CommunityKind.HIDDEN)
    post = factories.post(author=alice, audience=hidden.audience)
    assert as_(charlie).get(f"/posts/{post.pk}/").status_code == 404
    assert as_(charlie).post(f"/posts/{post.pk}/comments/", _form()).status_code == 404
    with pytest.raises(NotAllowed):
        comments.comment(post=post, body="Hello?", key=uuid4(), by=charlie)


def test_only_its_author_edits_a_comment(as_: As, alice: User, bob: User, sam: User) -> None:
    comment = factories.comment(post=factories.post(author=alice), author=bob, body="Frist")
    for other in (alice, sam):
        assert as_(other).post(f"/comments/{comment.pk}/edit/", {"body": "Mine"}).status_code == 403
    assert as_(bob).post(f"/comments/{comment.pk}/edit/", {"body": " "}).status_code == 422
    assert as_(bob).post(f"/comments/{comment.pk}/edit/", {"body": "First"}).status_code == 303
    comment.refresh_from_db()
    assert comment.body == "First"
    assert comment.edited_at is not None


def test_a_removed_comment_keeps_its_place_and_not_its_words(as_: As, alice: User, bob: User, max_: User) -> None:
    post = factories.post(author=alice)
    comment = factories.comment(post=post, author=bob, body="Unkind words")
    factories.comment(post=post, author=alice, body="A calm reply", parent=comment)
    assert as_(alice).post(f"/comments/{comment.pk}/hide/", {"reason": "No"}).status_code == 403
    assert as_(max_).post(f"/comments/{comment.pk}/hide/", {"reason": "Rude"}).status_code == 303
    html = as_(alice).get(f"/posts/{post.pk}/").content.decode()
    assert "Unkind words" not in html
    assert "This comment was removed." in html
    assert "A calm reply" in html
    post.refresh_from_db()
    assert post.comment_count == 1
    assert AuditEvent.objects.get(action="comment.hidden").actor == max_
    assert as_(max_).post(f"/comments/{comment.pk}/hide/", {"reason": "Rude"}).status_code == 404


def test_only_the_asker_says_what_answered(as_: As, alice: User, bob: User, sam: User) -> None:
    post = factories.post(author=alice, kind="question")
    comment = factories.comment(post=post, author=bob, body="Form 27")
    assert "Mark as answer" not in as_(bob).get(f"/posts/{post.pk}/").content.decode()
    for other in (bob, sam):
        assert as_(other).post(f"/posts/{post.pk}/answer/{comment.pk}/").status_code == 403
    assert "Mark as answer" in as_(alice).get(f"/posts/{post.pk}/").content.decode()
    for _ in range(2):
        assert as_(alice).post(f"/posts/{post.pk}/answer/{comment.pk}/").status_code == 303
    html = as_(bob).get(f"/posts/{post.pk}/").content.decode()
    assert html.count("Form 27") == 2
    assert "Answered" in html
    as_(alice).post(f"/posts/{post.pk}/answer/{comment.pk}/", {"off": "1"})
    assert Post.objects.get().answer is None


def test_what_is_no_answer_is_not_accepted(as_: As, alice: User, bob: User) -> None:
    asked, told = factories.post(author=alice, kind="question"), factories.post(author=alice)
    elsewhere = factories.comment(post=told, author=bob)
    assert as_(alice).post(f"/posts/{asked.pk}/answer/{elsewhere.pk}/").status_code == 404
    assert as_(alice).post(f"/posts/{told.pk}/answer/{elsewhere.pk}/").status_code == 403
    answer = factories.comment(post=asked, author=bob)
    posts.accept_answer(post=asked, comment=answer, by=alice)
    comments.hide(comment=answer, by=bob)
    assert Post.objects.get(pk=asked.pk).answer is None
    assert as_(alice).post(f"/posts/{asked.pk}/answer/{answer.pk}/").status_code == 403


def test_a_reaction_is_a_state(as_: As, alice: User, bob: User, charlie: User, treasury: Department) -> None:
    post = factories.post(author=alice, audience=treasury.audience)
    client = as_(bob)
    for kind, number in (("thanks", 1), ("thanks", 1), ("useful", 1), ("", 0), ("", 0)):
        assert client.post(f"/posts/{post.pk}/react/", {"kind": kind}).status_code == 303
        post.refresh_from_db()
        assert post.reaction_count == Reaction.objects.count() == number
    assert client.post(f"/posts/{post.pk}/react/", {"kind": "hate"}).status_code == 404
    assert as_(charlie).post(f"/posts/{post.pk}/react/", {"kind": "thanks"}).status_code == 404
    with pytest.raises(NotAllowed):
        reactions.react(post=post, kind="thanks", by=charlie)


def test_htmx_gets_the_pressed_button_and_the_new_count(as_: As, alice: User, bob: User) -> None:
    post = factories.post(author=alice)
    html = as_(bob).post(f"/posts/{post.pk}/react/", {"kind": "agree"}, headers=HTMX).content.decode()
    assert html.count('aria-pressed="true"') == 1
    assert "1 reaction<" in html
    assert "<html" not in html


def test_the_fragments_are_the_same_for_whoever_may_see_them(as_: As, alice: User, bob: User, max_: User) -> None:
    post = factories.post(author=alice, kind="question")
    comment = factories.comment(post=post, author=bob)
    reactions.react(post=post, kind="thanks", by=alice)

    def fragment(reader: User, name: str) -> str:
        html = as_(reader).get(f"/posts/{post.pk}/").content.decode()
        return html[html.index(f'id="{name}"') :].split("</article>")[0]

    for name in (f"post-{post.pk}", f"comment-{comment.pk}"):
        assert fragment(alice, name) == fragment(bob, name) == fragment(max_, name)


def test_commenting_and_reacting_have_a_budget(
    as_: As, alice: User, bob: User, django_assert_max_num_queries: Callable
) -> None:
    post = factories.post(author=alice, topics=["Grants", "Money"])
    client = as_(bob)
    above = factories.comment(post=post, author=alice)
    for number in (1, 19):
        for _ in range(number):
            factories.comment(post=post, author=bob)
        with django_assert_max_num_queries(COMMENT_QUERIES):
            client.post(f"/posts/{post.pk}/comments/", _form("Yes"), headers=HTMX)
        with django_assert_max_num_queries(COMMENT_QUERIES + 1):
            client.post(f"/posts/{post.pk}/comments/", _form("Yes", parent=above.pk), headers=HTMX)
        with django_assert_max_num_queries(REACTION_QUERIES):
            client.post(f"/posts/{post.pk}/react/", {"kind": "thanks" if number == 1 else ""}, headers=HTMX)
