"""Every address about what people write: what it is about, who may know of that, and who may do it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from django.urls import reverse

from feeds.models import Notification, Post
from feeds.streams import ALONE
from knowledge.models import Article
from profiles.audience import Marking
from profiles.models import User
from tests.visibility.address import (
    BOTH,
    CURATORS,
    MANAGERS,
    MODERATORS,
    ONE_OF_EACH,
    WRITE_ONLY,
    Address,
    about,
)
from tests.visibility.cast import (
    ABSENT_ID,
    ABSENT_WORD,
    AUDIENCES,
    COMMUNITIES,
    EVERYBODY,
    FULLY,
    NOBODY,
    READERS,
    WRITERS,
    World,
)
from tests.visibility.places import communities, departments, follows, people, topics


def addresses(world: World) -> list[Address]:
    """Every address there is to try, in the world as it was made."""
    found = [*_streams(world), *people(world), *departments(world), *follows(world)]
    for name in AUDIENCES:
        said = [*_articles(world, name), *_posts(world, name), *_comments(world, name), *topics(world, name)]
        found += said if name in FULLY else [address for address in said if address.name in ONE_OF_EACH]
    for name in COMMUNITIES:
        found += communities(world, name)
    return [*found, *_special(world), *_notifications(world)]


# Knowledge


def _articles(world: World, name: str) -> Iterator[Address]:
    said = world.said[name]
    words = [world.known(f"{name} {part}") for part in ("title", "summary", "body", "article handling", "topic")]
    yield from article_addresses(
        said.article,
        READERS[name],
        page=(*words, world.known(f"{name} article comment")),
        form=tuple(words),
        history=(world.known(f"{name} note"), words[0]),
        changes=(world.known(f"{name} old body"), words[2]),
        old=(world.known(f"{name} old body"), words[0]),
    )


def article_addresses(
    article: Article,
    readers: frozenset[str],
    *,
    page: tuple[str, ...] = (),
    form: tuple[str, ...] = (),
    history: tuple[str, ...] = (),
    changes: tuple[str, ...] = (),
    old: tuple[str, ...] = (),
    own: frozenset[str] = frozenset({"author"}),
) -> Iterator[Address]:
    """All the addresses of one article."""
    slug, nothing, edition = article.slug, f"{ABSENT_WORD}-nothing", article.edition
    editors = own | CURATORS | (MANAGERS if article.department_id else NOBODY)
    withdrawers = own | {"site_admin"} | (MANAGERS if article.department_id else NOBODY)
    text = {
        "title": article.title,
        "kind": article.kind,
        "body": "Another text",
        "marking": Marking.OFFICIAL,
        "edition": edition,
        "audience": article.audience_id,
        "owner": article.owner.email,
    }
    many = {"readers": readers}
    yield about("article", [slug], [nothing], shows=page, **many)
    yield about("article_edit", [slug], [nothing], allowed=editors, methods=BOTH, data=text, shows=form, **many)
    yield about("article_history", [slug], [nothing], shows=history, **many)
    both = about("article_history", [slug], [nothing], shows=changes, **many)
    if changes:
        query = "?old=1&new=2"
        yield Address(both.name, both.url + query, both.absent + query, shows=changes, **many)
        yield about("article_revision", [slug, 1], [nothing, 1], shows=old, **many)
        yield about("article_revision", [slug, 2], [nothing, 2], shows=changes, **many)
        yield about(
            "article_restore",
            [slug, 1],
            [nothing, 1],
            allowed=editors,
            methods=WRITE_ONLY,
            data={"edition": edition},
            **many,
        )
    yield about(
        "article_withdraw", [slug], [nothing], allowed=withdrawers, methods=BOTH, data={"reason": "Old"}, **many
    )
    yield about("article_reinstate", [slug], [nothing], allowed=withdrawers, methods=WRITE_ONLY, **many)


# The feed


def _posts(world: World, name: str) -> Iterator[Address]:
    said = world.said[name]
    topic, handling = world.known(f"{name} topic"), world.known(f"{name} post handling")
    on_article = (world.known(f"{name} title"), world.known(f"{name} summary"), topic)
    body, question = world.known(f"{name} post"), world.known(f"{name} question")
    thread = (world.known(f"{name} comment"), world.known(f"{name} reply"))
    answer = world.known(f"{name} answer")
    yield from post_addresses(said.post, name, item=(body, handling, topic), thread=thread)
    many: dict[str, Any] = {"readers": READERS[name]}
    yield about("post", [said.question.pk], [ABSENT_ID], shows=(question, topic, answer), **many)
    article_thread = (world.known(f"{name} article comment"),)
    if name == "everyone":
        yield from post_addresses(said.article_post, name, item=on_article, thread=article_thread, own=NOBODY)
    yield about("post", [said.article_post.pk], [ABSENT_ID], shows=(*on_article, *article_thread), **many)
    yield about(
        "accept_answer",
        [said.question.pk, said.answer.pk],
        [ABSENT_ID, said.answer.pk],
        readers=READERS[name],
        allowed=frozenset({"author"}),
        methods=WRITE_ONLY,
        data={"off": "1"},
    )


def post_addresses(
    post: Post,
    name: str,
    *,
    item: tuple[str, ...] = (),
    thread: tuple[str, ...] = (),
    own: frozenset[str] = frozenset({"author"}),
    readers: frozenset[str] | None = None,
) -> Iterator[Address]:
    """All the addresses of one post to the audience called `name`; an article's own post has no `own` people."""
    many: dict[str, Any] = {"readers": READERS[name] if readers is None else readers}
    here, nothing = [post.pk], [ABSENT_ID]
    text = {"body": "Another text", "marking": Marking.OFFICIAL}
    hiders = own | MODERATORS
    yield about("post", here, nothing, shows=(*item, *thread), **many)
    yield about("post_item", here, nothing, shows=item, **many)
    yield about("post_edit", here, nothing, allowed=own, methods=BOTH, data=text, shows=item if own else (), **many)
    yield about(
        "post_hide",
        here,
        nothing,
        allowed=hiders if own else hiders | {"author"},
        senders=None if own else NOBODY,
        methods=BOTH,
        data={"reason": "Rude"},
        **many,
    )
    yield about("react", here, nothing, methods=WRITE_ONLY, data={"kind": "agree"}, **many)
    yield about(
        "comment_new",
        here,
        nothing,
        allowed=WRITERS[name],
        methods=WRITE_ONLY,
        data={"body": "I agree", "idempotency_key": str(uuid4())},
        **many,
    )


