"""The rule itself, asked from both sides, agrees with what is written down by hand."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser

from feeds.models import Comment, Post
from feeds.streams import who_see
from knowledge.models import Article
from profiles.audience import audiences_for, readers_of, writable_by
from profiles.models import Audience, Community, Department, Topic, User
from tests.visibility.cast import AUDIENCES, COMMUNITIES, NOBODY, PEOPLE, PERSONAS, READERS, WRITERS, World

# The rule says nothing of the code of conduct, which stands before every page: a newcomer is a colleague
AS = {"newcomer": "colleague"}


def _may(table: dict[str, frozenset[str]], persona: str, name: str) -> bool:
    return AS.get(persona, persona) in table[name]


def test_who_is_in_which_audience_is_the_same_from_both_sides(world: World) -> None:
    for persona in PERSONAS[1:]:
        person = world.user(persona)
        reads, writes = set(audiences_for(person)), set(writable_by(person))
        for name in AUDIENCES:
            audience = world.said[name].audience
            expected = _may(READERS, persona, name)
            assert (audience in reads) is expected, (persona, name)
            assert readers_of(audience.pk).filter(pk=person.pk).exists() is expected, (persona, name)
            assert (audience in writes) is _may(WRITERS, persona, name), (persona, name)
            assert bool(who_see(world.said[name].post, [person.pk])) is expected, (persona, name)


def test_both_sides_agree_on_every_audience_there_is(world: World) -> None:
    people = list(User.objects.all())
    forwards = {(person.pk, audience.pk) for person in people for audience in audiences_for(person)}
    audiences = Audience.objects.all()
    backwards = {(person.pk, audience.pk) for audience in audiences for person in readers_of(audience.pk)}
    assert forwards == backwards
    assert {pk for pk, _ in forwards} == {person.pk for person in people if person.is_active}


def test_an_audience_that_is_not_there_has_no_readers() -> None:
    assert not readers_of(0).exists()


def test_each_thing_is_visible_to_the_readers_of_its_audience_alone(world: World) -> None:
    for persona in PERSONAS[1:]:
        person = world.user(persona)
        for name in AUDIENCES:
            said, expected = world.said[name], _may(READERS, persona, name)
            for row in (
                said.article,
                said.article_post,
                said.post,
                said.question,
                said.comment,
                said.reply,
                said.topic,
            ):
                assert type(row).objects.visible_to(person).filter(pk=row.pk).exists() is expected, (persona, name, row)
        for name in COMMUNITIES:
            expected = persona != "suspended" if name != "hidden" else _may(READERS, persona, name)
            known = Community.objects.visible_to(person).filter(pk=world.communities[name].pk).exists()
            assert known is expected, (persona, name)


def test_a_suspended_person_sees_nothing_at_all(world: World) -> None:
    suspended = world.user("suspended")
    for model in (Article, Post, Comment, Topic, Community, User, Department):
        assert model.objects.exists()
        assert not model.objects.visible_to(suspended).exists(), model


def test_what_was_hidden_withdrawn_or_never_published_is_visible_to_nobody_else(world: World) -> None:
    for persona in PERSONAS[1:]:
        person = world.user(persona)
        posts = Post.objects.visible_to(person)
        assert not posts.filter(pk__in=[world.hidden_post.pk, world.withdrawn_post.pk]).exists()
        assert not Comment.objects.visible_to(person).filter(pk=world.hidden_post_comment.pk).exists()
        articles = Article.objects.visible_to(person)
        assert articles.filter(pk=world.draft.pk).exists() is (persona == "author")
        assert not articles.filter(pk=world.former_draft.pk).exists()


def test_somebody_not_signed_in_sees_nothing_at_all() -> None:
    nobody = AnonymousUser()
    for model in (Article, Post, Comment, Topic, Community, User, Department):
        assert not model.objects.visible_to(nobody).exists(), model
    assert not audiences_for(nobody).exists()
    assert not writable_by(nobody).exists()


def test_the_table_knows_every_persona() -> None:
    assert frozenset().union(*READERS.values()) == frozenset(PEOPLE) != NOBODY
