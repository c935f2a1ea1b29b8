"""Community: people from anywhere around a subject, and who belongs to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Count, Exists, Prefetch, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from intranet.lib.idempotency import CreatedOnce
from profiles.models.listed import Listed, ListedQuerySet
from profiles.models.user import User


class CommunityKind(models.TextChoices):
    """Who may read a community, and who knows that it exists."""

    OPEN = "open", "Open: everyone may read it and join"
    CLOSED = "closed", "Closed: everyone sees that it exists, members read it, owners let people in"
    HIDDEN = "hidden", "Hidden: only its members know of it"


class CommunityQuerySet(models.QuerySet["Community"]):
    """Sets of communities, in the words of the business."""

    def visible_to(self, user: Any) -> CommunityQuerySet:
        """Communities that `user` may know of: all but the hidden ones they do not belong to."""
        if user.pk is None:
            return self.none()
        known = ~Q(kind=CommunityKind.HIDDEN) | Q(pk__in=_communities_of(user))
        return self.filter(known, Exists(User.objects.active(user)))

    def joined_by(self, user: Any) -> CommunityQuerySet:
        """Communities that `user` is a member of."""
        return self.filter(pk__in=_communities_of(user))

    def readable_by(self, user: Any) -> CommunityQuerySet:
        """Communities whose content and members `user` may see: the open ones, and those they joined."""
        return self.visible_to(user).filter(Q(kind=CommunityKind.OPEN) | Q(pk__in=_communities_of(user)))

    def about(self, topic: Any) -> CommunityQuerySet:
        return self.filter(topic_rows__topic=topic)

    def called_like(self, text: str) -> CommunityQuerySet:
        """Communities with `text` in their name or description."""
        return self.filter(Q(name__icontains=text) | Q(description__icontains=text))

    def for_list(self, user: Any) -> CommunityQuerySet:
        """With what a list shows to `user`, in two queries: `user`'s own place too."""
        own = CommunityMembership.objects.filter(user_id=user.pk)
        return self.prefetch_related(Prefetch("memberships", queryset=own, to_attr="own_memberships"))


def _communities_of(user: Any) -> models.QuerySet[Any, Any]:
    members = CommunityMembership.objects.current()
    return members.filter(user_id=user.pk, user__is_active=True).values("community_id")


class Community(CreatedOnce):
    """A community, described."""

    slug = models.SlugField(max_length=160, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(max_length=2_000, blank=True)
    kind = models.CharField(max_length=8, choices=CommunityKind, default=CommunityKind.OPEN)
    topics = models.ManyToManyField("profiles.Topic", through="profiles.CommunityTopic", related_name="communities")
    created_by = models.ForeignKey("profiles.User", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CommunityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["created_by", "idempotency_key"], name="community_created_once"),
            # Hidden ones are left out: a name refused because of one would give it away
            models.UniqueConstraint(Lower("name"), condition=~Q(kind=CommunityKind.HIDDEN), name="community_name_once"),
        ]
        indexes = [models.Index(fields=["name", "id"], name="community_by_name")]
        verbose_name_plural = "communities"

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("community", args=[self.slug])

    @property
    def is_open(self) -> bool:
        return self.kind == CommunityKind.OPEN

    @property
    def is_hidden(self) -> bool:
        return self.kind == CommunityKind.HIDDEN


class CommunityMembershipQuerySet(ListedQuerySet):
    """Sets of community memberships."""

    def current(self) -> CommunityMembershipQuerySet:
        """Members; not those who only asked to join."""
        return self.filter(joined_at__isnull=False)

    def requested(self) -> CommunityMembershipQuerySet:
        """Those who asked to join a closed community and wait for an owner."""
        return self.filter(joined_at__isnull=True)

    def owners(self) -> CommunityMembershipQuerySet:
        """Owners who can act: a suspended one cannot."""
        return self.filter(is_owner=True, user__is_active=True)

    def people_in(self, communities: Iterable[Community]) -> dict[int, int]:
        """How many active people belong to each of `communities`, by its id."""
        rows = self.current().filter(community__in=list(communities), user__is_active=True)
        return dict(rows.order_by().values_list("community_id").annotate(Count("pk")))

    def with_person(self) -> CommunityMembershipQuerySet:
        """With what is shown of the person, in one query."""
        return self.select_related("user__main_department")


class CommunityMembership(Listed):
    """A person's place in a community; with no joining time, their request for one."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey("profiles.User", on_delete=models.CASCADE, related_name="community_memberships")
    is_owner = models.BooleanField(default=False)
    requested_at = models.DateTimeField(default=timezone.now, editable=False)
    joined_at = models.DateTimeField(null=True, blank=True)

    objects = CommunityMembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community", "user"], name="community_membership_once"),
            models.CheckConstraint(
                condition=Q(is_owner=False) | Q(joined_at__isnull=False), name="community_owner_is_member"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "community"], name="community_membership_by_user"),
            models.Index(fields=["community", "person_name", "user"], name="community_membership_by_name"),
            # Few of many: nobody goes through a whole community to find them
            models.Index(
                fields=["community", "person_name", "user"],
                name="community_membership_owners",
                condition=Q(is_owner=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.community}"
