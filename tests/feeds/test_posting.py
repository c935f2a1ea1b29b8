"""Saying something: to whom, how often, with which words; editing and removing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from feeds.models import MAX_POST, LiveEvent, Post
from profiles.actions import memberships
from profiles.models import AuditEvent, CommunityKind, Department, Topic, TopicAudience, User
from profiles.signals import rights_changed
from tests import factories

pytestmark = pytest.mark.django_db
As = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


def _form(**fields: Any) -> dict[str, Any]:
    return {
        "body": "Who knows about grants?",
        "kind": "question",
        "audience": factories.everyone().pk,
        "marking": "official",
        "idempotency_key": str(uuid4()),
        **fields,
    }


def test_a_post_is_said_once_and_shown(as_: As, alice: User, bob: User) -> None:
    answer = as_(alice).post("/posts/", _form(topics="Grants, Research"))
    post = Post.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/posts/{post.pk}/")
    assert post.department == alice.main_department
    assert {topic.name for topic in post.topics.all()} == {"Grants", "Research"}
    assert TopicAudience.objects.filter(audience=post.audience).count() == 2
    assert [event.kind for event in LiveEvent.objects.filter(post=post)] == ["post-created"]
    assert "Who knows about grants?" in as_(bob).get(f"/posts/{post.pk}/").content.decode()


def test_the_same_form_twice_makes_one_post(as_: As, alice: User) -> None:
    form, client = _form(), as_(alice)
    first, second = client.post("/posts/", form), client.post("/posts/", form)
    assert first.headers["Location"] == second.headers["Location"]
    assert Post.objects.count() == LiveEvent.objects.filter(post__isnull=False).count() == 1


def test_the_same_key_with_other_words_is_refused_and_keeps_them(as_: As, alice: User) -> None:
    form, client = _form(), as_(alice)
    client.post("/posts/", form)
    answer = client.post("/posts/", {**form, "body": "Something else entirely"})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "already sent with other content" in html
    assert "Something else entirely" in html
    assert form["idempotency_key"] not in html
    assert Post.objects.count() == 1


@pytest.mark.parametrize("is_htmx", [True, False])
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"body": "  "}, "Write something first."),
        ({"body": "x" * (MAX_POST + 1)}, "at most"),
        ({"audience": 999_999}, "Choose who can see it from the list."),
        ({"audience": "everyone"}, "Choose who can see it from the list."),
        ({"kind": "article"}, "Select a valid choice"),
        ({"marking": "official-sensitive"}, "Say what readers of OFFICIAL-SENSITIVE"),
        ({"topics": ", ".join(f"T{n}" for n in range(11))}, "at most 10 topics"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    as_: As, alice: User, wrong: dict[str, Any], words: str, is_htmx: bool
) -> None:
    answer = as_(alice).post("/posts/", _form(**wrong), headers=HTMX if is_htmx else {})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "There is a problem" in html
    assert words in html
    assert wrong.get("body", "Who knows about grants?").strip() in html
    assert html.lstrip().startswith("<form") is is_htmx
    assert not Post.objects.exists()


def test_it_writes_only_where_one_may_write(as_: As, alice: User, charlie: User, treasury: Department) -> None:
    open_one = factories.community(owner=alice)
    for audience in (treasury.audience, open_one.audience):
        assert as_(alice).post("/posts/", _form(audience=audience.pk)).status_code == 303
        answer = as_(charlie).post("/posts/", _form(audience=audience.pk))
        # The same answer as for an audience that does not exist
        assert answer.status_code == 422
        assert "Choose who can see it from the list." in answer.content.decode()
    assert Post.objects.count() == 2


def test_suspended_people_say_nothing(as_: As, alice: User) -> None:
    client = as_(alice)
    memberships.suspend(user=alice, by=None)
    answer = client.post("/posts/", _form())
    assert answer.status_code == 302
    assert not Post.objects.exists()


def test_scripts_and_markup_are_inert(as_: As, alice: User) -> None:
    body = "<script>alert(1)</script> [x](javascript:alert(2)) <img src=x onerror=alert(3)> **bold**"
    as_(alice).post("/posts/", _form(body=body, topics="<b>Loud</b>"))
    html = as_(alice).get("/?stream=everyone").content.decode()
    assert "<strong>bold</strong>" in html
    assert "<script>alert" not in html
    assert 'href="javascript' not in html
    assert "<img src=x" not in html
    assert "<b>Loud" not in html


def test_htmx_gets_an_empty_composer_and_the_post_for_the_head_of_the_list(as_: As, alice: User) -> None:
    form = _form()
    html = as_(alice).post("/posts/", form, headers=HTMX).content.decode()
    post = Post.objects.get()
    assert 'hx-swap-oob="afterbegin:#feed"' in html
    assert f'id="post-{post.pk}"' in html
    assert form["idempotency_key"] not in html
    assert "<html" not in html


def test_the_composer_can_be_opened_about_a_topic(as_: As, alice: User) -> None:
    html = as_(alice).get("/posts/?kind=question&topics=Grants").content.decode()
    assert 'value="Grants"' in html
    assert '<option value="question" selected>' in html


def test_a_department_post_is_absent_for_others(
    as_: As, alice: User, bob: User, charlie: User, treasury: Department
) -> None:
    post = factories.post(author=alice, audience=treasury.audience)
    for address in (f"/posts/{post.pk}/", f"/posts/{post.pk}/item/"):
        assert as_(bob).get(address).status_code == 200
        hidden = as_(charlie).get(address)
        absent = as_(charlie).get(address.replace(str(post.pk), "999999"))
        assert hidden.status_code == absent.status_code == 404
        assert hidden.content == absent.content
    for address in ("edit", "hide", "react", "comments"):
        assert as_(charlie).post(f"/posts/{post.pk}/{address}/").status_code == 404


def test_only_its_author_edits_a_post(as_: As, alice: User, bob: User, sam: User, dana: User) -> None:
    post = factories.post(author=alice, body="Frist")
    for other in (bob, sam, dana):
        assert as_(other).get(f"/posts/{post.pk}/edit/").status_code == 403
        assert as_(other).post(f"/posts/{post.pk}/edit/", {"body": "x", "marking": "official"}).status_code == 403
    assert "Frist" in as_(alice).get(f"/posts/{post.pk}/edit/").content.decode()
    answer = as_(alice).post(f"/posts/{post.pk}/edit/", {"body": "First", "topics": "Grants", "marking": "official"})
    assert answer.status_code == 303
    changed = Post.objects.get()
    assert (changed.body, changed.version) == ("First", 2)
    assert changed.edited_at is not None
    assert "<p>First</p>" in changed.body_html
    assert [topic.name for topic in changed.topics.all()] == ["Grants"]
    assert LiveEvent.objects.filter(post=post).order_by("pk").last().kind == "post-changed"  # type: ignore[union-attr]


def test_an_edit_without_words_is_refused(as_: As, alice: User) -> None:
    post = factories.post(author=alice, body="Stays")
    answer = as_(alice).post(f"/posts/{post.pk}/edit/", {"body": "", "marking": "official"})
    assert answer.status_code == 422
    assert Post.objects.get().body == "Stays"


def test_moderators_remove_with_a_reason_and_it_is_on_record(as_: As, alice: User, bob: User, max_: User) -> None:
    post = factories.post(author=alice)
    assert as_(bob).post(f"/posts/{post.pk}/hide/", {"reason": "I disagree"}).status_code == 403
    assert as_(max_).post(f"/posts/{post.pk}/hide/", {"reason": ""}).status_code == 422
    assert not AuditEvent.objects.filter(action="post.hidden").exists()
    assert as_(max_).post(f"/posts/{post.pk}/hide/", {"reason": "Personal data"}).status_code == 303
    assert as_(alice).get(f"/posts/{post.pk}/").status_code == 404
    hidden = Post.objects.get()
    assert (hidden.hidden_by, hidden.hidden_reason) == (max_, "Personal data")
    assert AuditEvent.objects.get(action="post.hidden").actor == max_


def test_ones_own_post_is_removed_without_a_reason_or_a_record(as_: As, alice: User) -> None:
    post = factories.post(author=alice)
    assert as_(alice).get(f"/posts/{post.pk}/hide/").status_code == 200
    assert as_(alice).post(f"/posts/{post.pk}/hide/").status_code == 303
    assert Post.objects.get().hidden_at is not None
    assert not AuditEvent.objects.filter(action="post.hidden").exists()
    assert LiveEvent.objects.filter(kind="post-hidden", post=post).count() == 1


def test_a_suggested_topic_of_a_hidden_community_is_known_to_its_members_alone(alice: User, charlie: User) -> None:
    hidden = factories.community(owner=alice, kind=CommunityKind.HIDDEN)
    factories.post(author=alice, audience=hidden.audience, topics=["Project Plover"])
    assert Topic.objects.visible_to(alice).filter(name="Project Plover").exists()
    assert not Topic.objects.visible_to(charlie).filter(name="Project Plover").exists()


def test_changed_rights_are_in_the_live_log(alice: User, bob: User) -> None:
    LiveEvent.objects.all().delete()
    rights_changed.send(sender=User, user_ids=[alice.pk, bob.pk])
    rights_changed.send(sender=User, user_ids=None)
    assert [event.user_id for event in LiveEvent.objects.order_by("pk")] == [alice.pk, bob.pk, None]
