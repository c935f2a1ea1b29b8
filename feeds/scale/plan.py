"""Plan: how large the service is, who has a name in it, and the dice that everything is drawn with."""

from __future__ import annotations

import datetime
import random
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

YEAR = 365 * 86_400
YEARS = 3
# Follows of a person where nobody says how many
FOLLOWS_EACH = 8
# Prime and larger than any service: every stride with it meets everybody once before anybody twice
STRIDE = 1_000_003


class Account(NamedTuple):
    """Somebody to measure as: nobody can sign in with these, a session is made for them."""

    local: str
    name: str
    what: str

    @property
    def email(self) -> str:
        return f"{self.local}@scale.example"


# Their ids are 1, 2, 3 … in this order
ACCOUNTS = (
    Account("head", "Harriet Head", "followed by two people in five"),
    Account("five", "Femi Five", "follows 5 things"),
    Account("fifty", "Fiona Fifty", "follows 50 things"),
    Account("thousand", "Tariq Thousand", "follows 1,000 things"),
    Account("new", "Nia New", "came today, follows nothing"),
    Account("away", "Amir Away", "away for a year; follows 50 things that went quiet"),
    Account("busy", "Bronwen Busy", "wrote the long threads, has thousands of notifications"),
    Account("moderator", "Milo Moderator", "moderates"),
)
IDS = {account.local: number for number, account in enumerate(ACCOUNTS, start=1)}
# The first person who is nobody in particular
FIRST = len(ACCOUNTS) + 1

COMMUNITY = "scale-open"
CLOSED_COMMUNITY = "scale-closed"
HIDDEN_COMMUNITY = "scale-hidden"
TOPIC = "scale-topic"
ARTICLE = "scale-article"
DEPARTMENT = "department-1"
RARE_WORD = "quillwort"
COMMON_WORD = "team"
LONG_THREAD, SHORT_THREAD = 2_000, 20


class TooSmall(ValueError):
    """The service would be too small to hold what is measured in it."""


@dataclass(frozen=True)
class Plan:
    """The size of a service and the moment it ends at.

    Args:
        now: the end of the three years that it spans.

    Raises:
        TooSmall: fewer people, posts or articles than the named accounts and threads need.
    """

    people: int
    posts: int
    articles: int
    follows: int
    seed: int
    now: datetime.datetime

    def __post_init__(self) -> None:
        for name, least in {"people": 50, "posts": 100, "articles": 20, "follows": 0}.items():
            if getattr(self, name) < least:
                raise TooSmall(f"--{name} {getattr(self, name)} is too few: at least {least}.")
        if self.articles > self.posts // 2:
            raise TooSmall(f"--articles {self.articles} needs at least {self.articles * 2} posts.")

    def dice(self, name: str) -> random.Random:
        """A random source of its own for each thing, so that more of one thing changes no other."""
        return random.Random(f"{self.seed}:{name}")

    @property
    def ordinary(self) -> int:
        """How many people are nobody in particular."""
        return self.people - FIRST + 1

    @cached_property
    def end(self) -> int:
        """The last moment, in seconds since 1970."""
        return int(self.now.timestamp())

    @property
    def start(self) -> int:
        return self.end - YEARS * YEAR

    @property
    def quiet_since(self) -> int:
        """From here on nothing new comes from the people and topics that went quiet."""
        return self.end - YEAR - 86_400

    @property
    def departments(self) -> int:
        """As many as a whole civil service has; fewer where there would be nobody in them."""
        return min(1_254, max(60, self.people // 2))

    @property
    def topics(self) -> int:
        return min(5_000, max(60, min(400, self.people), self.people // 20))

    @property
    def communities(self) -> int:
        return min(4_000, max(40, self.people // 50))

    def community_size(self, number: int) -> int:
        """Members of the community of this rank (1 is the largest): Zipf."""
        return max(4, min(self.ordinary - 2, self.people * 3 // 10) // number)

    def member(self, community: int, place: int) -> int:
        """The id of the member who came `place`-th (from 0) to a community; everybody once."""
        return FIRST + (community * 7_919 + place * STRIDE) % self.ordinary

    @staticmethod
    def is_quiet(number: int) -> bool:
        """Whether this person or topic has said nothing for a year."""
        return number % 20 == 7

    def loud(self, number: int, at: int) -> int:
        """`number`, or its neighbour where it is too late for the quiet one to have spoken."""
        return number + 1 if number % 20 == 7 and at > self.quiet_since else number


class People:
    """Who works where, by id: what other rows are drawn from."""

    def __init__(self, plan: Plan, open_departments: list[int]) -> None:
        dice = plan.dice("places")
        order = open_departments[:]
        dice.shuffle(order)
        # The one that is measured is neither the largest nor a small one
        order.remove(1)
        order.insert(min(len(order), 4), 1)
        top, draw = len(order), dice.random
        # Zipf: the k-th largest has a k-th of the largest's people
        self.department = array("H", [0]) + array(
            "H", (1 if person < FIRST else order[int((top + 1) ** draw()) - 1] for person in range(1, plan.people + 1))
        )
        # By number, from 1: filled in as they are written
        self.names = [""]
        self.of_department: dict[int, array[int]] = {}
        for person in range(FIRST, plan.people + 1):
            self.of_department.setdefault(self.department[person], array("I")).append(person)

    def colleagues(self, department: int) -> array[int]:
        """Those whose main department it is, in order; empty where nobody is."""
        return self.of_department.get(department, array("I"))


class Clock:
    """Writes moments as both databases read them: UTC, without a zone."""

    def __init__(self) -> None:
        self._days: dict[int, str] = {}
        self._times = [f"{h:02}:{m:02}:{s:02}" for h in range(24) for m in range(60) for s in range(60)]

    def __call__(self, at: int) -> str:
        day, second = divmod(at, 86_400)
        return f"{self.day(day)} {self._times[second]}"

    def date(self, at: int) -> str:
        return self.day(at // 86_400)

    def day(self, number: int) -> str:
        if number not in self._days:
            self._days[number] = (datetime.date(1970, 1, 1) + datetime.timedelta(days=number)).isoformat()
        return self._days[number]


def distinct(draws: Iterable[int], most: int) -> list[int]:
    """The first `most` different numbers drawn; gives up where the draws end."""
    found: dict[int, None] = {}
    for number in draws:
        found.setdefault(number)
        if len(found) >= most:
            break
    return list(found)
