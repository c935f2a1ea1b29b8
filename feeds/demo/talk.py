"""Loads what the demonstration's people wrote: articles, posts, threads, reactions, follows."""

from __future__ import annotations

import datetime
import random
from pathlib import Path

import yaml

from feeds.actions import comments, posts
from feeds.demo import catalogue
from feeds.demo.people import DemoPerson
from feeds.demo.places import Cast, key_for
from feeds.models import Comment, Follow, Notification, NotificationKind, Post, Reaction, ReactionKind
from intranet.lib.dates import add_months
from knowledge.actions import articles
from knowledge.actions.content import Content
from knowledge.models import Article
from profiles.actions import communities as community_actions
from profiles.audience import readers_of
from profiles.models import Audience, Community, Department, Expertise, User

ARTICLES = Path(__file__).parent / "articles"
# The oldest post is half a year old, the newest an hour
SPAN = datetime.timedelta(days=180)
NEWEST = datetime.timedelta(hours=1)


def load_articles(cast: Cast, places: dict[str, Department], now: datetime.datetime) -> list[Article]:
    """The articles, published over the last year and a half, some of them due for review."""
    files = sorted(ARTICLES.glob("*.md"))
    everyone = Audience.objects.everyone()
    made = []
    for number, path in enumerate(files):
        rng = random.Random(f"article:{path.stem}")
        _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
        facts = yaml.safe_load(front)
        writer = cast.choose(facts["department"], facts["profession"], rng)
        published_at = now - datetime.timedelta(days=12 + number * 13 % 520, hours=rng.randrange(1, 9))
        content = Content(
            title=facts["title"],
            body=body.strip(),
            audience=everyone,
            owner=writer,
            summary=facts["summary"],
            kind=facts["kind"],
            topics=tuple(facts["topics"]),
            department=places[facts["department"]],
            review_on=add_months(published_at.date(), facts["review_months"]),
        )
        key = key_for("article", path.stem)
        made.append(
            articles.write(
                content=content, by=writer, publish=True, key=key, published_at=published_at, slug=path.stem
            )[0]
        )
        Article.objects.filter(pk=made[-1].pk).update(created_at=published_at)
    return made


class Talk:
    """Loads posts with their threads, at times that run up to `now`."""

    def __init__(self, cast: Cast, groups: dict[str, Community], now: datetime.datetime) -> None:
        self.cast, self.groups, self.now = cast, groups, now
        self.everyone = Audience.objects.everyone()

    def load(self, most: int | None = None) -> list[Post]:
        """Posts of the catalogue, `most` of them or all, shuffled over time in one fixed order."""
        entries = catalogue.posts()
        random.Random("posts").shuffle(entries)
        entries = entries[:most]
        step = SPAN / len(entries)
        return [
            self._post(entry, number, self.now - NEWEST - SPAN + step * (number + 1))
            for number, entry in enumerate(entries)
        ]

    def _post(self, entry: catalogue.DemoPost, number: int, at: datetime.datetime) -> Post:
        rng = random.Random(f"post:{number}")
        author = self.cast.choose(entry.department, entry.profession, rng)
        audience = self._audience(entry, author)
        post, _ = posts.post(
            body=entry.text,
            audience=audience,
            kind=entry.kind,
            topics=list(entry.topics),
            key=key_for("post", str(number)),
            by=author,
        )
        Post.objects.filter(pk=post.pk).update(created_at=at)
        voices: dict[tuple[str, str], User] = {}
        for place, said in enumerate(entry.comments):
            at = self._comment(post, said, None, author, voices, rng, at, f"{number}/{place}")
        return post

    def _audience(self, entry: catalogue.DemoPost, author: User) -> Audience:
        kind, _, slug = entry.to.partition("/")
        if kind == "community":
            self._let_in(self.groups[slug], author)
            return Audience.objects.get(community=self.groups[slug])
        if kind == "department":
            return Audience.objects.get(department__slug=entry.department)
        return self.everyone

    def _comment(
        self,
        post: Post,
        said: catalogue.DemoComment,
        parent: Comment | None,
        author: User,
        voices: dict[tuple[str, str], User],
        rng: random.Random,
        at: datetime.datetime,
        name: str,
    ) -> datetime.datetime:
        """One comment and its replies; the time of the last of them."""
        pair = (said.department, said.profession)
        by = self._speaker(pair, parent, post, author, voices, rng)
        community = post.audience.community
        if community:
            self._let_in(community, by)
        at = min(at + datetime.timedelta(minutes=rng.randrange(4, 200)), self.now - datetime.timedelta(minutes=5))
        comment, _ = comments.comment(post=post, body=said.text, parent=parent, key=key_for("comment", name), by=by)
        Comment.objects.filter(pk=comment.pk).update(created_at=at)
        for place, reply in enumerate(said.replies):
            at = self._comment(post, reply, comment, author, voices, rng, at, f"{name}/{place}")
        if said.answer:
            posts.accept_answer(post=post, comment=comment, by=author)
        return at

    def _speaker(
        self,
        pair: tuple[str, str],
        parent: Comment | None,
        post: Post,
        author: User,
        voices: dict[tuple[str, str], User],
        rng: random.Random,
    ) -> User:
        """The author answers in replies under their own post; elsewhere a pair stays one person in a thread."""
        is_authors = author in self.cast.named(*pair)
        if parent and is_authors:
            return author
        if pair not in voices:
            voices[pair] = self.cast.choose(*pair, rng, other_than=author)
        return voices[pair]

    def _let_in(self, community: Community, person: User) -> None:
        owner = community.created_by
        if owner and not community.memberships.current().filter(user=person).exists():
            community_actions.add(community=community, user=person, by=owner)


def load_reactions(made: list[Post], people: list[User]) -> None:
    """A few kind words on most posts, from people who may see them."""
    readers: dict[int, set[int]] = {}
    rows = []
    for number, post in enumerate(made):
        if post.audience_id not in readers:
            readers[post.audience_id] = set(readers_of(post.audience_id).values_list("pk", flat=True))
        rng = random.Random(f"reactions:{number}")
        kind_words = [
            Reaction(post=post, user=person, kind=rng.choice(ReactionKind.values))
            for person in rng.sample(people, rng.choice((0, 0, 1, 2, 3, 4, 6)))
            # Whoever cannot see the post has nothing to say about it
            if person.pk in readers[post.audience_id]
        ]
        post.reaction_count = len(kind_words)
        rows += kind_words
    Reaction.objects.bulk_create(rows, batch_size=500)
    Post.objects.bulk_update(made, ["reaction_count"], batch_size=500)


def load_follows(entries: list[DemoPerson], people: list[User]) -> None:
    """Everybody follows topics they know and a few colleagues; the named accounts their department too."""
    known: dict[int, list[Expertise]] = {}
    for row in Expertise.objects.order_by("pk"):
        known.setdefault(row.user_id, []).append(row)
    rows = []
    for entry, person in zip(entries, people, strict=True):
        rng = random.Random(f"follows:{person.email}")
        rows += [Follow(user=person, topic_id=row.topic_id) for row in known.get(person.pk, ())[:3]]
        colleagues = rng.sample(people, rng.randrange(1, 4))
        rows += [Follow(user=person, person=other) for other in colleagues if other != person]
        if entry.account:
            rows.append(Follow(user=person, department_id=person.main_department_id))
    Follow.objects.bulk_create(rows, batch_size=500)
    Notification.objects.bulk_create(
        Notification(kind=NotificationKind.FOLLOWER, recipient=row.person, actor=row.user) for row in rows if row.person
    )
