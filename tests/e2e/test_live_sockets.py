"""The live socket, from outside: who may listen, and what arrives."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from feeds.actions import comments, follows, posts, reactions
from feeds.models import LiveEvent, LiveEventKind, Post
from intranet.lib.numbered import number_rows
from profiles.actions import memberships
from profiles.models import CommunityKind, Department, User
from tests import factories
from tests.e2e.conftest import Server, sign_in_cookie
from tests.e2e.live_socket import PROMISED, LiveSocket, in_time, kinds, refused

RIGHTS_CHANGED = 4403
OpenSocket = Callable[..., LiveSocket]


# Who may listen


def test_it_refuses_visitors_and_unknown_sessions(server: Server) -> None:
    assert refused(server, "") == 403
    assert refused(server, "nobodys-session-key") == 403


@pytest.mark.parametrize("origin", [None, "https://elsewhere.example", "null", "http://127.0.0.1.elsewhere.example"])
def test_it_refuses_pages_of_other_sites(server: Server, alice: User, origin: str | None) -> None:
    assert refused(server, sign_in_cookie(alice), origin) == 403


def test_it_refuses_who_has_not_accepted_the_code_of_conduct(server: Server, alice: User) -> None:
    cookie = sign_in_cookie(alice)
    LiveSocket(server.url, cookie).close()
    User.objects.filter(pk=alice.pk).update(conduct_accepted_at=None)
    assert refused(server, cookie) == 403


def test_it_refuses_the_suspended(server: Server, alice: User) -> None:
    cookie = sign_in_cookie(alice)
    memberships.suspend(user=alice, by=None)
    assert refused(server, cookie) == 403


# What arrives


def test_a_post_sent_by_form_arrives(open_socket: OpenSocket, alice: User, bob: User) -> None:
    listening = open_socket(bob, "everyone")
    sender = Client()
    sender.force_login(alice)
    everyone = factories.everyone()
    answer = sender.post(
        "/posts/",
        {
            "body": "Tea is **ready**",
            "kind": "update",
            "audience": everyone.pk,
            "marking": "official",
            "idempotency_key": uuid4(),
        },
    )
    assert answer.status_code == 303, answer.content.decode()
    news = listening.hear()
    post = Post.objects.get()
    assert (news["type"], news["kind"], news["post"]) == ("event", "post-created", post.pk)
    assert "Tea is <strong>ready</strong>" in news["html"]


def test_news_arrive_within_a_second(open_socket: OpenSocket, alice: User, bob: User) -> None:
    listening = open_socket(bob, "everyone")
    came = []
    for _ in range(5):
        factories.post(author=alice)
        came.append(in_time(listening.hear))
    # One of five may meet a machine that does something else
    assert came.count(True) >= 4


def test_a_comment_is_one_in_its_thread_and_a_new_count_elsewhere(
    open_socket: OpenSocket, alice: User, bob: User
) -> None:
    post = factories.post(author=alice)
    thread, feed = open_socket(bob, f"post/{post.pk}"), open_socket(bob, "everyone")
    first = factories.comment(post=post, author=alice, body="Words of a comment")
    news = thread.hear()
    assert (news["kind"], news["comment"], news["parent"]) == ("comment-created", first.pk, None)
    assert "Words of a comment" in news["html"]
    assert kinds([feed.hear()]) == [("post-changed", post.pk)]
    reply = factories.comment(post=post, author=alice, parent=first)
    assert (thread.hear()["parent"], feed.hear()["kind"]) == (first.pk, "post-changed")
    comments.hide(comment=reply, by=alice)
    hidden = thread.hear()
    assert hidden["kind"] == "comment-changed"
    assert reply.body not in hidden["html"]


def test_edits_reactions_and_removals_arrive(open_socket: OpenSocket, alice: User, bob: User) -> None:
    post = factories.post(author=alice, body="Before")
    listening = open_socket(bob, "everyone")
    posts.edit(post=post, body="Afterwards", by=alice)
    assert "Afterwards" in listening.hear()["html"]
    reactions.react(post=post, kind="thanks", by=bob)
    assert kinds([listening.hear()]) == [("post-changed", post.pk)]
    posts.hide(post=post, by=alice)
    last = listening.hear()
    assert kinds([last]) == [("post-hidden", post.pk)]
    assert "html" not in last


def test_each_stream_hears_what_is_its_own(
    open_socket: OpenSocket, alice: User, bob: User, charlie: User, treasury: Department, health: Department
) -> None:
    topic = factories.topic("Buses")
    group = factories.community("Cyclists", owner=alice)
    follows.follow(target=charlie, by=bob)
    names = [
        "everyone",
        "following",
        "department",
        f"department/{treasury.pk}",
        f"department/{health.pk}",
        f"community/{group.pk}",
        f"topic/{topic.pk}",
        f"person/{alice.pk}",
        f"person/{charlie.pk}",
    ]
    sockets = {name: open_socket(bob, name) for name in names}
    sent = {
        "from alice": factories.post(author=alice).pk,
        "from charlie": factories.post(author=charlie).pk,
        "to the treasury": factories.post(author=alice, audience=treasury.audience).pk,
        "to the community": factories.post(author=alice, audience=group.audience).pk,
        "on buses": factories.post(author=charlie, topics=["Buses"]).pk,
    }
    words = {pk: name for name, pk in sent.items()}
    time.sleep(PROMISED)
    heard = {name: [words[post] for _, post in kinds(opened.told(0))] for name, opened in sockets.items()}
    assert heard["everyone"] == list(sent)
    assert heard["following"] == ["from charlie", "on buses"]
    assert heard["department"] == ["from alice", "to the treasury", "to the community"]
    assert heard[f"department/{treasury.pk}"] == ["from alice", "to the treasury", "to the community"]
    assert heard[f"department/{health.pk}"] == ["from charlie", "on buses"]
    assert heard[f"community/{group.pk}"] == ["to the community"]
    assert heard[f"topic/{topic.pk}"] == ["on buses"]
    assert heard[f"person/{alice.pk}"] == ["from alice", "to the treasury", "to the community"]
    assert heard[f"person/{charlie.pk}"] == ["from charlie", "on buses"]


def test_what_is_said_to_a_department_never_reaches_others(
    open_socket: OpenSocket, alice: User, bob: User, charlie: User, treasury: Department
) -> None:
    before = number_rows(LiveEvent)
    inside = factories.post(author=alice, audience=treasury.audience)
    names = ["everyone", f"department/{treasury.pk}", f"person/{alice.pk}", f"post/{inside.pk}"]
    outsiders = [open_socket(charlie, name, before) for name in names]
    colleague = open_socket(bob, "everyone", before)
    another = factories.post(author=alice, audience=treasury.audience)
    factories.comment(post=another, author=bob)
    posts.hide(post=inside, by=alice)
    assert kinds(colleague.caught_up) == [("post-created", inside.pk)]
    assert kinds(colleague.told()) == [
        ("post-created", another.pk),
        ("post-changed", another.pk),
        ("post-hidden", inside.pk),
    ]
    for outsider in outsiders:
        assert outsider.caught_up + outsider.told(0) == []


def test_a_hidden_community_sounds_like_an_absent_one(
    open_socket: OpenSocket, alice: User, bob: User, charlie: User
) -> None:
    group = factories.community("Reorganisation", owner=alice, kind=CommunityKind.HIDDEN, members=(bob,))
    absent = group.pk + 1000
    before = number_rows(LiveEvent)
    first = factories.post(author=alice, audience=group.audience)
    sockets = [open_socket(charlie, f"community/{pk}", before) for pk in (group.pk, absent)]
    member = open_socket(bob, f"community/{group.pk}", before)
    second = factories.post(author=alice, audience=group.audience)
    assert kinds(member.caught_up + member.told()) == [("post-created", first.pk), ("post-created", second.pk)]
    hidden, unknown = [(opened.caught_up, opened.told(0), opened.at) for opened in sockets]
    assert hidden == unknown == ([], [], number_rows(LiveEvent))


# Other processes, and Redis


def test_what_another_process_writes_without_a_nudge_arrives(open_socket: OpenSocket, alice: User, bob: User) -> None:
    post = factories.post(author=alice)
    listening = open_socket(bob, "everyone")
    LiveEvent.objects.create(kind=LiveEventKind.POST_CHANGED, post=post)
    assert kinds([listening.hear()]) == [("post-changed", post.pk)]


def test_two_server_processes_tell_the_same(
    open_socket: OpenSocket, another_server: Callable[..., Server], alice: User, bob: User
) -> None:
    second = another_server()
    here, there = open_socket(bob, "everyone"), open_socket(bob, "everyone", to=second)
    post = factories.post(author=alice)
    assert kinds([here.hear(), there.hear()]) == [("post-created", post.pk)] * 2


def test_a_dead_redis_loses_nothing(
    open_socket: OpenSocket, another_server: Callable[..., Server], alice: User, bob: User
) -> None:
    deaf = another_server(environment={"REDIS_URL": "redis://127.0.0.1:1/0"})
    listening = open_socket(bob, "everyone", to=deaf)
    post = factories.post(author=alice)
    assert kinds([listening.hear()]) == [("post-created", post.pk)]
    memberships.suspend(user=bob, by=None)
    assert listening.closed_with() == RIGHTS_CHANGED