def _comments(world: World, name: str) -> Iterator[Address]:
    said = world.said[name]
    yield from comment_addresses(said.comment.pk, READERS[name], said.comment.author, world, f"{name} comment")
    shows = tuple(world.known(f"{name} {part}") for part in ("comment", "reply"))
    yield about("comment_replies", [said.comment.pk], [ABSENT_ID], shows=shows, readers=READERS[name])
    yield about("comment_replies", [said.reply.pk], [ABSENT_ID], readers=NOBODY)


def comment_addresses(
    pk: int, readers: frozenset[str], author: User, world: World, label: str = ""
) -> Iterator[Address]:
    """All the addresses of one comment."""
    own = frozenset(persona for persona, person in world.people.items() if person == author)
    shows = (world.known(label),) if label else ()
    many: dict[str, Any] = {"readers": readers}
    here, nothing = [pk], [ABSENT_ID]
    yield about("comment_item", here, nothing, shows=shows, **many)
    yield about("comment_reply", here, nothing, **many)
    yield about("comment_edit", here, nothing, allowed=own, methods=BOTH, data={"body": "Anew"}, shows=shows, **many)
    yield about("comment_hide", here, nothing, allowed=own | MODERATORS, methods=BOTH, data={"reason": "Rude"}, **many)


def _streams(world: World) -> Iterator[Address]:
    base = reverse("live_poll")
    for kind in sorted(ALONE):
        yield Address("live_poll", f"{base}?stream={kind}&after=0", shows=tuple(_posted(world)) * (kind == "everyone"))
    named = [f"department/{row.pk}" for row in world.departments.values()]
    named += [f"person/{world.user(name).pk}" for name in ("author", "former", "suspended")]
    for stream in named:
        yield Address("live_poll", f"{base}?stream={stream}&after=0")
    for name in AUDIENCES:
        said = world.said[name]
        streams = {
            f"topic/{said.topic.pk}": (f"{name} post", f"{name} question", f"{name} title"),
            f"post/{said.post.pk}": (f"{name} post", f"{name} comment", f"{name} reply"),
            f"post/{said.article_post.pk}": (f"{name} title", f"{name} article comment"),
        }
        if name in COMMUNITIES:
            streams[f"community/{world.communities[name].pk}"] = (f"{name} post", f"{name} question")
        for stream, labels in streams.items():
            yield _stream(stream, READERS[name], tuple(world.known(label) for label in labels))
    for post in (world.hidden_post, world.withdrawn_post):
        # Its readers are told that it is gone
        yield Address("live_poll", f"{base}?stream=post/{post.pk}&after=0")


