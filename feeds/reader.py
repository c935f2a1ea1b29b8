"""What the pages of the feed need to know of who reads them, each in one query whose SQL is kept."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import Exists, Max, Q, Subquery, Value
from django.db.models.functions import Coalesce

from feeds.models import Follow, LiveEvent, Notification
from intranet.lib.compiled import Compiled
from profiles.audience import writable_by
from profiles.models import CommunityMembership, User
from profiles.permissions import Permission, holds_everywhere

# More than that nobody counts, and counting them all would take the longer the longer somebody was away
MANY_UNREAD = 100


class Facts(NamedTuple):
    """What home and the feeds ask of their reader.

    Attributes:
        at: the number up to which live updates were handed out.
        may_hide: whether they may remove what others said.
        follows_anything: whether Following has something to be made of.
    """

    at: int = 0
    may_hide: bool = False
    follows_anything: bool = False


def live_at() -> Coalesce:
    """The number up to which live updates were handed out, for queries."""
    top = LiveEvent.objects.order_by().values(one=Value(1)).annotate(top=Max("number")).values("top")
    return Coalesce(Subquery(top), 0)


def _facts(user: Any) -> Any:
    follows = Exists(Follow.objects.filter(user_id=user.pk))
    joined = Exists(CommunityMembership.objects.current().filter(user_id=user.pk))
    return User.objects.filter(pk=user.pk).values_list(
        live_at(), Q(holds_everywhere(user, Permission.HIDE)), Q(follows | joined)
    )


_FACTS = Compiled(_facts)
_WRITABLE = Compiled(
    lambda user: (
        writable_by(user)
        .values_list("pk", Coalesce("department__name", "community__name", Value("")))
        # By the kinds' names backwards: everyone, departments, communities
        .order_by("-kind", "department__name", "community__name")
    )
)
_UNREAD = Compiled(lambda user: Notification.objects.visible_to(user).unread().values_list("pk")[:MANY_UNREAD])


def facts(user: Any) -> Facts:
    """The facts of `user` now. Read before what is listed: what commits in between is told twice rather than never."""
    row = _FACTS.row(user=user)
    return Facts(*row) if row else Facts()


def writable(user: Any) -> dict[int, str]:
    """The audiences `user` may write to, in the order they are offered in: ids and names, "" for everyone."""
    return dict(_WRITABLE.rows(user=user))


def unread(user: Any) -> int:
    """How many notifications wait for `user`, at most MANY_UNREAD."""
    return len(_UNREAD.rows(user=user))
