"""Notification: that something happened which one person should know of."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from feeds.models.comment import Comment
from feeds.models.post import Post
from profiles.models import Community, CommunityMembership, User


class NotificationKind(models.TextChoices):
    """What happened; the words stand in the template."""

    COMMENT = "comment", "Comment on your post"
    REPLY = "reply", "Reply to your comment"
    ANSWER = "answer", "Your comment was accepted as the answer"
    FOLLOWER = "follower", "New follower"
    JOIN_REQUEST = "join-request", "Request to join your community"
    JOINED = "joined", "You were let into a community"
    ANNOUNCEMENT = "announcement", "Announcement"


def _this(rows: models.QuerySet[Any], column: str) -> models.QuerySet[Any]:
    # Said twice: asked only whether it is the same, PostgreSQL may collect everything the reader sees beforehand
    return rows.filter(pk=OuterRef(column), pk__gte=OuterRef(column))


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Sets of notifications, in the words of the business."""

    def visible_to(self, user: Any) -> NotificationQuerySet:
        """One's own, about posts and communities one may still see, and requests one may still answer."""
        if user.pk is None:
            return self.none()
        # Asked of each row's own post and community: the cost follows the rows that are read
        seen_post = Exists(_this(Post.objects.visible_to(user), "post_id"))
        seen_community = Exists(_this(Community.objects.visible_to(user), "community_id"))
        about_post = Q(post__isnull=True) | Q(seen_post)
        about_community = Q(community__isnull=True) | Q(seen_community)
        # Who asks to join is for the owners of today
        owned = CommunityMembership.objects.current().filter(user_id=user.pk, is_owner=True).values("community_id")
        for_owners = ~Q(kind=NotificationKind.JOIN_REQUEST) | Q(community__in=owned)
        mine = Q(recipient_id=user.pk, recipient__is_active=True)
        return self.filter(about_post, about_community, for_owners, mine)

    def for_list(self) -> NotificationQuerySet:
        """With what a list shows of a notification, in one query."""
        return self.select_related("actor", "post__article", "post__author", "comment", "community")

    def unread(self) -> NotificationQuerySet:
        return self.filter(read_at__isnull=True)


class Notification(models.Model):
    """One thing one person should know of, once."""

    recipient = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=14, choices=NotificationKind)
    actor = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    # Indexed with the recipient: half a million people may be told of one post
    post = models.ForeignKey(Post, on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False)
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    community = models.ForeignKey(Community, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    read_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "kind", "comment"],
                condition=Q(comment__isnull=False),
                name="notification_once_per_comment",
            ),
            models.UniqueConstraint(
                fields=["recipient", "kind", "actor"],
                condition=Q(kind=NotificationKind.FOLLOWER),
                name="notification_once_per_follower",
            ),
            models.UniqueConstraint(
                fields=["recipient", "post"],
                condition=Q(kind=NotificationKind.ANNOUNCEMENT),
                name="notification_once_per_announcement",
            ),
        ]
        indexes = [
            models.Index(fields=["recipient", "-created_at", "-id"], name="notification_by_recipient"),
            models.Index(fields=["post", "recipient"], name="notification_by_post"),
            models.Index(fields=["recipient"], condition=Q(read_at__isnull=True), name="notification_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient}: {self.get_kind_display()}"

    def get_absolute_url(self) -> str:
        """Where to see what happened."""
        about = self.comment or self.post or self.community or self.actor or self.recipient
        return about.get_absolute_url()
