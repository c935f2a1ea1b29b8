"""The search page: joins what the apps make searchable, over what its reader may see and nothing else."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from intranet.lib.limits import limited
from intranet.lib.search import engine
from intranet.lib.search.protocol import Hit, Query, Results, SearchUnavailable
from intranet.lib.search.registry import registered
from profiles import indexing
from profiles.audience import audiences_for
from profiles.models import Department, Topic
from profiles.tasks import update_search_index

logger = logging.getLogger(__name__)

PAGE = 20
# Nobody reads further; deeper pages would only cost
LAST_PAGE = 50
MAX_TEXT = 500
# Characters that mean nothing in an address, and that a database may refuse
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
SHOWN_FACETS = 12
# How often results are asked for again because one of them went out of sight meanwhile
ATTEMPTS = 3
# Seconds between two attempts to heal a lost index that pages ask for
HEAL_EVERY = 60
KINDS = {
    "article": "Articles",
    "post": "Posts",
    "user": "People",
    "department": "Departments",
    "community": "Communities",
    "topic": "Topics",
}
KIND_OF_ONE = {
    "article": "Article",
    "post": "Post",
    "user": "Person",
    "department": "Department",
    "community": "Community",
    "topic": "Topic",
}


@dataclass(frozen=True)
class Asked:
    """What the address of the page asks for."""

    text: str
    kind: str = ""
    department: str = ""
    topic: str = ""
    page: int = 1

    @classmethod
    def of(cls, request: HttpRequest) -> Asked:
        """Read from the query string; what makes no sense there is as good as not said."""
        said = {name: " ".join(CONTROL.sub(" ", str(value)).split()) for name, value in request.GET.items()}
        kind, page = said.get("kind", ""), said.get("page", "1")
        return cls(
            text=said.get("q", "")[:MAX_TEXT].strip(),
            kind=kind if kind in KINDS else "",
            department=said.get("department", "")[:160],
            topic=said.get("topic", "")[:100],
            page=min(max(int(page), 1), LAST_PAGE) if page.isdecimal() and len(page) < 4 else 1,
        )

    def link(self, **changes: Any) -> str:
        """The address of the same question with `changes`; on its first page unless they say."""
        values = {"q": self.text, "kind": self.kind, "department": self.department, "topic": self.topic}
        return "?" + urlencode({name: value for name, value in {**values, **changes}.items() if value})


@dataclass(frozen=True)
class Result:
    """A hit and the object it found."""

    kind: str
    label: str
    hit: Hit
    object: Any


@require_safe
@limited("search", "120/m", methods=("GET",))
def search(request: HttpRequest) -> HttpResponse:
    """Results for ?q=, narrowed by ?kind=, ?department= (slug) and ?topic= (slug)."""
    asked = Asked.of(request)
    context: dict[str, Any] = {"asked": asked, "search_query": asked.text}
    if asked.text:
        try:
            context |= _answer(request.user, asked)
        except SearchUnavailable as error:
            logger.error("search: %s", error)
            _heal()
            context["unavailable"] = True
    return render(request, "intranet/search.html", context)


def _answer(user: Any, asked: Asked) -> dict[str, Any]:
    department = Department.objects.visible_to(user).filter(slug=asked.department).first() if asked.department else None
    topic = Topic.objects.visible_to(user).filter(slug=asked.topic).first() if asked.topic else None
    # A filter by what is not there, or not for this reader, is none
    asked = replace(asked, department=department.slug if department else "", topic=topic.slug if topic else "")
    query = Query(
        text=asked.text,
        audiences=frozenset(audiences_for(user).values_list("pk", flat=True)),
        kinds=frozenset({asked.kind} if asked.kind else ()),
        departments=frozenset({department.pk} if department else ()),
        topics=frozenset({topic.pk} if topic else ()),
        offset=(asked.page - 1) * PAGE,
        limit=PAGE,
    )
    found, results = _found(user, query)
    if asked.page > 1 and found.total and not found.hits:
        return _answer(user, replace(asked, page=1))
    return {
        "asked": asked,
        "results": results,
        "total": found.total,
        "first": query.offset + 1,
        "last": query.offset + len(results),
        "corrected": asked.link(q=found.corrected) if found.corrected else "",
        "correction": found.corrected,
        "facets": _facets(user, asked, found, department, topic),
        "previous": asked.link(page=asked.page - 1) if asked.page > 1 else "",
        "next": asked.link(page=asked.page + 1) if found.total > asked.page * PAGE and asked.page < LAST_PAGE else "",
    }


def _found(user: Any, query: Query) -> tuple[Results, list[Result]]:
    """What the index finds and `user` may see now; what they may not see any more is not counted either."""
    changed = indexing.pending()
    gone = {(kind, id_) for kind, ids in changed.items() for id_ in ids - registered()[kind].visible_ids(user, ids)}
    gone |= indexing.taken_back()
    for _ in range(ATTEMPTS):
        found = engine().search(replace(query, exclude=frozenset(gone)))
        objects = _objects(user, found)
        absent = {(hit.kind, hit.id) for hit in found.hits} - objects.keys()
        if not absent:
            break
        # Changed since the look at what had changed
        gone |= absent
    hits = _with_current_words(found.hits, changed)
    return found, [
        Result(hit.kind, KIND_OF_ONE[hit.kind], hit, objects[hit.kind, hit.id])
        for hit in hits
        if (hit.kind, hit.id) in objects
    ]


def _objects(user: Any, found: Results) -> dict[tuple[str, int], Any]:
    """The objects of the hits, read through what `user` may see."""
    ids: dict[str, list[int]] = {}
    for hit in found.hits:
        ids.setdefault(hit.kind, []).append(hit.id)
    return {
        (kind, id_): row
        for kind, wanted in ids.items()
        for id_, row in registered()[kind].present(user, wanted).items()
    }


def _with_current_words(hits: list[Hit], changed: Mapping[str, set[int]]) -> list[Hit]:
    """The hits, with what is shown read anew where it changed: words taken back are not quoted."""
    stale: dict[str, list[int]] = {}
    for hit in hits:
        if hit.id in changed.get(hit.kind, ()):
            stale.setdefault(hit.kind, []).append(hit.id)
    fresh = {(kind, row.id): row for kind, ids in stale.items() for row in registered()[kind].documents(ids)}
    return [
        replace(hit, title_html=mark_safe(escape(row.title)), snippet=mark_safe(escape(row.summary)))
        if (row := fresh.get((hit.kind, hit.id)))
        else hit
        for hit in hits
    ]


def _facets(
    user: Any, asked: Asked, found: Results, department: Department | None, topic: Topic | None
) -> list[dict[str, Any]]:
    kinds = found.facets.get("kind", {})
    departments = _named(Department.objects.visible_to(user), found.facets.get("department", {}), department)
    topics = _named(Topic.objects.visible_to(user), found.facets.get("topic", {}), topic)
    return [
        {
            "title": "Kind",
            "all": asked.link(kind=""),
            "values": [_value(asked, "kind", kind, KINDS[kind], kinds.get(kind, 0), asked.kind) for kind in KINDS],
        },
        {
            "title": "Department",
            "all": asked.link(department=""),
            "values": [_value(asked, "department", row.slug, row.name, n, asked.department) for row, n in departments],
        },
        {
            "title": "Topic",
            "all": asked.link(topic=""),
            "values": [_value(asked, "topic", row.slug, row.name, n, asked.topic) for row, n in topics],
        },
    ]


def _named(rows: Any, counts: Mapping[Any, int], chosen: Any) -> list[tuple[Any, int]]:
    """The commonest values as rows, with their numbers; the chosen one always among them."""
    common = sorted(counts, key=lambda id_: -counts[id_])[:SHOWN_FACETS]
    found = {row.pk: row for row in rows.filter(pk__in=common)}
    if chosen:
        found[chosen.pk] = chosen
    return sorted(((row, counts.get(pk, 0)) for pk, row in found.items()), key=lambda pair: (-pair[1], str(pair[0])))


def _value(asked: Asked, name: str, value: str, label: str, count: int, chosen: str) -> dict[str, Any]:
    is_chosen = value == chosen
    link = asked.link(**{name: "" if is_chosen else value})
    return {"label": label, "count": count, "href": link, "chosen": is_chosen}


def _heal() -> None:
    """Have the worker rebuild the index, once a minute at most; one that follows the changes looks by itself."""
    if not settings.SEARCH_FOLLOWED and cache.add("search-heal", True, HEAL_EVERY):
        update_search_index.enqueue()
