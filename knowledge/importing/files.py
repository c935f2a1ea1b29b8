"""Finds the Markdown files of a folder and reads each into a page, or the reason why it is none."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from django.utils import timezone
from django.utils.text import slugify

SUFFIXES = {".md", ".markdown"}
FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
# Bytes; what is longer cannot be an article whatever it says
LONGEST_FILE = 2_000_000


class Unreadable(Exception):
    """Why a file is not imported, as a sentence without its end."""


@dataclass(frozen=True)
class Page:
    """What a file says, as its author wrote it."""

    # Relative to the folder, with "/"
    path: str
    title: str
    body: str
    summary: str = ""
    topics: tuple[str, ...] = ()
    published_at: datetime.datetime | None = None
    # Addresses at which the file was once read, without slashes around them
    addresses: tuple[str, ...] = field(default=())


def markdown_files(folder: Path) -> Iterator[Path]:
    """Every Markdown file below `folder`, in the order of their paths; hidden files and folders left out."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in SUFFIXES and not hidden and not path.is_dir():
            yield path


def read(path: Path, folder: Path) -> Page:
    """The page in one file.

    Raises:
        Unreadable: it is none, or cannot be read as one.
    """
    matter, body = _split(_text(path))
    if matter.get("permalink") is False:
        raise Unreadable("it is not a page of its own (permalink: false)")
    if matter.get("draft") is True or matter.get("published") is False:
        raise Unreadable("it is a draft")
    title = matter.get("title")
    if isinstance(title, int | float | datetime.date):
        title = str(title)
    if not isinstance(title, str) or not title.strip():
        raise Unreadable("it has no title")
    relative = path.relative_to(folder).as_posix()
    return Page(
        path=relative,
        title=_line(title),
        body=body,
        summary=_summary(matter),
        topics=_topics(matter.get("tags")),
        published_at=_moment(matter.get("date")),
        addresses=tuple(_addresses(matter, relative)),
    )


def _text(path: Path) -> str:
    if path.is_symlink():
        raise Unreadable("it is a link to another file")
    try:
        if path.stat().st_size > LONGEST_FILE:
            raise Unreadable("it is too long for an article")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise Unreadable(f"it cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise Unreadable("it is not UTF-8 text") from error
    if "\0" in text:
        raise Unreadable("it is not text (it holds null characters)")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _split(text: str) -> tuple[dict[str, Any], str]:
    found = FRONT_MATTER.match(text)
    if not found:
        return {}, text
    try:
        matter = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        # The front matter begins on the second line of the file, and marks count from 0
        where = f" on line {mark.line + 2}" if mark else ""
        raise Unreadable(f"its front matter is not valid YAML{where}") from error
    if matter is not None and not isinstance(matter, dict):
        raise Unreadable("its front matter is not a list of names and values")
    return matter or {}, text[found.end() :]


def _summary(matter: dict[str, Any]) -> str:
    given = (matter.get(name) for name in ("summary", "description"))
    return next((_line(text) for text in given if isinstance(text, str) and text.strip()), "")


def _topics(tags: Any) -> tuple[str, ...]:
    listed = tags if isinstance(tags, list) else [tags]
    names = [part for tag in listed if isinstance(tag, str) for part in tag.split(",")]
    # "service-design" is how file formats write "service design"
    readable = (_line(name.replace("-", " ").replace("_", " ")) for name in names)
    return tuple(dict.fromkeys(name for name in readable if slugify(name)))


def _moment(date: Any) -> datetime.datetime | None:
    """When a page was first published; None for no date, a bad one, or one in the future."""
    if isinstance(date, str):
        try:
            date = datetime.datetime.fromisoformat(date.strip())
        except ValueError:
            return None
    if isinstance(date, datetime.date) and not isinstance(date, datetime.datetime):
        date = datetime.datetime.combine(date, datetime.time(9))
    if not isinstance(date, datetime.datetime):
        return None
    try:
        moment = date if timezone.is_aware(date) else timezone.make_aware(date)
        return moment if moment <= timezone.now() else None
    except (OverflowError, ValueError):
        return None


def _addresses(matter: dict[str, Any], path: str) -> Iterator[str]:
    stem = path.rsplit(".", 1)[0]
    redirects = matter.get("redirect_from")
    for address in (matter.get("permalink"), *(redirects if isinstance(redirects, list) else [redirects])):
        if isinstance(address, str) and address.strip("/"):
            yield address.strip("/")
    yield path
    yield stem
    if stem.endswith("/index"):
        yield stem.removesuffix("/index")


def _line(text: str) -> str:
    return " ".join(text.split())
