"""How an article's page is read: the article for one reader in one row, and what it shows as kept HTML."""

from __future__ import annotations

import datetime
from collections.abc import Hashable
from functools import partial
from typing import Any, NamedTuple

from django.db.models import CharField, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from intranet.lib.compiled import Compiled
from intranet.lib.kept import finished, kept
from intranet.lib.stamp import Stamp
from knowledge.models import Article, ArticleState, ArticleTopic
from knowledge.rendering import contents
from profiles.models.department import DepartmentName
from profiles.permissions import Permission, holds_over_content, is_own


class Shown(NamedTuple):
    """An article, for one reader.

    Attributes:
        edits: whether a role lets the reader change it; their own they may change anyway.
        withdraws: likewise for withdrawing it.
        seen: everything else that its page shows, or what every change of it raises.
    """

    pk: int
    slug: str
    title: str
    state: str
    review_on: datetime.date | None
    author_id: int
    owner_id: int
    edits: bool
    withdraws: bool
    seen: tuple[Any, ...]

    @property
    def key(self) -> Hashable:
        """What the article is shown with to everybody, today."""
        is_due = bool(self.review_on and self.review_on <= timezone.localdate())
        people = self.author_id, self.owner_id
        return self.pk, self.slug, self.title, self.state, self.review_on, is_due, people, self.seen

    @property
    def is_withdrawn(self) -> bool:
        return self.state == ArticleState.WITHDRAWN

    def may_edit(self, user: Any) -> bool:
        return not self.is_withdrawn and (self.edits or is_own(user, Permission.EDIT, self))

    def may_withdraw(self, user: Any) -> bool:
        is_draft = self.state == ArticleState.DRAFT
        return not is_draft and (self.withdraws or is_own(user, Permission.WITHDRAW, self))

    def get_absolute_url(self) -> str:
        return reverse("article", args=[self.slug])


FIRST = ("pk", "slug", "title", "state", "review_on", "author_id", "owner_id", "edits", "withdraws")
# The body's HTML is written with the version and the time of the change
SEEN = (
    "version", "updated_at", "published_at", "withdrawn_at", "withdrawn_reason", "withdrawn_by__name",
    "kind", "summary", "marking", "handling", "audience__department__name", "audience__community__name",
    "department__slug", "department__name", "department__abbreviation", "names_stamp", "topic_stamp",
    "author__name", "owner__name", "owner__photo_key", "owner__job_title", "owner__email",
    "owner__main_department__name", "owner__main_department__label",
)  # fmt: skip


def _articles(user: Any, slug: Any) -> QuerySet[Any, Any]:
    topics = ArticleTopic.objects.filter(content_object=OuterRef(OuterRef("pk"))).values("tag_id")
    shown: QuerySet[Any, Any] = (
        Article.objects.visible_to(user)
        .filter(slug=slug)
        .annotate(
            edits=Q(holds_over_content(user, Permission.EDIT, topics=topics)),
            withdraws=Q(holds_over_content(user, Permission.WITHDRAW, topics=topics)),
            topic_stamp=Stamp(ArticleTopic.objects.filter(content_object=OuterRef("pk")), "tag__slug", "tag__name"),
            names_stamp=Stamp(
                DepartmentName.objects.filter(department=OuterRef("department_id")), "name", "from_on", "pk"
            ),
        )
    )
    return shown.values_list(*FIRST, *SEEN)


_ARTICLE = Compiled(_articles, slug=CharField())


def article(user: Any, slug: str) -> Shown | None:
    """The article at `slug`, where `user` may see it."""
    row = _ARTICLE.row(user=user, slug=slug)
    return Shown._make((*row[: len(FIRST)], tuple(row[len(FIRST) :]))) if row else None


def words(user: Any, shown: Shown) -> SafeString:
    """The article itself, as HTML."""
    return SafeString(kept("knowledge/_article.html", shown.key, partial(_context, user, shown)))


def about(user: Any, shown: Shown) -> SafeString:
    """Who answers for it and where it comes from, as HTML."""
    return SafeString(kept("knowledge/_about.html", shown.key, partial(_context, user, shown)))


def actions(user: Any, shown: Shown, *, token: str) -> SafeString | str:
    """What its reader may do to it, as HTML; empty where that is nothing."""
    may = shown.may_edit(user), shown.may_withdraw(user)
    if not any(may):
        return ""
    context = {"article": shown, "may_edit": may[0], "may_withdraw": may[1]}
    return finished(kept("knowledge/_actions.html", (shown.slug, shown.state, may), lambda: context), token)


def _context(user: Any, shown: Shown) -> dict[str, Any]:
    whole = Article.objects.visible_to(user).for_page().get(pk=shown.pk)
    published_on = timezone.localdate(whole.published_at) if whole.published_at else None
    return {
        "article": whole,
        "topics": whole.topics.all(),
        "contents": contents(whole.body_html),
        "department_then": whole.department.name_on(published_on) if whole.department and published_on else "",
    }
