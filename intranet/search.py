"""The search page: joins what the apps make searchable, over what its reader may see and nothing else."""

from __future__ import annotations

import json
import logging
import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import quote_plus, urlencode

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from intranet.lib.kept import filled, kept, place_of
from intranet.lib.limits import limited
from intranet.lib.pages import page, text
from intranet.lib.search import engine
from intranet.lib.search.protocol import Hit, Query, Results, SearchUnavailable
from intranet.lib.search.registry import registered
from profiles import found, indexing
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
# Fragments of the page that are kept, and their places for what differs each time
RESULT, FACET_VALUE = "intranet/_result.html", "intranet/_facet_value.html"
PLACES = {"href": place_of("href"), "count": place_of("count")}


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


class Answer(NamedTuple):
    """What the index found, its hits in their current words, and the rows of what the page names, by kind and id."""

    results: Results
    hits: list[Hit]
    rows: dict[found.Key, str]


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
    if not context.get("total"):
        return render(request, "intranet/search.html", context)
    return page(request, "intranet/search.html", _in_places(context))


def _in_places(context: dict[str, Any]) -> dict[str, Any]:
    """Results as they are put into the frame of the page: nothing that was asked or found is in the frame itself."""
    named = ("total", "first", "last", "corrected", "correction", "previous", "next")
    asked: Asked = context["asked"]
    narrowed = {"kind": bool(asked.kind), "department": bool(asked.department), "topic": bool(asked.topic)}
    return {
        **context,
        **{name: text(context[name]) if context[name] else "" for name in named},
        "asked": {"text": text(asked.text), **narrowed},
        "results_in_words": text(f"{context['total']} result{'' if context['total'] == 1 else 's'}"),
    }


def _answer(user: Any, asked: Asked) -> dict[str, Any]:
    department = found.named(user, "department", asked.department) if asked.department else None
    topic = found.named(user, "topic", asked.topic) if asked.topic else None
    # A filter by what is not there, or not for this reader, is none
    asked = replace(asked, department=asked.department if department else "", topic=asked.topic if topic else "")
    query = Query(
        text=asked.text,
        audiences=found.audience_ids(user),
        kinds=frozenset({asked.kind} if asked.kind else ()),
        departments=frozenset({department} if department else ()),
        topics=frozenset({topic} if topic else ()),
        offset=(asked.page - 1) * PAGE,
        limit=PAGE,
    )
    answer = _found(user, query)
    results = answer.results
    if asked.page > 1 and results.total and not results.hits:
        return _answer(user, replace(asked, page=1))
    items = _items(answer)
    return {
        "asked": asked,
        "results": mark_safe("".join(items)),
        "total": results.total,
        "first": query.offset + 1,
        "last": query.offset + len(items),
        "corrected": asked.link(q=results.corrected) if results.corrected else "",
        "correction": results.corrected,
        "facets": _facets(asked, answer, query),
        "previous": asked.link(page=asked.page - 1) if asked.page > 1 else "",
        "next": asked.link(page=asked.page + 1) if results.total > asked.page * PAGE and asked.page < LAST_PAGE else "",
    }


def _found(user: Any, query: Query) -> Answer:
    """What the index finds and `user` may see now; what they may not see any more is not counted either."""
    pending = indexing.pending()
    gone = _keys(pending.changed) - found.visible(user, pending.changed) | _keys(pending.taken_back)
    for _ in range(ATTEMPTS):
        results = engine().search(replace(query, exclude=frozenset(gone)))
        rows = found.rows(user, _wanted(results, query))
        absent = {(hit.kind, hit.id) for hit in results.hits} - rows.keys()
        if not absent:
            break
        # Changed since the look at what had changed
        gone |= absent
    return Answer(results, _with_current_words(results.hits, pending.changed), rows)


def _keys(ids: Mapping[str, set[int]]) -> set[found.Key]:
    return {(kind, id_) for kind, of_kind in ids.items() for id_ in of_kind}


def _wanted(results: Results, query: Query) -> dict[str, set[int]]:
    """The ids, by kind, of everything the page names: the hits, and what it offers to narrow them with."""
    ids: dict[str, set[int]] = defaultdict(set)
    for hit in results.hits:
        ids[hit.kind].add(hit.id)
    for kind, chosen in (("department", query.departments), ("topic", query.topics)):
        ids[kind].update(_commonest(results, kind), chosen)
    return ids


def _commonest(results: Results, name: str) -> list[Any]:
    counts = results.facets.get(name, {})
    return sorted(counts, key=lambda value: -counts[value])[:SHOWN_FACETS]


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


def _items(answer: Answer) -> list[SafeString]:
    """The results as HTML: kept for everybody under what is shown of each, the words found put in."""

    def item(hit: Hit, row: str) -> SafeString:
        def context() -> dict[str, Any]:
            line, quotes = registered()[hit.kind].line(json.loads(row)), bool(hit.snippet)
            places = {"title": place_of("title"), "snippet": place_of("snippet") if quotes else ""}
            return {"kind": hit.kind, "id": hit.id, "line": line, **places}

        html = kept(RESULT, (hit.kind, hit.id, row, bool(hit.snippet)), context)
        return filled(html, title=hit.title_html, snippet=hit.snippet)

    return [item(hit, row) for hit in answer.hits if (row := answer.rows.get((hit.kind, hit.id)))]


def _facets(asked: Asked, answer: Answer, query: Query) -> list[dict[str, Any]]:
    kinds = answer.results.facets.get("kind", {})
    departments = _named(answer, "department", query.departments)
    topics = _named(answer, "topic", query.topics)
    return [
        _facet(asked, "kind", "Kind", asked.kind, [(kind, KINDS[kind], kinds.get(kind, 0)) for kind in KINDS]),
        _facet(asked, "department", "Department", asked.department, departments),
        _facet(asked, "topic", "Topic", asked.topic, topics),
    ]


def _named(answer: Answer, kind: str, chosen: Collection[int]) -> list[tuple[str, str, int]]:
    """The commonest values, by slug and name, with their numbers; the chosen one always among them."""
    counts = answer.results.facets.get(kind, {})
    shown = [
        (json.loads(row), counts.get(id_, 0))
        for id_ in {*_commonest(answer.results, kind), *chosen}
        if (row := answer.rows.get((kind, id_)))
    ]
    values = [(row["slug"], row["name"], count) for row, count in shown]
    return sorted(values, key=lambda value: (-value[2], value[1]))


def _facet(asked: Asked, name: str, title: str, chosen: str, values: list[tuple[str, str, int]]) -> dict[str, Any]:
    """A filter with its values as HTML, those that nothing has left out."""
    # The value comes last, so that the address before it is made once
    start = asked.link(**{name: ""})

    def item(value: str, label: str, count: int) -> SafeString:
        is_chosen = value == chosen
        html = kept(FACET_VALUE, (label, is_chosen), lambda: {"label": label, "is_chosen": is_chosen, **PLACES})
        return filled(html, href=start if is_chosen else f"{start}&{name}={quote_plus(value)}", count=count)

    items = [item(*each) for each in values if each[2] or each[0] == chosen]
    return {"title": title, "values": mark_safe("".join(items))}


def _heal() -> None:
    """Have the worker rebuild the index, once a minute at most; one that follows the changes looks by itself."""
    if not settings.SEARCH_FOLLOWED and cache.add("search-heal", True, HEAL_EVERY):
        update_search_index.enqueue()
