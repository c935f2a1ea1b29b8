"""Comment: what is said on a post; one level of replies."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from feeds.models.post import Post
from intranet.lib.compiled import Compiled
from intranet.lib.idempotency import CreatedOnce
from profiles.models import Department, User

MAX_COMMENT = 5_000


class CommentQuerySet(models.QuerySet["Comment"]):
    """Sets of comments, in the words of the business."""

    def visible_to(self, user: Any) -> CommentQuerySet:
        """What `user` may see: comments on posts they may see. A hidden one keeps its place alone."""
        return self.filter(post__in=Post.objects.visible_to(user))

    def opening(self) -> CommentQuerySet:
        """Comments on the post itself, not replies."""
        return self.filter(parent__isnull=True)

    def for_thread(self) -> CommentQuerySet:
        """With what a thread shows of a comment, oldest first."""
        return self.select_related("author", "department").order_by("created_at", "pk")


class Comment(CreatedOnce):
    """A comment, or a reply to one (`parent`, never deeper)."""

    # Indexed in the order of a thread; with an index of its own each, the planner would sort all of a long one
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="comments", db_index=False)
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="replies", db_index=False
    )
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="comments")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    body = models.TextField(max_length=MAX_COMMENT)
    body_html = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True, blank=True, editable=False)
    hidden_at = models.DateTimeField(null=True, blank=True, editable=False)
    hidden_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    hidden_reason = models.CharField(max_length=200, blank=True, editable=False)

    objects = CommentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "idempotency_key"], name="comment_created_once")]
        indexes = [
            models.Index(fields=["post", "created_at", "id"], name="comment_by_post"),
            models.Index(fields=["parent", "created_at", "id"], name="comment_by_parent"),
            models.Index(fields=["author", "-created_at"], name="comment_by_author"),
        ]

    def __str__(self) -> str:
        return self.body[:80]

    @property
    def html(self) -> SafeString:
        """What was said as HTML, sanitised when it was written."""
        return mark_safe(self.body_html)

    def get_absolute_url(self) -> str:
        """Its place in the thread, on whichever page of it that is."""
        return f"{reverse('post', args=[self.post_id])}?comment={self.pk}#comment-{self.pk}"


_FOR_THREAD = Compiled(lambda ids: Comment.objects.for_thread().filter(pk__in=ids))


def comments_for_thread(ids: Collection[int]) -> dict[int, Comment]:
    """What `for_thread` brings of some comments, by id; whoever shows them has asked who may see them."""
    return {comment.pk: comment for comment in _FOR_THREAD.instances(ids=ids)} if ids else {}
