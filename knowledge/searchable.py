"""Articles as the search engine takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from intranet.lib import markdown
from intranet.lib.search.protocol import Document
from intranet.lib.search.registry import register
from knowledge.models import Article, ArticleTopic
from profiles.models import Department
from profiles.searchable import Above, aliases_of, listed, only, searchable

# Written to last, where a post of the same words was written in passing
BOOST = 1.3


def _articles(ids: Iterable[int] | None) -> Iterator[Document]:
    above = Above()
    rows = Article.objects.published().filter(hidden_at__isnull=True).prefetch_related("topics__aliases")
    for row in only(rows, ids):
        yield Document(
            kind="article",
            id=row.pk,
            title=row.title,
            names=(row.title,),
            summary=row.summary,
            body=markdown.plain(row.body),
            also=listed(*(topic.name for topic in row.topics.all()), aliases_of(row.topics.all())),
            at=row.updated_at,
            audiences=frozenset({row.audience_id}),
            departments=above(row.department_id),
            topics=frozenset(row.topic_ids),
            boost=BOOST,
        )


def _repeating(kind: str, id_: int) -> Iterable[int]:
    if kind == "department":
        return Article.objects.of_department(Department(pk=id_)).values_list("pk", flat=True)
    return ArticleTopic.objects.filter(tag=id_).values_list("content_object_id", flat=True) if kind == "topic" else ()


register(searchable("article", Article, _articles, lambda rows: rows.published().for_list(), repeating=_repeating))
