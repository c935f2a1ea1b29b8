"""Articles as the search engine takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q
from django.urls import reverse

from intranet.lib import markdown
from intranet.lib.compiled import today
from intranet.lib.search.protocol import Document
from intranet.lib.search.registry import Line, Searchable, register
from knowledge.models import Article, ArticleKind, ArticleTopic
from knowledge.models.article import ArticleQuerySet
from profiles.models import Department
from profiles.searchable import Above, aliases_of, day, listed, marked, only

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


def _visible(user: Any) -> ArticleQuerySet:
    return Article.objects.visible_to(user).published()


def _line(row: Any) -> Line:
    review = day(row["review_on"]) if row["review_on"] else ""
    facts = (
        f"Owner: {row['owner']}",
        row["department"],
        f"Updated {day(row['updated_at'])}",
        review and f"{'Review overdue since' if row['is_due'] else 'Good until'} {review}",
    )
    return Line(
        href=reverse("article", args=[row["slug"]]),
        label=f"Article · {ArticleKind(row['kind']).label}",
        facts=tuple(filter(None, facts)),
        **marked(row),
    )


register(
    Searchable(
        kind="article",
        documents=_articles,
        visible=_visible,
        shown={
            "slug": "slug",
            "kind": "kind",
            "marking": "marking",
            "handling": "handling",
            "owner": "owner__name",
            "department": "department__label",
            "updated_at": "updated_at",
            "review_on": "review_on",
            "is_due": Q(review_on__lte=today()),
        },
        line=_line,
        repeating=_repeating,
    )
)
