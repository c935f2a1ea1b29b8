"""How every view gets what it shows: as its reader may see it, or not at all."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.safestring import SafeString

from feeds import reader, said
from feeds.beside import kept_items
from feeds.composer import comment_form
from feeds.forms import CommentForm
from feeds.heads import Head, head_of_post
from feeds.models import Comment, Post
from feeds.models.post import seen_post
from feeds.said import Said
from feeds.streams import Stream, StreamKind, suggested_page
from feeds.threads import thread
from intranet.lib.kept import filled, finished, kept, place_of, token_of
from intranet.lib.pages import cursors, text
from intranet.lib.pagination import BadCursor, KeysetPage
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
        reader.note_unread(request, head.unread)
        return head
    raise Http404


def load_said(request: SignedInRequest, pk: int) -> Said:
    """A comment as threads show it, a removed one too; 404 where the reader may not see its post."""
    if comment := said.one(request.user, pk):
        return comment
    raise Http404


def post_item(request: SignedInRequest, head: Head, *, token: str) -> SafeString:
    """The post at the head of a thread as its reader's lists show it; 404 where it went between two looks."""
    items = kept_items(request.user, [head.card], moderates=head.may_hide, writable=head.writable)
    if not items:
        raise Http404
    return finished(items[0], token)


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


def in_places(context: dict[str, Any]) -> dict[str, Any]:
    """What of a `discussion` differs from thread to thread, for `intranet.lib.pages`."""
    head: Head = context["head"]
    place = None if head.may_comment else head.community
    return {
        "head": {
            "title": text(head.title),
            "pk": text(head.pk),
            "at": text(head.at),
            "may_comment": head.may_comment,
            "community": place._asdict() if place else None,
        },
        "thread": {"comments": context["thread"].comments, "page": cursors(context["thread"].page)},
        "stream": text(context["stream"]),
    }


class Empty(NamedTuple):
    """What stands in place of a feed that has no posts."""

    title: str = "Nothing here yet"
    text: str = ""


NOTHING_HERE = Empty()


class Feed(NamedTuple):
    """A page of posts as HTML, and whether there are any."""

    html: SafeString
    is_empty: bool


# A feed without what differs each time
FRAME = "feeds/_feed.html"
ITEMS, AT, HREF, PARAMS, NEWER, OLDER = map(place_of, ("items", "at", "href", "params", "newer", "older"))


def feed(
    request: SignedInRequest,
    stream: Stream,
    *,
    cursor_param: str = "cursor",
    is_suggesting: bool = False,
    empty: Empty = NOTHING_HERE,
) -> Feed:
    """A page of `stream`, newest first.

    Args:
        cursor_param: what the address calls the cursor; a page may hold another list.
        is_suggesting: show what somebody who follows nothing may like in place of the stream.
    """
    known = reader.facts_for(request)
    cursor = request.GET.get(cursor_param)
    try:
        page = (suggested_page if is_suggesting else stream.page)(request.user, cursor=cursor)
    except BadCursor as error:
        raise Http404 from error
    query = request.GET.copy()
    query.pop(cursor_param, None)
    items = kept_items(request.user, page.items, moderates=known.may_hide, writable=known.writable)
    params, newer, older = query.urlencode(), page.previous_cursor, page.next_cursor

    def frame() -> dict[str, Any]:
        return {
            "items": ITEMS if items else "",
            "page": KeysetPage([], OLDER if older else None, NEWER if newer else None),
            "params": PARAMS if params else "",
            "cursor_param": cursor_param,
            # Older pages do not change while they are read
            "stream": None if cursor else stream,
            "at": AT,
            "href": HREF,
            "empty": empty,
        }

    shows = bool(items), bool(params), bool(newer), bool(older), bool(cursor)
    html = kept(FRAME, (stream, cursor_param, empty, shows), frame)
    html = filled(html, at=known.at, href=request.get_full_path(), params=params, newer=newer, older=older)
    return Feed(filled(html, items=finished("".join(items), token_of(request))), not items)
