"""Notifications as their list shows them: a page of rows, each of which is all that its fragment shows."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet, Subquery
from django.db.models.functions import Substr
from django.urls import reverse
from django.utils.safestring import SafeString

from feeds.models import Comment, Notification, NotificationKind
from intranet.lib.compiled import Compiled
from intranet.lib.kept import finished, kept
from intranet.lib.merged import ordered
from intranet.lib.pagination import KeysetPage, keyset_page
from profiles.audience import Marking
from profiles.models import User

PAGE = 20
# Of so many the first page is made, where they are enough
LATELY = 60
# Letters of what was said that are read; fewer are shown
READ = 400


class Notice(NamedTuple):
    """A notification with what it shows of others than itself."""

    pk: int
    created_at: datetime.datetime
    is_read: bool
    kind: str
    recipient_id: int
    actor_id: int | None
    actor_name: str | None
    post_id: int | None
    marking: str | None
    handling: str | None
    post_body: str | None
    article_title: str | None
    comment_id: int | None
    comment_is_hidden: bool | None
    comment_body: str | None
    community_slug: str | None
    community_name: str | None

    @property
    def href(self) -> str:
        """Where to see what happened."""
        if self.comment_id and self.post_id:
            return Comment(pk=self.comment_id, post_id=self.post_id).get_absolute_url()
        if self.post_id:
            return reverse("post", args=[self.post_id])
        if self.community_slug:
            return reverse("community", args=[self.community_slug])
        return reverse("person", args=[self.actor_id or self.recipient_id])

    @property
    def words(self) -> str:
        """What it is about, in its own words."""
        if self.comment_id and not self.comment_is_hidden:
            return self.comment_body or ""
        return self.article_title or self.post_body or ""

    @property
    def kind_label(self) -> str:
        return str(NotificationKind(self.kind).label)

    @property
    def marking_label(self) -> str:
        """Empty unless it is more than everything has."""
        return str(Marking(self.marking).label) if self.marking and self.marking != Marking.OFFICIAL else ""


def _rows(told: QuerySet[Notification], *, backward: bool = False, size: int = PAGE + 1) -> QuerySet[Any, Any]:
    """The first of `told`: which they are is found before anything is joined to them."""
    first = ordered(told, backward=backward).values("pk")[:size]
    rows: Any = Notification.objects.filter(pk__in=first)
    return ordered(rows, backward=backward).values_list(
        "pk", "created_at", Q(read_at__isnull=False), "kind", "recipient_id", "actor_id", "actor__name",
        "post_id", "post__marking", "post__handling", Substr("post__body", 1, 80), "post__article__title",
        "comment_id", Q(comment__hidden_at__isnull=False), Substr("comment__body", 1, READ),
        "community__slug", "community__name",
    )  # fmt: skip


def _lately(user: Any, among: int) -> QuerySet[Any, Any]:
    own = ordered(Notification.objects.filter(recipient_id=user.pk), backward=False)
    since = Subquery(own.values("created_at")[among - 1 : among])
    return _rows(Notification.objects.visible_to(user).filter(created_at__gte=since))


# Whoever was told thousands of things has a page of them among the newest, nearly always
_LATELY = Compiled(lambda user: _lately(user, LATELY))
_EVER = Compiled(lambda user: _rows(Notification.objects.visible_to(user)))


def page(user: User, *, cursor: str | None) -> KeysetPage[Notice]:
    """A page of what `user` should know of, newest first.

    Raises:
        BadCursor: this list never gave it out.
    """
    if not cursor:
        found = _LATELY.rows(user=user)
        if len(found) <= PAGE:
            found = _EVER.rows(user=user)
        everything: Any = Notification.objects.all()
        return keyset_page(everything, cursor=None, size=PAGE, read=lambda *_: [Notice(*row) for row in found])

    told: Any = Notification.objects.visible_to(user)

    def read(told: QuerySet[Any], backward: bool, size: int) -> list[Any]:
        return [Notice(*row) for row in _rows(told, backward=backward, size=size)]

    return keyset_page(told, cursor=cursor, size=PAGE, read=read)


def item(notice: Notice, *, token: str) -> SafeString:
    """A notification as HTML; `token` is its reader's, for the form."""
    return finished(kept("feeds/_notification.html", notice, lambda: {"notification": notice}), token)
