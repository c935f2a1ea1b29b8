"""Reads the demonstration's departments, topics, communities and posts into plain, frozen records."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class DemoTeam:
    """A directorate or team; `professions` says who works there."""

    slug: str
    name: str
    kind: str
    professions: tuple[str, ...]
    teams: tuple["DemoTeam", ...]

    def walk(self) -> Iterator["DemoTeam"]:
        """This team and everything under it, parents first."""
        yield self
        for team in self.teams:
            yield from team.walk()


@dataclass(frozen=True)
class DemoDepartment:
    """A department or agency; `opened_on` is a year, empty strings and tuples mean there is none."""

    slug: str
    title: str
    kind: str
    mail_domains: tuple[str, ...]
    title_cy: str
    abbreviation: str
    opened_on: int | None
    closed_on: dt.date | None
    parents: tuple[str, ...]
    successors: tuple[str, ...]
    teams: tuple[DemoTeam, ...]

    def all_teams(self) -> list[DemoTeam]:
        """Every directorate and team, each before the teams inside it."""
        return [found for team in self.teams for found in team.walk()]


@dataclass(frozen=True)
class DemoTopic:
    """An adopted topic; `parent` is another topic's name or empty."""

    name: str
    description: str
    parent: str
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class DemoCommunity:
    """A community; `kind` is open, closed or hidden, `topics` are names."""

    slug: str
    name: str
    kind: str
    description: str
    topics: tuple[str, ...]


@dataclass(frozen=True)
class DemoComment:
    """A comment under a post; `answer` marks the accepted answer of a question."""

    department: str
    profession: str
    text: str
    answer: bool
    replies: tuple["DemoComment", ...]

    def walk(self) -> Iterator["DemoComment"]:
        """This comment and its replies, in reading order."""
        yield self
        for reply in self.replies:
            yield from reply.walk()


@dataclass(frozen=True)
class DemoPost:
    """A post with its thread; `to` is everyone, department or community/<slug>."""

    kind: str
    department: str
    profession: str
    to: str
    topics: tuple[str, ...]
    text: str
    comments: tuple[DemoComment, ...]

    def all_comments(self) -> list[DemoComment]:
        """Comments and replies, in reading order."""
        return [found for comment in self.comments for found in comment.walk()]


def read_yaml(name: str) -> Any:
    """The content of one of the data files."""
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def _team(row: dict[str, Any]) -> DemoTeam:
    return DemoTeam(
        slug=row["slug"],
        name=row["name"],
        kind=row["kind"],
        professions=tuple(row["professions"]),
        teams=tuple(_team(inner) for inner in row.get("teams", ())),
    )


@cache
def departments() -> tuple[DemoDepartment, ...]:
    """The departments and agencies, parents before children in most cases but not all."""
    return tuple(
        DemoDepartment(
            slug=row["slug"],
            title=row["title"],
            kind=row["kind"],
            mail_domains=tuple(row["mail_domains"]),
            title_cy=row.get("title_cy", ""),
            abbreviation=row.get("abbreviation", ""),
            opened_on=row.get("opened_on"),
            closed_on=row.get("closed_on"),
            parents=tuple(row["parents"]),
            successors=tuple(row.get("successors", ())),
            teams=tuple(_team(team) for team in row["teams"]),
        )
        for row in read_yaml("departments.yaml")
    )


@cache
def topics() -> tuple[DemoTopic, ...]:
    """The adopted topics."""
    return tuple(
        DemoTopic(row["name"], row["description"], row.get("parent", ""), tuple(row.get("aliases", ())))
        for row in read_yaml("topics.yaml")
    )


@cache
def communities() -> tuple[DemoCommunity, ...]:
    """The communities."""
    return tuple(
        DemoCommunity(row["slug"], row["name"], row["kind"], row["description"], tuple(row["topics"]))
        for row in read_yaml("communities.yaml")
    )


def _comment(row: dict[str, Any]) -> DemoComment:
    department, _, profession = row["from"].partition("/")
    replies = tuple(_comment(reply) for reply in row.get("replies") or ())
    return DemoComment(department, profession, row["text"].strip(), bool(row.get("answer")), replies)


def _post(row: dict[str, Any]) -> DemoPost:
    department, _, profession = row["from"].partition("/")
    comments = tuple(_comment(comment) for comment in row.get("comments") or ())
    return DemoPost(row["kind"], department, profession, row["to"], tuple(row["topics"]), row["text"].strip(), comments)


def posts(pattern: str = "*.yaml") -> list[DemoPost]:
    """The posts of the files in posts/ whose names match, file by file in order of name."""
    files = sorted((FOLDER / "posts").glob(pattern))
    return [_post(row) for file in files for row in yaml.safe_load(file.read_text(encoding="utf-8"))]
