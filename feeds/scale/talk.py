"""What is said: posts over three years with their topics, threads and reactions.

Posts are drawn once and remembered in a few bytes each, so that their comments and reactions can be streamed
after them, each table in one go.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator

from feeds.models import Comment, Post, PostKind, PostTopic, Reaction, ReactionKind
from feeds.scale.articles import MEASURED, Articles
from feeds.scale.people import former_department
from feeds.scale.places import Audiences, Forest
from feeds.scale.plan import FIRST, IDS, LONG_THREAD, SHORT_THREAD, STRIDE, Clock, People, Plan
from feeds.scale.tables import Row, Table
from feeds.scale.words import Text, Words
from profiles.audience import Marking

# An office's day: how much is said in each hour, Monday to Friday; nearly nothing at a weekend
HOURS = (1, 1, 1, 1, 1, 2, 8, 25, 60, 100, 100, 95, 60, 85, 100, 90, 75, 40, 15, 8, 5, 4, 2, 1)
WEEKEND = 0.06
MOST_COMMENTS, MOST_REACTIONS = 60, 40
HEAD_REACTIONS = 300
RARE_POSTS = 12
HANDLING = "Do not share it outside the Civil Service."
# Every so many posts, one whose last comment was removed
HIDDEN_COMMENT = 41
Dice = Callable[[], float]


class Talk:
    """The posts, and what hangs on them.

    `where` holds 0 for everyone, a department's number, or the number of all departments plus a community's.
    """

    def __init__(
        self, plan: Plan, people: People, forest: Forest, audiences: Audiences, articles: Articles, words: Words
    ) -> None:
        self.plan, self.people, self.forest, self.audiences = plan, people, forest, audiences
        self.articles, self.sentences, self.clock = articles, words.sentences, Clock()
        self.rare = words.rare_paragraph
        self.at, self.author, self.where = array("q"), array("I"), array("H")
        self.comments, self.reactions = array("H"), array("H")
        # The article each post announces, 0 for none
        self.article = array("I")
        # Whether each is a question without an accepted answer
        self.is_open = bytearray()
        # The two threads that are measured, halfway through and at the end of what was said
        self.long_thread, self.short_thread = plan.posts // 2, plan.posts - 5
        self.said_by_busy = {self.long_thread, self.short_thread}

    # When

    def moments(self) -> Iterator[int]:
        """When each post was made, in order: an office's hours, and more every year."""
        plan, dice = self.plan, self.plan.dice("moments").random
        first, last = plan.start // 3_600, plan.end // 3_600
        weights = [self._weight(hour, first, last) for hour in range(first, last)]
        share, told, said = plan.posts / sum(weights), 0.0, 0
        for hour, weight in zip(range(first, last), weights, strict=True):
            told += weight * share
            count = round(told) - said
            said += count
            for place in range(count):
                yield hour * 3_600 + int(3_600 * (place + dice()) / count)

    @staticmethod
    def _weight(hour: int, first: int, last: int) -> float:
        # 1 January 1970 was a Thursday
        weekday = (hour // 24 + 3) % 7
        growth = 0.5 + (hour - first) / (last - first)
        return HOURS[hour % 24] * growth * (WEEKEND if weekday > 4 else 1)

    # Posts

    def posts(self) -> tuple[Table, Iterator[Row]]:
        """Every post; what its thread needs is remembered on the way."""
        columns = (
            "id", "audience_id", "author_id", "department_id", "article_id", "kind", "body", "body_html",
            "marking", "handling", "created_at", "hidden_at", "hidden_by_id", "edited_at", "answer_id", "version",
            "comment_count", "reaction_count",
        )  # fmt: skip
        return Table(Post, *columns), self._posts()

    def _posts(self) -> Iterator[Row]:
        dice = self.plan.dice("posts").random
        every = self.plan.posts // max(1, self.articles.announced)
        rare = {1 + n * (self.plan.posts - 1) // RARE_POSTS for n in range(RARE_POSTS)}
        first_comment, article, owed, rarely = 1, 0, 0, 0
        for number, at in enumerate(self.moments(), start=1):
            owed += number % every == 0
            rarely += number in rare
            measured = number in self.said_by_busy
            is_article = owed > 0 and article < self.articles.announced and not measured
            is_rare = rarely > 0 and not is_article and not measured
            if is_article:
                article, owed = article + 1, owed - 1
                author, where = self.articles.place(article, at)
            else:
                author, where = self._speaker(number, at, dice)
            if is_rare:
                rarely, author, where = rarely - 1, IDS["head"], 0
            draw = dice()
            kind = PostKind.QUESTION if draw < 0.2 else PostKind.ANNOUNCEMENT if draw < 0.25 else PostKind.UPDATE
            comments, reactions = self._replies(number, author, where, dice)
            if is_article and article == MEASURED:
                comments = SHORT_THREAD
            self._remember(at, author, where, comments, reactions, article if is_article else 0)
            yield self._post(number, first_comment, str(kind), is_rare, dice)
            first_comment += comments

    def _post(self, number: int, first_comment: int, kind: str, is_rare: bool, dice: Dice) -> Row:
        index = number - 1
        at, author, where, article = self.at[index], self.author[index], self.where[index], self.article[index]
        comments, reactions = self.comments[index], self.reactions[index]
        hidden_comments = int(self._hides_comment(number))
        is_question = kind == PostKind.QUESTION and not article
        answered = is_question and comments > 0 and number % 5 < 3
        self.is_open.append(is_question and not answered)
        edited = number % 29 == 3 and not article
        hidden = number % 211 == 5 and not article and not is_rare and number not in self.said_by_busy
        sensitive = number % 50 == 9 and 0 < where <= self.forest.count and not article
        text = Text("", "") if article else self._text(number, is_rare, dice)
        marking, handling = Marking.OFFICIAL_SENSITIVE if sensitive else Marking.OFFICIAL, HANDLING if sensitive else ""
        if article:
            marking, handling = Marking.OFFICIAL, ""
        version = 1 + comments + hidden_comments + reactions + int(answered) + int(edited) + int(hidden)
        version += self.articles.changes(article) if article else 0
        return (
            number, self._audience(where), author, self._department(number), article or None,
            str(PostKind.ARTICLE) if article else kind, text.source, text.html, str(marking), handling,
            self.clock(at), self.clock(min(at + 7_200, self.plan.end)) if hidden else None,
            author if hidden else None, self.clock(min(at + 600, self.plan.end)) if edited else None,
            first_comment if answered else None, version, comments - hidden_comments, reactions,
        )  # fmt: skip

    def _speaker(self, number: int, at: int, dice: Dice) -> tuple[int, int]:
        """Who speaks, and where."""
        plan = self.plan
        if number in self.said_by_busy or number % 5_000 == 41:
            return IDS["busy"], 0
        if number % 400 == 17:
            return IDS["head"], 0
        draw = dice()
        if draw < 0.35:
            community = int((plan.communities + 1) ** dice())
            size = plan.community_size(community)
            person, places = plan.member(community, int(size * dice() ** 2)), self.forest.count + community
            if plan.is_quiet(person) and at > plan.quiet_since:
                person = plan.member(community, 0)
                return (person, places) if not plan.is_quiet(person) else (IDS["head"], 0)
            return person, places
        person = FIRST + int(plan.ordinary * dice() ** 3)
        if plan.is_quiet(person) and at > plan.quiet_since:
            person -= 1
        if draw < 0.7:
            return person, 0
        department = self.people.department[person]
        above = self.forest.above(department)
        return person, above[-1] if draw > 0.93 else above[0]

    def _department(self, number: int) -> int:
        """Where the author worked when it was written; an article's is where the article belongs."""
        author, at = self.author[number - 1], self.at[number - 1]
        former = former_department(author, self.forest)
        if former and at < self.forest.closed_at[former] and not self.article[number - 1]:
            return former
        return self.people.department[author]

    def _audience(self, where: int) -> int:
        count = self.forest.count
        if where == 0:
            return self.audiences.everyone
        return self.audiences.department(where) if where <= count else self.audiences.community(where - count)

    def _replies(self, number: int, author: int, where: int, dice: Dice) -> tuple[int, int]:
        """How many comments and reactions a post gets; never more reactions than people who see it."""
        if number == self.long_thread:
            return LONG_THREAD, 12
        if number == self.short_thread:
            return SHORT_THREAD, 12
        comments = 0 if dice() < 0.55 else min(MOST_COMMENTS, 1 + int(-1.2 * math.log(1 - dice())))
        reactions = 0 if dice() < 0.5 else min(MOST_REACTIONS, 1 + int(-1.6 * math.log(1 - dice())))
        if author == IDS["head"]:
            reactions = int(HEAD_REACTIONS * dice())
        return comments, min(reactions, self._crowd(author, where))

    def _remember(self, at: int, author: int, where: int, comments: int, reactions: int, article: int) -> None:
        self.at.append(at)
        self.author.append(author)
        self.where.append(where)
        self.comments.append(comments)
        self.reactions.append(reactions)
        self.article.append(article)

    def _text(self, number: int, is_rare: bool, dice: Dice) -> Text:
        sentences, count = self.sentences, len(self.sentences)
        said = [sentences[int(count * dice())] for _ in range(1 + int(5 * dice()))]
        if is_rare:
            said.append(self.rare)
        body, html = " ".join(text.source for text in said), " ".join(text.html for text in said)
        if number % 10 == 1:
            body, html = f"{body} Case {number}.", f"{html} Case {number}."
        return Text(body, f"<p>{html}</p>\n")

    def _hides_comment(self, number: int) -> bool:
        return number % HIDDEN_COMMENT == 0 and 2 <= self.comments[number - 1] <= MOST_COMMENTS

    # What hangs on them

    def post_topics(self) -> tuple[Table, Iterator[Row]]:
        """None to three topics each; an article's post has the article's."""

        def rows() -> Iterator[Row]:
            dice, plan = self.plan.dice("post topics").random, self.plan
            top, limit = plan.topics + 1, plan.quiet_since
            for number, (at, article) in enumerate(zip(self.at, self.article, strict=True), start=1):
                post = (number, self.clock(at), bool(self.is_open[number - 1]))
                if article:
                    for topic in self.articles.topics(article, at):
                        yield topic, *post
                    continue
                draw = dice()
                count = 0 if draw < 0.25 else 1 if draw < 0.7 else 2 if draw < 0.92 else 3
                found = {int(top ** dice()) for _ in range(count)}
                for topic in sorted(found):
                    if at <= limit or not plan.is_quiet(topic):
                        yield topic, *post

        return Table(PostTopic, "tag_id", "content_object_id", "created_at", "is_open"), rows()

    def _crowd(self, author: int, where: int) -> int:
        """How many people certainly see what the author says there."""
        if where == 0:
            return self.plan.ordinary
        if where <= self.forest.count:
            return len(self.people.colleagues(self.people.department[author]))
        return self.plan.community_size(where - self.forest.count)

    def _somebody(self, author: int, where: int, place: int) -> int:
        """The `place`-th of those people, from 0."""
        if where == 0:
            return FIRST + place
        if where <= self.forest.count:
            return self.people.colleagues(self.people.department[author])[place]
        return self.plan.member(where - self.forest.count, place)

    def thread(self) -> tuple[Table, Iterator[Row]]:
        """Every comment, thread by thread."""
        columns = (
            "id", "post_id", "parent_id", "author_id", "department_id", "body", "body_html", "created_at",
            "hidden_at", "hidden_by_id",
        )  # fmt: skip
        return Table(Comment, *columns), self._thread()

    def _thread(self) -> Iterator[Row]:
        dice, clock, end = self.plan.dice("comments").random, self.clock, self.plan.end
        sentences, many, departments = self.sentences, len(self.sentences), self.people.department
        key = 0
        for number, count in enumerate(self.comments, start=1):
            if not count:
                continue
            at, author, where = self.at[number - 1], self.author[number - 1], self.where[number - 1]
            crowd, opening, hides = self._crowd(author, where), list[int](), self._hides_comment(number)
            # A conversation of hours; the long one went on for weeks
            pause = 2_000_000 // count if count > MOST_COMMENTS else 9_000
            for place in range(count):
                key += 1
                by = self._somebody(author, where, int(crowd * dice() ** 2)) if crowd else author
                at = min(at + 30 + int(pause * dice()), end)
                parent = opening[int(len(opening) * dice())] if opening and dice() < 0.35 else None
                if parent is None:
                    opening.append(key)
                said = [sentences[int(many * dice())] for _ in range(1 + int(2.4 * dice()))]
                body, html = " ".join(text.source for text in said), " ".join(text.html for text in said)
                hidden = hides and place == count - 1
                yield (
                    key, number, parent, by, departments[by], body, f"<p>{html}</p>\n", clock(at),
                    clock(min(at + 900, end)) if hidden else None, by if hidden else None,
                )  # fmt: skip

    def reacted(self) -> tuple[Table, Iterator[Row]]:
        """Every reaction: nobody twice to one post."""
        kinds = [str(kind) for kind in ReactionKind]

        def rows() -> Iterator[Row]:
            dice, clock, end = self.plan.dice("reactions").random, self.clock, self.plan.end
            for number, count in enumerate(self.reactions, start=1):
                if not count:
                    continue
                at, author, where = self.at[number - 1], self.author[number - 1], self.where[number - 1]
                crowd = self._crowd(author, where)
                place = int(crowd * dice())
                for _ in range(count):
                    place = (place + STRIDE) % crowd
                    by, moment = self._somebody(author, where, place), min(at + 60 + int(90_000 * dice()), end)
                    yield number, by, kinds[int(len(kinds) * dice() ** 2)], clock(moment)

        return Table(Reaction, "post_id", "user_id", "kind", "created_at"), rows()
