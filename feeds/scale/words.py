"""What people say and are called: the demonstration's words, put together anew for as many as are needed."""

from __future__ import annotations

import random
import re
from functools import cache, cached_property
from typing import NamedTuple

from django.utils.text import slugify

from feeds.demo import catalogue
from feeds.demo.names import plain
from feeds.demo.people import DemoPerson, people
from feeds.demo.talk import ARTICLES
from feeds.scale.plan import RARE_WORD
from intranet.lib import markdown
from knowledge.rendering import article_html

# What Markdown would read as more than words, or make a link or a break of
PLAIN = re.compile(r"[A-Z][A-Za-z0-9 ,.;’'()?-]{20,220}[.?]")
SENTENCE = re.compile(r"(?<=[.?!])\s+")
BODIES = 100
BIOGRAPHERS = 400
TITLES = ("Guide to", "Notes on", "How we do", "Lessons from", "Standards for", "A look at", "Planning", "Review of")
PLACES = ("the regions", "small teams", "new starters", "delivery", "private office", "field staff", "headquarters")
SUBJECTS = (
    "Transport", "Farming", "Housing", "Energy", "Trade", "Justice", "Schools", "Health Security", "Pensions",
    "Borders", "Science", "Heritage", "Flood Defence", "Fisheries", "Rail", "Planning", "Skills", "Research",
    "Statistics", "Land Registry", "Patents", "Competition", "Prisons", "Probation", "Meteorology", "Mapping",
    "Vehicle Standards", "Food Standards", "Medicines", "Charities", "Archives", "Nuclear Safety", "Water", "Ports",
    "Aviation", "Broadband", "Procurement", "Property", "Debt", "Customs",
)  # fmt: skip
WORK = (
    "Policy", "Delivery", "Analysis", "Digital", "Commercial", "Finance", "People", "Communications", "Legal",
    "Operations", "Strategy", "Data", "Casework", "Inspection", "Grants", "Risk", "Design", "Evaluation",
)  # fmt: skip


class Text(NamedTuple):
    source: str
    html: str


class Words:
    """The vocabulary, rendered once by what renders people's own words."""

    @cached_property
    def sentences(self) -> list[Text]:
        """Sentences that read the same in Markdown as in a paragraph of HTML."""
        posts = catalogue.posts()
        said = [post.text for post in posts] + [c.text for post in posts for c in post.all_comments()]
        parts = {part for text in said for part in SENTENCE.split(" ".join(text.split()))}
        found = []
        for part in sorted(parts):
            if PLAIN.fullmatch(part) and ".." not in part:
                html = str(markdown.render(part, breaks=True))
                if html.count("<") == 2:
                    found.append(Text(part, html.removeprefix("<p>").removesuffix("</p>\n")))
        return found

    @cached_property
    def bodies(self) -> list[Text]:
        """Whole articles, each of a few sections of the demonstration's."""
        dice, sections = random.Random("bodies"), []
        for path in sorted(ARTICLES.glob("*.md")):
            body = path.read_text(encoding="utf-8").split("---\n", 2)[2]
            sections += [f"## {part.strip()}" for part in body.split("\n## ")[1:]]
        made = ["\n\n".join(dice.sample(sections, dice.choice((2, 3, 3, 4, 5)))) for _ in range(BODIES)]
        return [Text(body, str(article_html(body))) for body in made]

    @cached_property
    def rare_paragraph(self) -> Text:
        """What is added where the rare word is said, at whatever size the same number of times."""
        return Text(f"The {RARE_WORD} is back.", f"The {RARE_WORD} is back.")

    @cached_property
    def characters(self) -> list[tuple[DemoPerson, str]]:
        """Invented people with what they say of themselves, rendered."""
        return [(one, str(markdown.render(one.biography, prefix="biography"))) for one in people(BIOGRAPHERS)]

    @cached_property
    def names(self) -> tuple[list[str], list[str]]:
        """Given names and surnames."""
        groups = catalogue.read_yaml("people.yaml")["names"]
        given = sorted({name for group in groups for who in ("she", "he", "they") for name in group[who]})
        return given, sorted({name for group in groups for name in group["surnames"]})

    @cached_property
    def local_parts(self) -> tuple[list[str], list[str]]:
        given, surnames = self.names
        return [plain(name) for name in given], [plain(name) for name in surnames]


@cache
def vocabulary() -> Words:
    """The words, made once in a process."""
    return Words()


def department_name(number: int, kind: str) -> str:
    """What the department of this number is called."""
    subject, work = SUBJECTS[number % len(SUBJECTS)], WORK[(number // 3) % len(WORK)]
    turn = number // (len(SUBJECTS) * len(WORK))
    more = f" {turn + 1}" if turn else ""
    if kind == "team":
        return f"{subject} {work} Team {number}"
    if kind == "directorate":
        return f"{subject} {work} Directorate{more}"
    return f"{'Ministry for' if kind == 'ministerial-department' else 'Agency for'} {subject}{more} {number}"


def topic_name(number: int) -> str:
    """What people who suggested the topic of this number typed."""
    return f"{SUBJECTS[number % len(SUBJECTS)]} {WORK[number // len(SUBJECTS) % len(WORK)].lower()} {number}"


def article_title(number: int, dice: random.Random) -> str:
    return f"{dice.choice(TITLES)} {dice.choice(WORK).lower()} for {dice.choice(PLACES)}, part {number}"


def slug(text: str) -> str:
    return slugify(text)[:150]
