"""How every view gets what it shows: as its reader may see it, or not at all."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from django.http import Http404
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404

from feeds import reader
from feeds.beside import kept_items
from feeds.models import Comment, Post
from feeds.reader import Facts
from feeds.streams import Stream, suggested_page
from intranet.lib.pagination import BadCursor
from profiles.middleware import SignedInRequest


def load_post(request: SignedInRequest, pk: int) -> Post:
    """The post with what its page shows; 404 where the reader may not see it."""
    post: Post = get_object_or_404(Post.objects.visible_to(request.user).for_thread(), pk=pk)
    return post


def load_comment(request: SignedInRequest, pk: int) -> Comment:
    """The comment with its post; 404 where the reader may not see that, or the comment was removed."""
    comments = Comment.objects.visible_to(request.user).for_thread().filter(hidden_at__isnull=True)
    comment: Comment = get_object_or_404(comments, pk=pk)
    comment.post = load_post(request, comment.post_id)
    return comment


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
