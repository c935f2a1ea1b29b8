"""What travels to open pages: everybody listens to everything at once, and each is told what is theirs."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

from feeds.actions import comments, posts
from feeds.live import Frame, frames_for, missed, rights_of
from feeds.models import Comment, LiveEvent, LiveEventKind, Post
from feeds.streams import ALONE, Stream
from intranet.lib.numbered import number_rows
from knowledge.actions import articles
from knowledge.models import Article
from profiles.actions import communities, memberships
from profiles.models import Community, User
from tests.visibility.cast import ABSENT_ID, AUDIENCES, FULLY, PERSONAS, READERS, World

AS = {"newcomer": "colleague"}


@pytest.fixture
def streams(world: World) -> list[Stream]:
    """Every stream there is, and streams of what is not there."""
    names = [*ALONE, f"post/{ABSENT_ID}", f"topic/{ABSENT_ID}", f"community/{ABSENT_ID}"]
    names += [f"department/{row.pk}" for row in world.departments.values()]
    names += [f"community/{row.pk}" for row in world.communities.values()]
    names += [f"person/{world.user(persona).pk}" for persona in ("author", "former", "suspended")]
    for said in world.said.values():
        names += [f"topic/{said.topic.pk}", f"post/{said.post.pk}", f"post/{said.article_post.pk}"]
    names += [f"post/{post.pk}" for post in (world.hidden_post, world.withdrawn_post, *world.former_posts.values())]
    return [Stream.parse(name) for name in names]


@pytest.fixture
def everybody(world: World, streams: list[Stream]) -> dict[Stream, set[int]]:
    """Every person with a page open on every stream."""
    people = {person.pk for person in world.people.values()}
    return {stream: set(people) for stream in streams}


def _personas(world: World) -> dict[int, str]:
    return {person.pk: persona for persona, person in world.people.items()}


def _leaks(world: World, frames: list[Frame]) -> list[str]:
    names = _personas(world)
    return [
        f"{names[pk]} in {frame.stream}: {words}"
        for frame in frames
        for pk in frame.readers
        if (words := world.leaked(frame.message.text, AS.get(names[pk], names[pk])))
    ]


def test_everybody_is_sent_what_is_theirs_and_nothing_else(world: World, everybody: dict[Stream, set[int]]) -> None:
    frames = frames_for(list(LiveEvent.objects.order_by("number")), everybody)
    assert not _leaks(world, frames)
    names, told = _personas(world), defaultdict(set)
    for frame in frames:
        for pk in frame.readers:
            told[names[pk]] |= {word for word in world.secrets if word in frame.message.text}
    for name in AUDIENCES:
        word = world.known(f"{name} post")
        people = {persona for persona in PERSONAS if word in told[persona]}
        assert people - {"newcomer"} == READERS[name]
    assert world.user("suspended").pk not in set().union(*(frame.readers for frame in frames))


def test_who_comes_back_is_told_the_same_as_who_stayed(world: World, everybody: dict[Stream, set[int]]) -> None:
    rows = list(LiveEvent.objects.order_by("number"))
    stayed = defaultdict(list)
    for frame in frames_for(rows, everybody):
        for pk in frame.readers:
            event = json.loads(frame.message.text)
            stayed[pk, frame.stream].append((event["n"], event["kind"], event["post"]))
    for person in (world.user(persona) for persona in ("outsider", "teammate", "former", "member")):
        for stream in everybody:
            back = [(event["n"], event["kind"], event["post"]) for event in missed(person, stream, 0).events]
            # What changed several times is told once, at its last time
            assert set(back) <= set(stayed[person.pk, stream]), (person, stream)
            assert {row[2] for row in back} == {row[2] for row in stayed[person.pk, stream]}, (person, stream)


def test_a_stream_of_what_one_may_not_see_is_as_silent_as_one_of_nothing(world: World) -> None:
    for persona in ("suspended", "newcomer", "outsider", "colleague", "former", "member"):
        person = world.user(persona)
        silence = {kind: missed(person, Stream.parse(f"{kind}/{ABSENT_ID}"), 0) for kind in ("post", "topic")}
        for name in FULLY:
            said = world.said[name]
            may = AS.get(persona, persona) in READERS[name]
            for kind, pk in (("post", said.post.pk), ("topic", said.topic.pk), ("post", said.article_post.pk)):
                heard = missed(person, Stream.parse(f"{kind}/{pk}"), 0)
                assert may or heard == silence[kind]
                assert bool(heard.events) is may, (persona, name, kind)


def test_news_of_what_went_reach_only_who_saw_it(world: World, everybody: dict[Stream, set[int]]) -> None:
    number, moderator, author = number_rows(LiveEvent), world.user("moderator"), world.user("author")
    department = Post.objects.get(pk=world.said["department"].post.pk)
    posts.hide(post=department, by=author)
    articles.withdraw(article=Article.objects.get(pk=world.said["hidden"].article.pk), reason="Old", by=author)
    comments.hide(comment=Comment.objects.get(pk=world.said["everyone"].comment.pk), by=moderator, reason="Rude")
    number_rows(LiveEvent)
    frames = frames_for(list(LiveEvent.objects.filter(number__gt=number).order_by("number")), everybody)
    names = _personas(world)
    for frame in frames:
        event, readers = json.loads(frame.message.text), {names[pk] for pk in frame.readers} - {"newcomer"}
        if event["kind"] == LiveEventKind.POST_HIDDEN:
            assert set(event) == {"type", "n", "kind", "post"}
            assert readers <= READERS["department" if event["post"] == department.pk else "hidden"]
        assert world.known("everyone comment") not in frame.message.text
    assert {json.loads(frame.message.text)["kind"] for frame in frames} >= {
        LiveEventKind.POST_HIDDEN,
        "comment-changed",
    }


def test_whoever_loses_a_right_has_their_sockets_closed(world: World) -> None:
    def told(act: object) -> tuple[set[int], bool]:
        number = number_rows(LiveEvent)
        act()  # type: ignore[operator]
        number_rows(LiveEvent)
        return rights_of(LiveEvent.objects.filter(number__gt=number))

    colleague, member, owner = (User.objects.get(pk=world.user(name).pk) for name in ("colleague", "member", "owner"))
    opened = Community.objects.get(pk=world.communities["open"].pk)
    place = colleague.memberships.get()
    assert told(lambda: memberships.leave(membership=place, by=None)) == ({colleague.pk}, False)
    hidden = world.communities["hidden"]
    assert told(lambda: communities.remove(community=hidden, user=member, by=owner)) == ({member.pk}, False)
    assert told(lambda: memberships.suspend(user=member, by=None)) == ({member.pk}, False)
    kept = {"name": opened.name, "description": "", "topics": []}
    assert told(lambda: communities.change(community=opened, kind="hidden", by=owner, **kept)) == (set(), True)
