"""What is done to comments: commenting, replying, editing, hiding."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from feeds.actions import live, notifications
from feeds.actions.posts import NothingSaid, changed
from feeds.models import MAX_COMMENT, Comment, LiveEventKind, NotificationKind, Post
from feeds.models.post import sees
from intranet.lib import markdown
from intranet.lib.idempotency import create_once, digest
from profiles.actions import audit, search
from profiles.models import User
from profiles.permissions import NotAllowed, Permission, can, require


class CannotReply(Exception):
    """The comment replied to was removed, or stands under another post."""


class JoinFirst(NotAllowed):
    """The post is said to an open community that the reader has not joined."""


@transaction.atomic
def comment(*, post: Post, body: str, key: UUID, by: User, parent: Comment | None = None) -> tuple[Comment, bool]:
    """Say something under a post.

    Args:
        key: the idempotency key of the form.
        parent: the comment replied to; a reply to a reply joins the conversation under the same comment.

    Returns:
        The comment, and whether it was made now (False: the same request again).

    Raises:
        NotAllowed: `by` may not see the post; JoinFirst, when joining its community would be enough.
        NothingSaid: there are no words, or too many.
        CannotReply: `parent` was removed, or stands under another post.
        KeyReused: the key came before with other contents.
    """
    _require_may_comment(by, post)
    _check_words(body)
    above = _thread_of(parent, post)
    fingerprint = digest(post=post.pk, body=body, parent=parent.pk if parent else None)

    def create() -> Comment:
        made = Comment.objects.create(
            post=post,
            parent=above,
            author=by,
            department_id=by.main_department_id,
            body=body,
            body_html=_rendered(body, key),
            idempotency_key=key,
            request_digest=fingerprint,
        )
        changed(post, comment_count=F("comment_count") + 1)
        _tell(made, parent, by)
        search.changed(post)
        live.emit(kind=LiveEventKind.COMMENT_CREATED, post=post, comment=made)
        return made

    return create_once(Comment, owner={"author": by}, key=key, digest=fingerprint, create=create)


@transaction.atomic
def edit(*, comment: Comment, body: str, by: User) -> None:
    """Say it anew.

    Raises:
        NotAllowed: `by` did not write it, or it was removed.
        NothingSaid: there are no words, or too many.
    """
    require_may_edit(by=by, comment=comment)
    _check_words(body)
    comment.body, comment.body_html, comment.edited_at = body, _rendered(body, comment.idempotency_key), timezone.now()
    comment.save(update_fields=["body", "body_html", "edited_at"])
    search.changed(comment.post)
    live.emit(kind=LiveEventKind.COMMENT_CHANGED, post=comment.post, comment=comment)


def require_may_edit(*, by: User, comment: Comment) -> None:
    """Words stay their author's: no role edits a comment.

    Raises:
        NotAllowed: `by` may not edit it, or it was removed.
    """
    require(by, Permission.EDIT, comment)
    if comment.author_id != by.pk or comment.hidden_at:
        raise NotAllowed("Only the person who wrote a comment can edit it.")


@transaction.atomic
def hide(*, comment: Comment, by: User, reason: str = "") -> None:
    """Take a comment's words out of sight; its place and the replies under it stay. Twice is once.

    Raises:
        NotAllowed: `by` neither wrote it nor moderates.
    """
    require(by, Permission.HIDE, comment)
    now = timezone.now()
    shown = Comment.objects.filter(pk=comment.pk, hidden_at=None)
    if not shown.update(hidden_at=now, hidden_by=by, hidden_reason=reason):
        return
    comment.refresh_from_db(fields=["hidden_at", "hidden_by", "hidden_reason"])
    post = comment.post
    changed(post, comment_count=F("comment_count") - 1)
    changed(post, only={"answer": comment}, answer=None)
    if comment.author_id != by.pk:
        details = {"author": comment.author_id, "post": post.pk, "reason": reason}
        audit.record(action="comment.hidden", by=by, obj=comment, details=details)
    search.changed(post, takes_back=True)
    live.emit(kind=LiveEventKind.COMMENT_CHANGED, post=post, comment=comment)


def _require_may_comment(by: User, post: Post) -> None:
    if not sees(by, post.pk):
        raise NotAllowed("You cannot comment here.")
    if not can(by, Permission.WRITE_TO, post.audience):
        raise JoinFirst("Join the community to take part in this discussion.")


def _thread_of(parent: Comment | None, post: Post) -> Comment | None:
    if parent is None:
        return None
    if parent.post_id != post.pk or parent.hidden_at:
        raise CannotReply("The comment you were replying to was removed. Your text is below: send it as a comment.")
    return parent.parent or parent


def _tell(made: Comment, parent: Comment | None, by: User) -> None:
    """One notification a person: a reply to them says more than a comment on their post."""
    post = made.post
    replied_to = {parent.author_id} if parent else set()
    owner = post.article.owner_id if post.article else post.author_id
    notifications.tell(NotificationKind.REPLY, replied_to, by=by, post=post, comment=made)
    notifications.tell(NotificationKind.COMMENT, {owner} - replied_to, by=by, post=post, comment=made)


def _check_words(body: str) -> None:
    if not body.strip():
        raise NothingSaid("Write something first.")
    if len(body) > MAX_COMMENT:
        raise NothingSaid(f"Write {MAX_COMMENT:,} characters or fewer.")


def _rendered(body: str, key: UUID | None) -> str:
    # Many comments share a page: the ids of their headings must differ
    return markdown.render(body, prefix=f"comment-{str(key)[:8]}", breaks=True)
