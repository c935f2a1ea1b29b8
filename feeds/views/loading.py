"""How every view gets what it shows: as its reader may see it, or not at all."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from django.http import Http404
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404
from django.utils.safestring import SafeString

from feeds import reader, said
from feeds.beside import kept_items
from feeds.composer import comment_form
from feeds.forms import CommentForm
from feeds.heads import Head, head_of_post
from feeds.models import Comment, Post
from feeds.models.post import seen_post
from feeds.reader import Facts
from feeds.said import Said
from feeds.streams import Stream, StreamKind, suggested_page
from feeds.threads import thread
from intranet.lib.pagination import BadCursor
from profiles.middleware import SignedInRequest


def is_id(text: str) -> bool:
    """Whether a part of an address may be an id: a 64-bit number."""
    return text.isascii() and text.isdecimal() and len(text) <= 18


def load_post(request: SignedInRequest, pk: int) -> Post:
    """The post with what its page shows; 404 where the reader may not see it."""
    post: Post = get_object_or_404(Post.objects.visible_to(request.user).for_thread(), pk=pk)
    return post


def load_post_to_use(request: SignedInRequest, pk: int) -> Post:
    """The post with what it takes to say something on it or to react; 404 where the reader may not see it."""
    if post := seen_post(request.user, pk):
        return post
    raise Http404


def load_comment(request: SignedInRequest, pk: int) -> Comment:
    """The comment with its post; 404 where the reader may not see that, or the comment was removed."""
    comments = Comment.objects.visible_to(request.user).for_thread().filter(hidden_at__isnull=True)
    comment: Comment = get_object_or_404(comments, pk=pk)
    comment.post = load_post(request, comment.post_id)
    return comment


def load_head(request: SignedInRequest, pk: int) -> Head:
    """The head of the thread of a post; 404 where the reader may not see it."""
    if head := head_of_post(request.user, pk):
        return head
    raise Http404


def load_said(request: SignedInRequest, pk: int) -> Said:
    """A comment as threads show it, a removed one too; 404 where the reader may not see its post."""
    if comment := said.one(request.user, pk):
        return comment
    raise Http404


def post_item(request: SignedInRequest, head: Head, *, token: str) -> SafeString:
    """The post at the head of a thread as its reader's lists show it; 404 where it went between two looks."""
    items = kept_items(request.user, [head.card], token=token, moderates=head.may_hide, writable=head.writable)
    if not items:
        raise Http404
    return items[0]


def discussion(
    request: SignedInRequest, head: Head, *, token: str, form: CommentForm | None = None, cursor_param: str = "cursor"
) -> dict[str, Any]:
    """What `feeds/_comments.html` needs to show the thread under `head`.

    Args:
        token: the reader's token against forged requests.
        form: what was typed and what is wrong with it; an empty one without.
        cursor_param: what the address calls the cursor; a page may hold another list.
    """
    try:
        shown = thread(request.user, head, cursor=request.GET.get(cursor_param), token=token)
    except BadCursor as error:
        raise Http404 from error
    return {
        "thread": shown,
        "head": head,
        "form": form,
        "empty_form": "" if form else comment_form(head.pk, token=token),
        "stream": Stream(StreamKind.POST, head.pk),
        "cursor_param": cursor_param,
    }


def feed(
    request: SignedInRequest,
    stream: Stream,
    *,
    cursor_param: str = "cursor",
    is_suggesting: bool = False,
    known: Facts | None = None,
    writable: Container[int] | None = None,
    token: str | None = None,
) -> dict[str, Any]:
    """What `feeds/_feed.html` needs to show a page of `stream`, newest first.

    Args:
        cursor_param: what the address calls the cursor; a page may hold another list.
        is_suggesting: show what somebody who follows nothing may like in place of the stream.
        known: the facts of the reader, where the view has asked for them already.
        writable: the ids of the audiences they may write to, likewise.
        token: theirs for forms, likewise.
    """
    # Before the posts are read: what commits in between is told twice rather than never
    known = known or reader.facts(request.user)
    cursor = request.GET.get(cursor_param)
    try:
        page = (suggested_page if is_suggesting else stream.page)(request.user, cursor=cursor)
    except BadCursor as error:
        raise Http404 from error
    query = request.GET.copy()
    query.pop(cursor_param, None)
    return {
        "page": page,
        "items": kept_items(
            request.user,
            page.items,
            token=token or get_token(request),
            moderates=known.may_hide,
            writable=reader.writable(request.user) if writable is None else writable,
        ),
        "params": query.urlencode(),
        # Older pages do not change while they are read
        "stream": None if cursor else stream,
        "at": known.at,
        "cursor_param": cursor_param,
    }
