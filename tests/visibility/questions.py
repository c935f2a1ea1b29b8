"""Addresses of lists, and those that name something in their query: what the reader asks must tell them nothing."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from tests.visibility.address import BOTH, WRITE_ONLY, Address
from tests.visibility.cast import ABSENT_WORD, AUDIENCES, FULLY, NOBODY, READERS, World


def lists(world: World) -> Iterator[Address]:
    """Every list, as it opens and with the filters that name nothing secret."""
    titles = tuple(world.known(f"{name} title") for name in AUDIENCES)
    topics = tuple(world.known(f"{name} topic") for name in AUDIENCES)
    posted = [world.known(f"{name} {part}") for name in AUDIENCES for part in ("post", "question", "title")]
    for query in ("", "?stream=department", "?stream=following", "?stream=everyone"):
        yield Address("home", f"{reverse('home')}{query}", shows=tuple(posted) if "everyone" in query else ())
    author, treasury = world.user("author").pk, world.departments["treasury"].slug
    for query in ("", f"?person={author}", f"?department={treasury}", "?kind=guidance"):
        yield Address("articles", f"{reverse('articles')}{query}", shows=(*titles, *topics))
    yield Address("articles", f"{reverse('articles')}?drafts=1", shows=(world.known("draft title"),))
    yield Address("articles", f"{reverse('articles')}?person={world.user('former').pk}")
    for query in ("", "?show=all"):
        yield Address("communities", f"{reverse('communities')}{query}", shows=(world.known("hidden name"),))
    yield Address("people", f"{reverse('people')}?department={treasury}")
    yield Address("departments", f"{reverse('departments')}?q=treasury")
    yield Address("topics", f"{reverse('topics')}?show=suggested")
    yield Address("topic_suggestions", f"{reverse('topic_suggestions')}?q=zq")
    yield Address("search", f"{reverse('search')}?q=zq*&kind=topic", shows=topics)
    yield Address("search", f"{reverse('search')}?q=persona")
    for name in ("people", "topics", "departments", "search"):
        yield Address(name, reverse(name))
    yield Address("person", reverse("person", args=[world.user("former").pk]))
    for name in ("post_new", "article_new", "community_new"):
        yield Address(name, reverse(name), methods=BOTH)
    yield Address("suggestions", reverse("suggestions"))
    yield Address("article_preview", reverse("article_preview"), methods=WRITE_ONLY, data={"body": "**Words**"})


def asking(name: str, query: str, word: str, readers: frozenset[str], **more: tuple[str, ...]) -> Address:
    """An address with a word in its query, beside the same one with a word that nobody wrote."""
    base = f"{reverse(name)}?{query}="
    swap = (word, ABSENT_WORD)
    return Address(name, base + word, base + ABSENT_WORD, readers=readers, swap=swap, **more)  # type: ignore[arg-type]


def questions(world: World) -> Iterator[Address]:
    """Every address that names something in its query, once for each audience."""
    for name in AUDIENCES:
        readers, title = READERS[name], world.known(f"{name} title")
        yield asking("search", "q", title, readers, shows=(title,))
        yield asking("article_similar", "title", title, readers, shows=(title,))
        topic = world.known(f"{name} topic")
        yield asking("topic_suggestions", "q", topic, readers, shows=(topic,))
    for name in FULLY:
        readers, title, topic = READERS[name], world.known(f"{name} title"), world.known(f"{name} topic")
        comment, alias = world.known(f"{name} comment"), world.known(f"{name} alias")
        yield asking("search", "q", comment, readers, shows=(comment,))
        yield asking("search", "q", alias, readers, shows=(topic,))
        yield asking("search", "q", world.known(f"{name} old body"), NOBODY)
        yield asking("search", "q=zq*&topic", topic, readers)
        yield asking("articles", "topic", topic, readers, shows=(title,))
        yield asking("people", "topic", topic, readers)
        yield asking("people", "q", topic, NOBODY)
        yield asking("topics", "q", topic, NOBODY)
        yield asking("topic_suggestions", "q", alias, readers, shows=(topic,))
        slug = reverse("topic", args=[world.said[name].alias.slug])
        yield Address("topic", slug, reverse("topic", args=[ABSENT_WORD]), readers=readers, follows=True)
    hidden = world.known("hidden name")
    for address in ("communities", "search"):
        yield asking(address, "q", hidden, READERS["hidden"], shows=(hidden,))
    yield asking("communities", "q", world.known("hidden description"), READERS["hidden"], shows=(hidden,))
    for label in ("draft title", "withdrawn title", "withdrawn body", "post taken back", "comment taken back"):
        yield asking("search", "q", world.known(label), NOBODY)
    yield asking("article_similar", "title", world.known("withdrawn title"), NOBODY)
    yield asking("article_similar", "title", world.known("draft title"), NOBODY)
    yield asking("search", "q", world.known("suspended biography"), NOBODY)
