"""The list of articles: a page of rows, each of which is all that its fragment shows."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

from django.db.models import OuterRef, Q
from django.utils.safestring import SafeString, mark_safe

from intranet.lib.compiled import Compiled, today
from intranet.lib.kept import kept
from intranet.lib.nested import nested, unnested
from intranet.lib.pagination import KeysetPage, keyset_page
from knowledge.models import Article, ArticleKind, ArticleState, ArticleTopic
from knowledge.models.article import ArticleQuerySet
from profiles.audience import Marking
from profiles.models import Topic, User

PAGE = 20
NEWEST_CHANGE_FIRST = ("-updated_at", "-pk")


class ArticleRow(NamedTuple):
    """An article with what a list shows of others than itself; `topics` as `nested` has them."""

    pk: int
    updated_at: datetime.datetime
    slug: str
    title: str
    summary: str
    kind: str
    marking: str
    state: str
    is_due: bool | None
    owner: str
    department_abbreviation: str | None
    department_label: str | None
    audience_department: str | None
    audience_community: str | None
    topics: str

    @property
    def kind_label(self) -> str:
        return str(ArticleKind(self.kind).label)

    @property
    def marking_label(self) -> str:
        """Empty unless it is more than everything has."""
        return str(Marking(self.marking).label) if self.marking != Marking.OFFICIAL else ""

    @property
    def department(self) -> str:
        return self.department_abbreviation or self.department_label or ""

    @property
    def audience(self) -> str:
        return self.audience_department or self.audience_community or "Everyone"

    @property
    def is_review_due(self) -> bool:
        return bool(self.is_due) and self.state == ArticleState.PUBLISHED


def _rows(articles: ArticleQuerySet, *, backward: bool = False, size: int = PAGE + 1) -> Any:
    """The first of `articles`: which they are is found before anything is joined to them."""
    key = ("updated_at", "pk") if backward else NEWEST_CHANGE_FIRST
    first = articles.order_by(*key).values("pk")[:size]
    topics = ArticleTopic.objects.filter(content_object=OuterRef("pk")).order_by("tag__name", "tag_id")
    rows: Any = Article.objects.filter(pk__in=first)
    return rows.order_by(*key).values_list(
        "pk", "updated_at", "slug", "title", "summary", "kind", "marking", "state", Q(review_on__lte=today()),
        "owner__name", "department__abbreviation", "department__label",
        "audience__department__name", "audience__community__name", nested(topics, "tag__slug", "tag__name"),
    )  # fmt: skip


_PUBLISHED = Compiled(lambda user: _rows(Article.objects.visible_to(user).published()))
_DRAFTS = Compiled(lambda user: _rows(Article.objects.visible_to(user).drafts()))


def first_page(user: User, *, is_drafts: bool) -> KeysetPage[ArticleRow]:
    """What is published, or the drafts of `user`; the newest change first."""
    found = (_DRAFTS if is_drafts else _PUBLISHED).rows(user=user)
    everything: Any = Article.objects.all()
    return _page(everything, None, lambda *_: [ArticleRow(*row) for row in found])


def page(articles: ArticleQuerySet, *, cursor: str | None) -> KeysetPage[ArticleRow]:
    """A page of `articles`, the newest change first.

    Raises:
        BadCursor: this list never gave it out.
    """

    def read(rows: Any, backward: bool, size: int) -> list[ArticleRow]:
        return [ArticleRow(*row) for row in _rows(rows, backward=backward, size=size)]

    return _page(articles, cursor, read)


def _page(articles: Any, cursor: str | None, read: Any) -> KeysetPage[ArticleRow]:
    return keyset_page(articles, key=NEWEST_CHANGE_FIRST, cursor=cursor, size=PAGE, read=read)


def item(row: ArticleRow) -> SafeString:
    """An article as HTML."""

    def context() -> dict[str, Any]:
        return {"article": row, "topics": [Topic(slug=slug, name=name) for slug, name in unnested(row.topics)]}

    return mark_safe(kept("knowledge/_row.html", row, context))