def _stream(stream: str, readers: frozenset[str], shows: tuple[str, ...]) -> Address:
    base, kind = reverse("live_poll"), stream.split("/")[0]
    ends = "&after=0"
    nothing = f"{base}?stream={kind}/{ABSENT_ID}{ends}"
    return Address("live_poll", f"{base}?stream={stream}{ends}", nothing, readers=readers, shows=shows)


def _posted(world: World) -> list[str]:
    return [world.known(f"{name} {part}") for name in AUDIENCES for part in ("post", "question", "title")]


def _notifications(world: World) -> Iterator[Address]:
    told = tuple(world.known(f"{name} {part}") for name in AUDIENCES for part in ("comment", "article comment"))
    yield Address("notifications", reverse("notifications"), shows=told, shown_to=frozenset({"author"}))
    joined = frozenset({"member", "author"})
    yield Address("notifications", reverse("notifications"), shows=(world.known("hidden name"),), shown_to=joined)
    yield Address("notifications_read", reverse("notifications_read"), methods=WRITE_ONLY, data={"upto": 1})
    # Of each person's, the first about each audience; who lost the right to it reads it no more
    names = {person.pk: persona for persona, person in world.people.items()}
    audiences = {said.audience.pk: name for name, said in world.said.items()}
    seen = set()
    for row in Notification.objects.filter(post__hidden_at=None).select_related("post").order_by("pk"):
        about_what = (row.recipient_id, row.post and row.post.audience_id)
        if row.post and row.post != world.withdrawn_post and about_what not in seen:
            seen.add(about_what)
            own = READERS[audiences[row.post.audience_id]] & {names[row.recipient_id]}
            yield about("notification_read", [row.pk], [ABSENT_ID], readers=own, methods=WRITE_ONLY)


def _special(world: World) -> Iterator[Address]:
    """What is not published, no longer published, hidden, or of people who lost the right to it."""
    draft = tuple(world.known(f"draft {part}") for part in ("title", "body", "summary", "handling"))
    yield from article_addresses(world.draft, frozenset({"author"}), page=draft, form=draft)
    withdrawn = tuple(world.known(f"withdrawn {part}") for part in ("title", "body", "reason"))
    yield from article_addresses(world.withdrawn, EVERYBODY, page=withdrawn)
    former = frozenset({"former"})
    words = (world.known("former title"), world.known("former body"))
    yield from article_addresses(world.former_article, READERS["department"], page=words, own=former)
    yield from article_addresses(world.former_draft, NOBODY)
    for name, post in world.former_posts.items():
        yield from post_addresses(post, name, item=(world.known(f"former post to {name}"),), own=former)
    for post, comment in (
        (world.hidden_post, world.hidden_post_comment),
        (world.withdrawn_post, world.withdrawn_post.comments.get()),
        (None, world.hidden_comment),
    ):
        if post:
            yield from post_addresses(post, "everyone", readers=NOBODY)
        # A comment that was removed keeps its place
        place = NOBODY if post else EVERYBODY
        yield about("comment_replies", [comment.pk], [ABSENT_ID], readers=place)
        yield from comment_addresses(comment.pk, NOBODY, comment.author, world)
