"""Posts with their threads as the search engine takes them. An article's own post is found as the article."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse

from feeds.models import Comment, Post, PostKind
from intranet.lib import markdown
from intranet.lib.search.protocol import Document
from intranet.lib.search.registry import Line, Searchable, register
from profiles.searchable import Above, day, listed, marked, only

TITLE = 90
# Said in passing, beside what was written to last
BOOST = 0.75


def _posts(ids: Iterable[int] | None) -> Iterator[Document]:
    above = Above()
    said = Prefetch("comments", Comment.objects.filter(hidden_at__isnull=True).order_by("pk"), "said")
    rows = Post.objects.filter(hidden_at__isnull=True, article__isnull=True)
    for row in only(rows.select_related("author").prefetch_related("topics", said), ids):
        text = markdown.plain(row.body)
        yield Document(
            kind="post",
            id=row.pk,
            # A picture alone has no words
            title=markdown.excerpt(row.body, TITLE) or f"Post by {row.author.name}",
            body=listed(text, *(markdown.plain(comment.body) for comment in row.said), row.author.name),
            at=row.created_at,
            audiences=frozenset({row.audience_id}),
            departments=above(row.department_id),
            topics=frozenset(topic.pk for topic in row.topics.all()),
            boost=BOOST,
        )


def _repeating(kind: str, id_: int) -> Iterable[int]:
    if kind == "department":
        return Post.objects.filter(department__ancestor_rows__ancestor=id_).values_list("pk", flat=True)
    return Post.objects.filter(author=id_).values_list("pk", flat=True) if kind == "user" else ()


def _line(row: Any) -> Line:
    kind = f" · {PostKind(row['kind']).label}" if row["kind"] != PostKind.UPDATE else ""
    audience = row["audience_department"] or row["audience_community"] or "Everyone"
    facts = (row["author"], row["department"], day(row["created_at"]), audience, "Answered" if row["answer"] else "")
    return Line(
        href=reverse("post", args=[row["id"]]), label=f"Post{kind}", facts=tuple(filter(None, facts)), **marked(row)
    )


register(
    Searchable(
        kind="post",
        documents=_posts,
        visible=Post.objects.visible_to,
        shown={
            "id": "pk",
            "kind": "kind",
            "marking": "marking",
            "handling": "handling",
            "author": "author__name",
            "department": "department__label",
            "created_at": "created_at",
            "audience_department": "audience__department__name",
            "audience_community": "audience__community__name",
            "answer": "answer_id",
        },
        line=_line,
        repeating=_repeating,
    )
)
