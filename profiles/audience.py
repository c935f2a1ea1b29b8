"""THE visibility rule: who may see what. Everything that shows, counts, mails or pushes reads through it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any, Self

from django.db import models
from django.db.models import Exists, Q, QuerySet
from django.utils import timezone

from intranet.lib.compiled import Compiled
from profiles.models.audience import Audience, AudienceKind
from profiles.models.community import CommunityKind, CommunityMembership
from profiles.models.department import DepartmentAncestor, Membership
from profiles.models.user import User


def audiences_for(user: Any) -> QuerySet[Audience]:
    """The audiences `user` is in at this moment.

    Everyone; the departments they belong to today with all above them (what is said to a department is said
    to its sub-tree); open communities; communities they joined. Built on subqueries of `user.pk`, never on
    what a user object carries, so that losing a right works at once. Nothing for somebody not signed in or
    suspended.
    """
    if user.pk is None:
        return Audience.objects.none()
    return Audience.objects.filter(Exists(User.objects.active(user)), in_audience(user))


def in_audience(user: Any, path: str = "") -> Q:
    """That an active `user` is in an audience: the rule of `audiences_for` as a condition.

    Args:
        path: leads from the rows that are filtered to their audience, with "__" at its end.
    """
    return _addressed(user, path) | Q((f"{path}community__kind", CommunityKind.OPEN))


def writable_by(user: Any) -> QuerySet[Audience]:
    """The audiences `user` may write to: those they read, but a community only once they joined it."""
    if user.pk is None:
        return Audience.objects.none()
    # Each part by an index of its own: to "one or the other" the database would go through all audiences
    everyone, *others = (Audience.objects.filter(part).values("pk") for part in _parts(user))
    return Audience.objects.filter(Exists(User.objects.active(user)), pk__in=everyone.union(*others))


def readers_of(audience_id: int) -> QuerySet[User]:
    """The people who may see what is addressed to an audience: the same rule, asked from the other side."""
    scope = _scope_of(audience_id)
    return User.objects.none() if scope is None else _readers(**scope)


def readers_among(audience_id: int, user_ids: Iterable[int]) -> set[int]:
    """Which of many people `readers_of` would find."""
    scope = _scope_of(audience_id)
    if scope is None:
        return set()
    return {pk for (pk,) in _AMONG[next(iter(scope), "")].rows(ids=user_ids, **scope)}


def _scope_of(audience_id: int) -> dict[str, int] | None:
    """Whom an audience is restricted to, as `_readers` takes it: nothing for everybody; None where there is none."""
    row = _AUDIENCE.row(pk=audience_id)
    if row is None:
        return None
    department, community, kind = row
    if department:
        return {"department": department}
    return {"community": community} if community and kind != CommunityKind.OPEN else {}


def _readers(department: Any = None, community: Any = None) -> QuerySet[User]:
    people = User.objects.filter(is_active=True)
    if department is not None:
        below = DepartmentAncestor.objects.filter(ancestor_id=department).values("department_id")
        members = Membership.objects.current().filter(department_id__in=below)
        return people.filter(pk__in=members.values("user_id"))
    if community is not None:
        joined = CommunityMembership.objects.current().filter(community_id=community)
        return people.filter(pk__in=joined.values("user_id"))
    return people


_AUDIENCE = Compiled(
    lambda pk: Audience.objects.filter(pk=pk).values_list("department_id", "community_id", "community__kind")
)
_AMONG = {
    "": Compiled(lambda ids: _readers().filter(pk__in=ids).values_list("pk")),
    "department": Compiled(lambda department, ids: _readers(department).filter(pk__in=ids).values_list("pk")),
    "community": Compiled(lambda community, ids: _readers(None, community).filter(pk__in=ids).values_list("pk")),
}


def _addressed(user: Any, path: str = "") -> Q:
    """To everyone, to a department of `user` or one above it, or to a community they joined."""
    return reduce(or_, _parts(user, path))


def _parts(user: Any, path: str = "") -> tuple[Q, Q, Q]:
    own = Membership.objects.current().filter(user_id=user.pk).values("department_id")
    above = DepartmentAncestor.objects.filter(department_id__in=own).values("ancestor_id")
    joined = CommunityMembership.objects.current().filter(user_id=user.pk).values("community_id")
    return (
        Q((f"{path}kind", AudienceKind.EVERYONE)),
        Q((f"{path}department_id__in", above)),
        Q((f"{path}community_id__in", joined)),
    )


class Marking(models.TextChoices):
    """Government security classifications this service may hold."""

    OFFICIAL = "official", "OFFICIAL"
    OFFICIAL_SENSITIVE = "official-sensitive", "OFFICIAL-SENSITIVE"


class AudienceQuerySet(models.QuerySet[Any]):
    """Content as readers meet it."""

    def visible_to(self, user: Any) -> Self:
        """What `user` may see: addressed to an audience they are in now, and not hidden.

        `audiences_for` asked of each row's own audience, so that the cost follows the rows that are read and not
        the number of audiences there are.
        """
        if user.pk is None:
            return self.none()
        addressed = in_audience(user, "audience__")
        return self.filter(Exists(User.objects.active(user)), addressed, hidden_at__isnull=True)


class AudienceModel(models.Model):
    """Content with an audience, an author and a marking: the base of everything people write."""

    audience = models.ForeignKey(Audience, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="%(class)ss")
    marking = models.CharField(max_length=20, choices=Marking, default=Marking.OFFICIAL)
    # What a reader of OFFICIAL-SENSITIVE must and must not do with it
    handling = models.CharField("handling instruction", max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # Deleting hides: the row stays until the retention rule removes it
    hidden_at = models.DateTimeField(null=True, blank=True, editable=False)
    hidden_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    hidden_reason = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        abstract = True
