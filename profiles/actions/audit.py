"""Adds audit events, in the transaction of what they tell, and verifies the chain."""

from __future__ import annotations

import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from profiles.models import AuditEvent, AuditHead, Department, User

MAX_NAME = 250
# What everybody who is signed in may know of. All else goes by its kind and number alone: who reads the log may not
# see it, and what was hidden would be read there for ever
NAMED = (User, Department)


@transaction.atomic
def record(
    *, action: str, by: User | None, obj: models.Model | None = None, details: dict[str, Any] | None = None
) -> AuditEvent:
    """Append one event to the chain.

    Best after all other writes of an action: whoever audits next waits for its commit, and two actions that
    take the chain and another row in different orders would wait for each other.

    Args:
        action: what was done, as "thing.verb": "department.renamed".
        by: who did it; None for the service itself (an import, a schedule).
        obj: what it was done to; its name is written down only where it is for everybody.
        details: JSON values that say what changed; no text that people wrote.
    """
    AuditHead.objects.get_or_create(pk=1)
    # The head's lock keeps the chain in one line; it is held until the caller commits
    head = AuditHead.objects.select_for_update(no_key=True).get(pk=1)
    event = AuditEvent(
        position=head.position + 1,
        at=timezone.now(),
        action=action,
        actor=by,
        object_type=obj._meta.model_name or "" if obj else "",
        object_id=obj.pk if obj else None,
        object_name=str(obj)[:MAX_NAME] if isinstance(obj, NAMED) else "",
        details=details or {},
        previous_hash=head.hash,
    )
    event.hash = event.seal()
    event.save()
    head.position, head.hash = event.position, event.hash
    head.save()
    return event


class ChainBroken(Exception):
    """A row does not follow from the one before it; the message names the first such row."""


def verify() -> int:
    """Read the whole chain and prove every row against the one before it. Takes no lock: people go on working.

    Returns:
        How many events there are.

    Raises:
        ChainBroken: a row was changed, removed, put in or moved.
    """
    position, last_hash = 0, "0" * 64
    while True:
        head = AuditHead.objects.filter(pk=1).first() or AuditHead()
        position, last_hash = _follow(position, last_hash, head.position)
        if (position, last_hash) != (head.position, head.hash):
            raise ChainBroken(_told(position, head))
        # One statement, so that an event added meanwhile is never taken for one that was put in
        head_now = AuditHead.objects.filter(pk=1).values("position")
        ahead = AuditEvent.objects.exclude(position__lte=Coalesce(Subquery(head_now), 0))
        if stray := ahead.order_by("position").first():
            raise ChainBroken(f"Row {stray.position} ({stray.action}) stands after the end of the chain.")
        if not AuditHead.objects.filter(pk=1, position__gt=position).exists():
            return position


def _follow(position: int, last_hash: str, upto: int, chunk_size: int = 2000) -> tuple[int, str]:
    """Go along the chain from a position to `upto`, or as far as there are rows."""
    rows = AuditEvent.objects.filter(position__gt=position, position__lte=upto).order_by("position")
    try:
        for event in rows.iterator(chunk_size=chunk_size):
            _prove(event, position, last_hash)
            position, last_hash = event.position, event.hash
    except (ValueError, TypeError) as error:
        # A value that is none of its column's kind was put there by hand
        if chunk_size > 1:
            return _follow(position, last_hash, upto, chunk_size=1)
        raise ChainBroken(f"A row after row {position} cannot be read: {error}.") from error
    return position, last_hash


def _prove(event: AuditEvent, position: int, last_hash: str) -> None:
    if event.position != position + 1:
        raise ChainBroken(f"Row {position + 1} is missing: after row {position} comes row {event.position}.")
    at: datetime.datetime | None = event.at
    if at is None or event.previous_hash != last_hash or event.hash != event.seal():
        when = f", {at:%-d %B %Y %H:%M}" if at else ""
        raise ChainBroken(f"Row {event.position} ({event.action}{when}) was changed after it was written.")


def _told(position: int, head: AuditHead) -> str:
    if head.position > position:
        return f"Rows {position + 1} to {head.position} are missing from the end."
    return f"The record of where the chain ends does not fit row {position}, the last one."
