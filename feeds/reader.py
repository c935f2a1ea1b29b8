"""What the pages of the feed need to know of who reads them, in one query whose SQL is kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Exists, Max, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse

from feeds.models import Follow, LiveEvent, Notification
from intranet.lib.compiled import Compiled
from intranet.lib.nested import counted, nested, unnested
from profiles.audience import writable_by
from profiles.models import CommunityMembership, User
from profiles.permissions import Permission, holds_everywhere

# More than that nobody counts, and counting them all would take the longer the longer somebody was away
MANY_UNREAD = 100


class Joined(NamedTuple):
    """A community as a link."""

    name: str
    slug: str

    def get_absolute_url(self) -> str:
        return reverse("community", args=[self.slug])


@dataclass
class Facts:
    """What home and the feeds ask of their reader.

    Attributes:
        at: the number up to which live updates were handed out.
        may_hide: whether they may remove what others said.
        follows_anything: whether Following has something to be made of.
        unread: how many notifications wait for them, at most MANY_UNREAD.
        audiences: those they may write to, as `nested` rows of id, name and community's slug.
    """

    at: int = 0
    may_hide: bool = False
    follows_anything: bool = False
    unread: int = 0
    audiences: str = "[]"

    @cached_property
    def _rows(self) -> list[list[Any]]:
        return unnested(self.audiences)

    @cached_property
    def writable(self) -> dict[int, str]:
        """The audiences they may write to, as the function of that name tells them."""
        return {pk: name for pk, name, _ in self._rows}

    @property
    def joined(self) -> list[Joined]:
        """The communities they may write to, which are those they belong to, by name."""
        return [Joined(name, slug) for _, name, slug in self._rows if slug]


def live_at() -> Coalesce:
    """The number up to which live updates were handed out, for queries."""
    top = LiveEvent.objects.order_by().values(one=Value(1)).annotate(top=Max("number")).values("top")
    return Coalesce(Subquery(top), 0)


def _unread(user: Any) -> Any:
    return Notification.objects.visible_to(user).unread().values_list("pk")[:MANY_UNREAD]


def how_many_unread(user: Any) -> Subquery:
    """How many notifications wait for `user`, at most MANY_UNREAD, for queries."""
    return counted(_unread(user))


def _writable(user: Any) -> Any:
    # By the kinds' names backwards: everyone, departments, communities
    return writable_by(user).order_by("-kind", "department__name", "community__name")


# "" for everyone
_NAME = Coalesce("department__name", "community__name", Value(""))


def _facts(user: Any) -> Any:
    follows = Exists(Follow.objects.filter(user_id=user.pk))
    joined = Exists(CommunityMembership.objects.current().filter(user_id=user.pk))
    return User.objects.filter(pk=user.pk).values_list(
        live_at(),
        Q(holds_everywhere(user, Permission.HIDE)),
        Q(follows | joined),
        how_many_unread(user),
        nested(_writable(user), "pk", _NAME, Coalesce("community__slug", Value(""))),
    )


_FACTS = Compiled(_facts)
_UNREAD = Compiled(_unread)
_WRITABLE = Compiled(lambda user: _writable(user).values_list("pk", _NAME))


def facts(user: Any) -> Facts:
    """The facts of `user` now."""
    row = _FACTS.row(user=user)
    return Facts(*row) if row else Facts()


def facts_for(request: HttpRequest) -> Facts:
    """The facts of who asks, read once for a request.

    Ask before reading what is listed: what commits in between is then told twice rather than never.
    """
    known = known_facts(request)
    if known is None:
        known = request.reader_facts = facts(request.user)  # type: ignore[attr-defined]
    return known


def known_facts(request: HttpRequest) -> Facts | None:
    """The facts of who asks where they were read already."""
    return getattr(request, "reader_facts", None)


def note_unread(request: HttpRequest, number: int | None) -> None:
    """Remember for the navigation how many notifications wait for who asks; None where that has changed since."""
    request.reader_unread = number  # type: ignore[attr-defined]


def known_unread(request: HttpRequest) -> int | None:
    """How many notifications wait for who asks, where that was read already."""
    if hasattr(request, "reader_unread"):
        number: int | None = request.reader_unread
        return number
    known = known_facts(request)
    return known.unread if known else None


def writable(user: Any) -> dict[int, str]:
    """The audiences `user` may write to, in the order they are offered in: ids and names, "" for everyone."""
    return dict(_WRITABLE.rows(user=user))


def unread(user: Any) -> int:
    """How many notifications wait for `user`, at most MANY_UNREAD."""
    return len(_UNREAD.rows(user=user))
