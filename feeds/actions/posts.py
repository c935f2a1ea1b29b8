"""What is done to posts: saying something, editing, hiding, accepting an answer, announcing an article."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from feeds.actions import announcements, live, notifications
from feeds.models import MAX_POST, Comment, LiveEventKind, NotificationKind, Post, PostKind, PostTopic
from intranet.lib import markdown
from intranet.lib.idempotency import create_once, digest
from knowledge.models import Article
from profiles.actions import audit, search
from profiles.actions import topics as topic_actions
from profiles.audience import Marking
from profiles.models import Audience, User
from profiles.permissions import NotAllowed, Permission, require

# What people may say themselves; the announcement of an article follows its article
WRITTEN_KINDS = (PostKind.UPDATE, PostKind.QUESTION, PostKind.ANNOUNCEMENT)


class NothingSaid(Exception):
    """A post or comment without words, or with too many."""


class NotAnAnswer(Exception):
    """The comment cannot be the answer: it is on another post, was removed, or the post asks nothing."""


@transaction.atomic
def post(
    *,
    body: str,
    audience: Audience,
    key: UUID,
    by: User,
    kind: str = PostKind.UPDATE,
    topics: Sequence[str] = (),
    marking: str = Marking.OFFICIAL,
    handling: str = "",
) -> tuple[Post, bool]:
    """Say something to an audience.

    Args:
        key: the idempotency key of the form.
        kind: update, question or announcement.
        topics: the names of topics, as typed.

    Returns:
        The post, and whether it was made now (False: the same request again).

    Raises:
        NotAllowed: `by` may not write to that audience.
        NothingSaid: there are no words, or too many.
        KeyReused: the key came before with other contents.
    """
    require(by, Permission.WRITE_TO, audience)
    _check_words(body)
    if kind not in WRITTEN_KINDS:
        raise ValueError(f"People do not write posts of the kind {kind}")
    said = {"kind": str(kind), "body": body, "marking": str(marking), "handling": handling}
    fingerprint = digest(**said, audience=audience.pk, topics=list(topics))

    def create() -> Post:
        made = Post.objects.create(
            **said,
            body_html=_rendered(body, key),
            audience=audience,
            author=by,
            department_id=by.main_department_id,
            idempotency_key=key,
            request_digest=fingerprint,
        )
        if topics:
            _tag(made, topics)
        search.changed(made)
        if kind == PostKind.ANNOUNCEMENT:
            announcements.begin(post=made)
        live.emit(kind=LiveEventKind.POST_CREATED, post=made)
        return made

    return create_once(Post, owner={"author": by}, key=key, digest=fingerprint, create=create)


@transaction.atomic
def edit(
    *,
    post: Post,
    body: str,
    by: User,
    topics: Sequence[str] = (),
    marking: str = Marking.OFFICIAL,
    handling: str = "",
) -> None:
    """Say it anew; the audience stays, for people have read it.

    Raises:
        NotAllowed: `by` did not write it, or it is an article's.
        NothingSaid: there are no words, or too many.
    """
    require_may_edit(by=by, post=post)
    _check_words(body)
    changed(
        post,
        body=body,
        body_html=_rendered(body, post.idempotency_key),
        marking=marking,
        handling=handling,
        edited_at=timezone.now(),
    )
    _tag(post, topics)
    search.changed(post)
    live.emit(kind=LiveEventKind.POST_CHANGED, post=post)


def require_may_edit(*, by: User, post: Post) -> None:
    """Words stay their author's: no role edits a post, and an article's follows its article.

    Raises:
        NotAllowed: `by` may not edit it.
    """
    require(by, Permission.EDIT, post)
    if post.article_id:
        raise NotAllowed("This discussion belongs to an article. Edit the article instead.")
    if post.author_id != by.pk:
        raise NotAllowed("Only the person who wrote a post can edit it.")


@transaction.atomic
def hide(*, post: Post, by: User, reason: str = "") -> None:
    """Take a post out of everybody's sight; the row stays. Twice is once.

    Raises:
        NotAllowed: `by` neither wrote it nor moderates, or it is an article's: withdraw the article instead.
    """
    require(by, Permission.HIDE, post)
    if post.article_id:
        raise NotAllowed("This discussion belongs to an article. Withdraw the article instead.")
    hidden = {"hidden_at": timezone.now(), "hidden_by": by, "hidden_reason": reason}
    if not changed(post, only={"hidden_at": None}, **hidden):
        return
    if post.author_id != by.pk:
        audit.record(action="post.hidden", by=by, obj=post, details={"author": post.author_id, "reason": reason})
    search.changed(post)
    live.emit(kind=LiveEventKind.POST_HIDDEN, post=post)


@transaction.atomic
def accept_answer(*, post: Post, comment: Comment, by: User) -> None:
    """Mark the comment that answers a question, in place of any other. Twice is once.

    Raises:
        NotAllowed: `by` did not ask.
        NotAnAnswer: the comment cannot be the answer.
    """
    _require_asker(by, post)
    if post.kind != PostKind.QUESTION or comment.post_id != post.pk or comment.hidden_at:
        raise NotAnAnswer("Only a comment that stands under your question can be its answer.")
    if post.answer_id == comment.pk:
        return
    before = post.answer
    changed(post, answer=comment)
    notifications.tell(NotificationKind.ANSWER, {comment.author_id}, by=by, post=post, comment=comment)
    search.changed(post)
    _emit_answer(post, before, comment)


@transaction.atomic
def take_back_answer(*, post: Post, by: User) -> None:
    """Leave a question without an accepted answer. Twice is once.

    Raises:
        NotAllowed: `by` did not ask.
    """
    _require_asker(by, post)
    before = post.answer
    if before is None:
        return
    changed(post, answer=None)
    search.changed(post)
    _emit_answer(post, before)


@transaction.atomic
def announce_article(*, article: Article, by: User | None, is_news: bool = True) -> Post:
    """The post of a published article, on which its discussion hangs; always the same one.

    Args:
        is_news: False for what nobody waits for, such as an import: open pages are not told.
    """
    known = Post.objects.filter(article=article).first()
    if known:
        _follow(known, article, hidden_at=None, hidden_by=None, hidden_reason="")
        live.emit(kind=LiveEventKind.POST_CHANGED, post=known)
        return known
    made = Post.objects.create(
        kind=PostKind.ARTICLE,
        article=article,
        author_id=article.author_id,
        audience_id=article.audience_id,
        marking=article.marking,
        handling=article.handling,
        department_id=article.department_id,
        created_at=article.published_at or timezone.now(),
    )
    _tag(made, article.topics.all())
    search.changed(made)
    if is_news:
        live.emit(kind=LiveEventKind.POST_CREATED, post=made)
    return made


@transaction.atomic
def follow_article(*, article: Article, by: User | None) -> None:
    """Bring an article's post in line with its audience, marking, department and topics."""
    known = Post.objects.filter(article=article).first()
    if known is None:
        return
    _follow(known, article)
    live.emit(kind=LiveEventKind.POST_CHANGED, post=known)


