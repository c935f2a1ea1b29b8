"""Posts with their threads as the search engine takes them. An article's own post is found as the article."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import Prefetch

from feeds.models import Comment, Post
from intranet.lib import markdown
from intranet.lib.search.protocol import Document
from intranet.lib.search.registry import register
from profiles.searchable import Above, listed, only, searchable

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


register(searchable("post", Post, _posts, lambda rows: rows.for_feed(), repeating=_repeating))
