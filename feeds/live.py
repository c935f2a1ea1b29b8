"""What open pages learn from the live log: which rows are for whom, and what travels to the browser.

A row carries ids; the fragment in an event is rendered once for everybody who may see it, after that was asked
anew. The same events answer a socket, a socket that comes back, and a page that polls.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError
from django.template.loader import render_to_string

from feeds.models import LiveEvent, LiveEventKind
from feeds.models.comment import comments_for_thread
from feeds.models.post import posts_for_feed
from feeds.streams import Reach, Stream, StreamKind
from intranet.lib.numbered import highest, rows_after
from intranet.lib.sockets import Message

logger = logging.getLogger(__name__)

# Rows a reader who comes back is walked through; after more than that a fresh page is quicker
MAX_MISSED = 1000
# Events one answer may carry: a page that missed more should be loaded anew
MAX_EVENTS = 100
COMMENT_KINDS = (LiveEventKind.COMMENT_CREATED, LiveEventKind.COMMENT_CHANGED)
# What shows the state of now, so that the last of several says it all
STATES = (LiveEventKind.POST_CHANGED, LiveEventKind.COMMENT_CHANGED)
Event = dict[str, Any]


@dataclass(frozen=True)
class Missed:
    """What a reader of a stream missed.

    Attributes:
        events: in order, each once.
        at: the number they are up to date with now.
        resync: there was too much; load the page anew.
    """

    events: list[Event]
    at: int
    resync: bool = False


@dataclass(frozen=True)
class Frame:
    """An event as it travels, and who in which stream gets it."""

    number: int
    stream: Stream
    message: Message
    readers: set[int]


def missed(user: Any, stream: Stream, after: int) -> Missed:
    """The events of `stream` after number `after` that `user` may see now.

    The number of queries does not grow with what was missed.
    """
    top = highest(LiveEvent)
    if after > top:
        # A number from another life of the database
        return Missed([], top, resync=True)
    rows = rows_after(LiveEvent, after, MAX_MISSED)
    if len(rows) == MAX_MISSED:
        return Missed([], highest(LiveEvent), resync=True)
    if rows and rows[0].number != after + 1:
        # Away for so long that what was missed is no longer kept
        return Missed([], top, resync=True)
    at = rows[-1].number or after if rows else after
    posts = {row.post_id for row in rows if row.post_id}
    shown = set(stream.posts(user).filter(pk__in=posts).values_list("pk", flat=True))
    gone = set(stream.gone(user).filter(pk__in=posts).values_list("pk", flat=True))
    told = [row for row in rows if row.post_id in (gone if row.kind == LiveEventKind.POST_HIDDEN else shown)]
    last = _last(told, stream)
    if len(last) > MAX_EVENTS:
        return Missed([], at, resync=True)
    contents = _Contents(last)
    return Missed([event for row in last if (event := contents.event(row, stream))], at)


def frames_for(rows: Sequence[LiveEvent], listeners: dict[Stream, set[int]]) -> list[Frame]:
    """The events that rows mean in the streams listened to, for those of the listeners (ids) who get them."""
    everybody = set().union(*listeners.values())
    last = _last(rows)
    contents = _Contents(last)
    reach = Reach(contents.posts.values(), everybody)
    frames: list[Frame] = []
    for row in last:
        post = contents.posts.get(row.post_id or 0)
        if post is None:
            continue
        seeing = reach.saw(post) if row.kind == LiveEventKind.POST_HIDDEN else reach.seeing(post)
        if not seeing:
            continue
        places = reach.places(post)
        messages: dict[str, Message | None] = {}
        for stream, people in listeners.items():
            readers = stream.finders_among(post, seeing & people, places)
            kind = _kind_in(stream, row)
            if readers and kind not in messages:
                event = contents.event(row, stream)
                messages[kind] = Message(json.dumps({"type": "event", **event})) if event else None
            if readers and (message := messages[kind]):
                frames.append(Frame(row.number or 0, stream, message, readers))
    return frames


def rights_of(rows: Iterable[LiveEvent]) -> tuple[set[int], bool]:
    """Whose rights changed by these rows, and whether everybody's did."""
    changed = [row.user_id for row in rows if row.kind == LiveEventKind.RIGHTS_CHANGED]
    return {user_id for user_id in changed if user_id}, None in changed


def _kind_in(stream: Stream, row: LiveEvent) -> str:
    """A comment is an event of its own in its thread; anywhere else it changes what the post's footer counts."""
    if row.kind in COMMENT_KINDS and stream.kind is not StreamKind.POST:
        return LiveEventKind.POST_CHANGED
    return row.kind


def _last(rows: Iterable[LiveEvent], stream: Stream | None = None) -> list[LiveEvent]:
    """`rows` in order, without those that a later one of the same state outdates."""
    kept: dict[Any, LiveEvent] = {}
    for row in rows:
        kind = _kind_in(stream, row) if stream else row.kind
        of_comment = row.comment_id if kind in COMMENT_KINDS else None
        key = (kind, row.post_id, of_comment) if kind in STATES else row.pk
        # Put at the end, in place of the earlier one
        kept.pop(key, None)
        kept[key] = row
    return list(kept.values())


class _Contents:
    """The posts and comments of some rows, in a fixed number of queries, and the events made of them."""

    def __init__(self, rows: Sequence[LiveEvent]) -> None:
        self.posts = posts_for_feed({row.post_id for row in rows if row.post_id})
        self.comments = comments_for_thread({row.comment_id for row in rows if row.comment_id})

    def event(self, row: LiveEvent, stream: Stream) -> Event | None:
        """What a row means in a stream; None where what it was about is no longer there, or cannot be shown."""
        post = self.posts.get(row.post_id or 0)
        if post is None:
            return None
        kind = _kind_in(stream, row)
        event: Event = {"n": row.number, "kind": str(kind), "post": post.pk}
        if kind == LiveEventKind.POST_HIDDEN:
            return event
        if kind not in COMMENT_KINDS:
            return _with_html(event, "feeds/_post.html", {"post": post})
        comment = self.comments.get(row.comment_id or 0)
        if comment is None:
            return None
        event |= {"comment": comment.pk, "parent": comment.parent_id, "hidden": comment.hidden_at is not None}
        with_counts = _with_html(event, "feeds/_counts.html", {"post": post}, name="counts")
        return with_counts and _with_html(with_counts, "feeds/_comment.html", {"comment": comment, "post": post})


def _with_html(event: Event, template: str, context: dict[str, Any], name: str = "html") -> Event | None:
    try:
        return event | {name: render_to_string(template, context)}
    except DatabaseError:
        raise
    except Exception:
        # One thing that cannot be shown must not silence everything after it
        logger.exception("live: event %s cannot be shown", event["n"])
        return None
