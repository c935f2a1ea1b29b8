"""How people come to see less than a moment ago: each way, who loses, and the words they lose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from feeds.actions import comments, posts
from feeds.models import Comment, Post
from knowledge.actions import articles
from knowledge.actions.content import Content
from knowledge.models import Article
from profiles.actions import communities, departments, memberships
from profiles.models import Community, Department, User
from tests.visibility.cast import READERS, World

# What is said in an audience, by the labels of its words
SAID = ("title", "summary", "body", "old body", "note", "article comment", "article handling", "topic", "alias")
SAID += ("post", "post handling", "comment", "reply", "question", "answer")
ARTICLE = ("title", "summary", "body", "old body", "note", "article comment", "article handling")


@dataclass(frozen=True)
class Loss:
    """One way to lose.

    Attributes:
        act: does it, through the action of the service.
        loser: one of those who lose.
        labels: whose words are lost.
        documents: how many things fewer the loser's search finds.
        until_indexed: how many more until the index follows.
        keeper: somebody who sees these words before and after, if anybody does.
    """

    name: str
    act: Callable[[World], None]
    loser: str
    labels: tuple[str, ...]
    documents: int
    keeper: str = ""
    until_indexed: int = 0

    def __str__(self) -> str:
        return self.name


def _user(world: World, persona: str) -> User:
    return User.objects.get(pk=world.user(persona).pk)


def _article(world: World, name: str) -> Article:
    return Article.objects.get(pk=world.said[name].article.pk)


def _leave(world: World) -> None:
    memberships.leave(membership=_user(world, "colleague").memberships.get(), by=None)


def _remove(world: World) -> None:
    hidden = Community.objects.get(pk=world.communities["hidden"].pk)
    communities.remove(community=hidden, user=_user(world, "member"), by=_user(world, "owner"))


def _restrict(name: str, kind: str) -> Callable[[World], None]:
    def act(world: World) -> None:
        community = Community.objects.get(pk=world.communities[name].pk)
        kept = {"name": community.name, "description": community.description, "topics": []}
        communities.change(community=community, kind=kind, by=_user(world, "owner"), **kept)

    return act


def _move_team(world: World) -> None:
    team = Department.objects.get(pk=world.departments["team"].pk)
    departments.move(department=team, parents=[Department.objects.get(pk=world.departments["health"].pk)], by=None)


def _hide_post(world: World) -> None:
    posts.hide(post=Post.objects.get(pk=world.said["everyone"].post.pk), by=_user(world, "moderator"), reason="Rude")


def _hide_comment(world: World) -> None:
    comment = Comment.objects.get(pk=world.said["everyone"].comment.pk)
    comments.hide(comment=comment, by=_user(world, "moderator"), reason="Rude")


def _narrow_article(world: World) -> None:
    article = _article(world, "everyone")
    content = Content.of(article, audience=world.said["hidden"].audience)
    articles.edit(article=article, content=content, edition=article.edition, by=_user(world, "author"))


def _withdraw(world: World) -> None:
    articles.withdraw(article=_article(world, "department"), reason="Old", by=_user(world, "author"))


def _of(name: str, parts: tuple[str, ...] = SAID) -> tuple[str, ...]:
    return tuple(f"{name} {part}" for part in parts)


FORMER_DEPARTMENT = ("former title", "former body", "former post to department", "comment for former in department")
FORMER_HIDDEN = ("former post to hidden", "comment for former in hidden")
# Each audience holds an article, a post, a question and a topic; and what the former colleague left there
LOSSES = (
    Loss("a membership ends", _leave, "colleague", (*_of("department"), *FORMER_DEPARTMENT), 6, "teammate"),
    Loss(
        "a member is removed",
        _remove,
        "member",
        (*_of("hidden"), *FORMER_HIDDEN, "hidden name", "hidden description"),
        6,
        "owner",
    ),
    Loss("an open community becomes closed", _restrict("open", "closed"), "outsider", _of("open"), 4, "owner"),
    Loss(
        "an open community becomes hidden",
        _restrict("open", "hidden"),
        "outsider",
        (*_of("open"), "open description"),
        5,
        "owner",
    ),
    Loss(
        "a closed community becomes hidden",
        _restrict("closed", "hidden"),
        "outsider",
        ("closed description",),
        1,
        "member",
    ),
    Loss(
        "a team moves away",
        _move_team,
        "teammate",
        (*_of("department"), *FORMER_DEPARTMENT),
        6,
        "colleague",
    ),
    Loss(
        "a post is hidden", _hide_post, "colleague", _of("everyone", ("post", "post handling", "comment", "reply")), 1
    ),
    Loss("a comment is hidden", _hide_comment, "colleague", ("everyone comment",), 0, until_indexed=1),
    Loss("an article moves to fewer readers", _narrow_article, "outsider", _of("everyone", ARTICLE), 1, "member"),
    Loss("an article is withdrawn", _withdraw, "colleague", ("department article comment",), 1),
)
assert all(loss.keeper in READERS["everyone"] | {""} for loss in LOSSES)