@transaction.atomic
def withdraw_article(*, article: Article, by: User | None) -> None:
    """Tell open pages and the index that an article's post is no longer to be seen."""
    known = Post.objects.filter(article=article).first()
    if known is None:
        return
    changed(known)
    search.changed(known)
    live.emit(kind=LiveEventKind.POST_HIDDEN, post=known)


def changed(post: Post, *, only: dict[str, Any] | None = None, **fields: Any) -> bool:
    """Raise a post's version and write `fields`, in one statement that loses no other change.

    Args:
        only: what must still hold for the change to be made.

    Returns:
        Whether it was made; `post` then carries what the row now holds.
    """
    rows = Post.objects.filter(pk=post.pk, **(only or {}))
    if not rows.update(version=F("version") + 1, **fields):
        return False
    post.refresh_from_db(fields=["version", "comment_count", "reaction_count", *fields])
    if "answer" in fields:
        PostTopic.objects.filter(content_object=post).update(is_open=post.is_open)
    return True


def _follow(post: Post, article: Article, **fields: Any) -> None:
    changed(
        post,
        audience_id=article.audience_id,
        marking=article.marking,
        handling=article.handling,
        department_id=article.department_id,
        **fields,
    )
    _tag(post, article.topics.all())
    search.changed(post)


def _tag(post: Post, topics: Iterable[Any]) -> None:
    post.topics.set(list(topics), through_defaults={"created_at": post.created_at, "is_open": post.is_open})
    topic_actions.note_use(topics=post.topics.all(), audience=post.audience)


def _require_asker(by: User, post: Post) -> None:
    require(by, Permission.ACCEPT_ANSWER, post)
    if post.author_id != by.pk:
        raise NotAllowed("Only the person who asked can say which answer helped.")


def _emit_answer(post: Post, *comments: Comment | None) -> None:
    for comment in comments:
        if comment:
            live.emit(kind=LiveEventKind.COMMENT_CHANGED, post=post, comment=comment)
    live.emit(kind=LiveEventKind.POST_CHANGED, post=post)


def _check_words(body: str) -> None:
    if not body.strip():
        raise NothingSaid("Write something first.")
    if len(body) > MAX_POST:
        raise NothingSaid(f"Write {MAX_POST:,} characters or fewer.")


def _rendered(body: str, key: UUID | None) -> str:
    # Many posts share a page: the ids of their headings must differ
    return markdown.render(body, prefix=f"post-{str(key)[:8]}", breaks=True)
