"""Articles with their revisions: what is known, who answers for it, and until when."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator

from feeds.scale.places import Audiences, Forest
from feeds.scale.plan import ARTICLE, FIRST, YEAR, Clock, People, Plan, distinct
from feeds.scale.tables import Row, Table
from feeds.scale.words import Text, Words, article_title, slug
from knowledge.models import Article, ArticleKind, ArticleState, ArticleTopic, Revision

KINDS = [str(kind) for kind in ArticleKind]
# The number of the one that is measured: for everyone, published, with a thread
MEASURED = 2
SUMMARY = "What we know about it, who to ask, and what we would do differently."


class Articles:
    """Articles by number, from 1. Those that were published come first; drafts are the last twentieth."""

    def __init__(self, plan: Plan, people: People, forest: Forest, audiences: Audiences, words: Words) -> None:
        self.plan, self.people, self.forest, self.audiences = plan, people, forest, audiences
        self.bodies, self.clock = words.bodies, Clock()
        self.announced = plan.articles - plan.articles // 20
        # When each was published; filled as their posts are made
        self.at = array("q", [0])

    def place(self, number: int, at: int) -> tuple[int, int]:
        """Note when it was published; (author, where its audience is: see `Talk`)."""
        self.at.append(at)
        return self.author(number, at), self.where(number, at)

    def author(self, number: int, at: int) -> int:
        person = FIRST + (number * 7_907) % self.plan.ordinary
        if self.plan.is_quiet(person) and at > self.plan.quiet_since:
            return person - 1
        return person

    def where(self, number: int, at: int) -> int:
        """Seven in ten are for everyone, the others for the author's department; the one measured for everyone."""
        return self.people.department[self.author(number, at)] if number % 10 in (4, 7, 8) else 0

    def owner(self, number: int, at: int) -> int:
        """Who answers for it: its author, or since they moved on somebody else who can read it."""
        author = self.author(number, at)
        colleagues = self.people.colleagues(self.people.department[author])
        return colleagues[number % len(colleagues)] if number % 10 == 1 and colleagues else author

    def topics(self, number: int, at: int) -> list[int]:
        dice, top = self.plan.dice(f"article {number}").random, self.plan.topics + 1
        found = distinct((int(top ** dice()) for _ in range(12)), 1 + number % 3)
        if at > self.plan.quiet_since:
            found = [topic for topic in found if not self.plan.is_quiet(topic)]
        return sorted(found)

    def revisions(self, number: int) -> int:
        return 1 + (number % 3 == 0) + (number % 7 == 0) + 4 * (number % 50 == 0)

    def is_withdrawn(self, number: int) -> bool:
        return number % 20 == 13

    def is_draft(self, number: int) -> bool:
        return number > self.announced

    def last(self, number: int) -> int:
        """The number of the revision that stands; a draft has none yet and counts as its first."""
        return 1 if self.is_draft(number) else self.revisions(number)

    def changes(self, number: int) -> int:
        """How often its post followed it."""
        return self.revisions(number) - 1 + int(self.is_withdrawn(number))

    def body(self, number: int, revision: int) -> Text:
        return self.bodies[(number * 31 + revision * 17) % len(self.bodies)]

    def title(self, number: int) -> str:
        return article_title(number, self.plan.dice(f"title {number}"))

    def began(self, number: int) -> int:
        """When a draft was begun, or an article published."""
        return self.plan.end - number % 90 * 86_400 - 7_200 if self.is_draft(number) else self.at[number]

    def changed(self, number: int, revision: int) -> int:
        """When a revision was made: spread over the time since it was published."""
        began = self.began(number)
        return began + (self.plan.end - 3_600 - began) * (revision - 1) // self.revisions(number)

    def rows(self) -> tuple[Table, Iterator[Row]]:
        columns = (
            "id", "slug", "title", "body", "body_html", "kind", "state", "author_id", "owner_id", "department_id",
            "audience_id", "review_on", "version", "created_at", "published_at", "updated_at", "withdrawn_at",
            "withdrawn_by_id", "withdrawn_reason",
        )  # fmt: skip
        return Table(Article, *columns, summary=SUMMARY), self._rows()

    def _rows(self) -> Iterator[Row]:
        clock = self.clock
        for n in range(1, self.plan.articles + 1):
            draft, withdrawn, began = self.is_draft(n), self.is_withdrawn(n) and not self.is_draft(n), self.began(n)
            author, where, title = self.author(n, began), self.where(n, began), self.title(n)
            last = self.last(n)
            text, changed = self.body(n, last), self.changed(n, last)
            address = ARTICLE if n == MEASURED else f"{slug(title)}-{n}"
            state = ArticleState.DRAFT if draft else ArticleState.WITHDRAWN if withdrawn else ArticleState.PUBLISHED
            ended = clock(min(changed + 86_400, self.plan.end)) if withdrawn else None
            published = None if draft else clock(began)
            yield (
                n, address, title, text.source, text.html, KINDS[n % len(KINDS)],
                str(state), author, self.owner(n, began), self.people.department[author],
                self.audiences.department(where) if where else self.audiences.everyone,
                clock.date(began + YEAR * (1 + n % 3)), last, clock(began), published, clock(changed), ended,
                author if withdrawn else None, "It was out of date." if withdrawn else "",
            )  # fmt: skip

    def history(self, names: list[str]) -> tuple[Table, Iterator[Row]]:
        """Every revision of what was published; the last one says what the article says."""

        def rows() -> Iterator[Row]:
            for n in range(1, self.announced + 1):
                began, title = self.at[n], self.title(n)
                topics = json.dumps(sorted(names[topic] for topic in self.topics(n, began)))
                for number in range(1, self.revisions(n) + 1):
                    body, note = self.body(n, number).source, "Brought up to date" if number > 1 else ""
                    made, author = self.clock(self.changed(n, number)), self.author(n, began)
                    yield n, number, title, body, topics, note, author, made

        columns = ("article_id", "number", "title", "body", "topic_names", "note", "author_id", "created_at")
        return Table(Revision, *columns, summary=SUMMARY), rows()

    def article_topics(self) -> tuple[Table, Iterator[Row]]:
        def rows() -> Iterator[Row]:
            for n in range(1, self.plan.articles + 1):
                changed = self.clock(self.changed(n, self.last(n)))
                for topic in self.topics(n, self.began(n)):
                    yield topic, n, changed

        return Table(ArticleTopic, "tag_id", "content_object_id", "updated_at"), rows()
