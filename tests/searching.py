"""What the tests of search need: the page read as a reader sees it, and the worker that follows what was written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client
from django_tasks_db.models import DBTaskResult

from profiles import indexing
from tests import factories


@dataclass
class Found:
    """A page of results: the number it tells, what it lists, what it offers to narrow it with."""

    total: int | None
    results: list[tuple[str, int]]
    # By the title of the facet: label -> (number, address)
    facets: dict[str, dict[str, tuple[int, str]]]
    html: str
    rows: dict[tuple[str, int], str] = field(default_factory=dict)

    def kinds(self) -> set[str]:
        return {kind for kind, _ in self.results}

    def has(self, row: Any) -> bool:
        return (row._meta.model_name, row.pk) in self.results


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.total: int | None = None
        self.results: list[tuple[str, int]] = []
        self.facets: dict[str, dict[str, tuple[int, str]]] = {}
        self._within, self._href, self._label, self._title = "", "", "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "ol" and "data-total" in given:
            self.total = int(given["data-total"])
        if tag == "li" and "data-kind" in given:
            self.results.append((given["data-kind"], int(given["data-id"])))
        if given.get("class") == "ck-facet__title":
            self._within = "title"
        if given.get("class") == "ck-facet__list":
            self._within = "list"
        if given.get("class") == "ck-count":
            self._within = "count"
        if self._within == "list" and tag == "a":
            self._href, self._label = given["href"], ""
            self._within = "label"

    def handle_data(self, data: str) -> None:
        if self._within == "title":
            self._title, self._within = data.strip(), ""
        elif self._within == "label":
            self._label, self._within = data.strip(), "list"
        elif self._within == "count":
            self.facets.setdefault(self._title, {})[self._label] = (int(data), self._href)
            self._within = "list"


def read(html: str) -> Found:
    """The page as its reader takes it in."""
    reader = _Reader()
    reader.feed(html)
    rows = {
        (kind, int(id_)): row
        for kind, id_, row in re.findall(
            r'<li class="ck-result" data-kind="(\w+)" data-id="(\d+)">(.*?)</li>', html, re.S
        )
    }
    return Found(reader.total, reader.results, reader.facets, html, rows)


def search(client: Client, text: str, **params: Any) -> Found:
    """What a signed-in client finds."""
    answer = client.get("/search/", {"q": text, **params})
    assert answer.status_code == 200, answer.status_code
    return read(answer.content.decode())


def queued() -> int:
    """How many tasks wait for a worker."""
    return int(DBTaskResult.objects.ready().count())


def work() -> int:
    """Do what a worker would: run every task that waits. Returns how many there were."""
    done = 0
    for row in DBTaskResult.objects.ready().order_by("enqueued_at"):
        row.task.call(*row.args_kwargs["args"], **row.args_kwargs["kwargs"])
        row.delete()
        done += 1
    return done


def indexed() -> None:
    """The index holds everything written so far."""
    indexing.catch_up()


def index_files() -> list[Path]:
    """The files of the index, locks apart."""
    root = Path(settings.SEARCH_DIR)
    return sorted(path for path in root.rglob("*") if path.is_file() and path.suffix != ".lock")


def lose_index() -> None:
    """Take every file of the index away."""
    for path in index_files():
        path.unlink()


__all__ = ["Found", "factories", "index_files", "indexed", "lose_index", "queued", "read", "search", "work"]
