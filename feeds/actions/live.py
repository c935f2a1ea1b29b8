"""Writes the live log: a row for each thing that open pages must learn of, in that thing's transaction."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from feeds.models import Comment, LiveEvent, LiveEventKind, Post
from intranet.lib.live import nudge


@transaction.atomic(savepoint=False)
def emit(
    *, kind: LiveEventKind, post: Post | None = None, comment: Comment | None = None, user: int | None = None
) -> None:
    """Note that something happened to a post, a comment or a person's rights.

    Belongs at the end of an action: whoever reads the row must find everything else in place.

    Args:
        user: the id of the person whose rights changed; None for everybody's.
    """
    LiveEvent.objects.create(kind=kind, post=post, comment=comment, user_id=user)
    _nudge_after_commit()


@transaction.atomic(savepoint=False)
def emit_rights(*, user_ids: Iterable[int] | None) -> None:
    """Note that people may see more or less than a moment ago; None for everybody, in one row."""
    LiveEvent.objects.bulk_create(
        LiveEvent(kind=LiveEventKind.RIGHTS_CHANGED, user_id=user_id)
        for user_id in ([None] if user_ids is None else user_ids)
    )
    _nudge_after_commit()


def _nudge_after_commit() -> None:
    # Robust: what was written is written, whether or not anybody can be told of it now
    transaction.on_commit(nudge, robust=True)
