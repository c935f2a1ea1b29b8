"""Who belongs to which department: joining, leaving, moving the main place, suspending."""

from __future__ import annotations

import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from profiles.actions import audit, search
from profiles.models import Department, Membership, User
from profiles.permissions import Permission, can, require
from profiles.signals import rights_changed


class AlreadySuspended(Exception):
    """The person is suspended already, or not suspended when asked back."""


class MainElsewhere(Exception):
    """The person's main place is in a department that the actor does not look after."""


@transaction.atomic
def join(
    *,
    user: User,
    department: Department,
    by: User | None,
    role_title: str = "",
    is_lead: bool = False,
    is_main: bool = False,
    on: datetime.date | None = None,
) -> Membership:
    """Make `user` a member of `department` from `on` (today); a person's first place is their main one.

    Twice is once: a person who is there already, or about to leave, stays with the place described anew.

    Args:
        by: the actor, who must manage people there; None for the service itself (sign-up, an import).

    Raises:
        NotAllowed: `by` does not manage people of `department`.
        MainElsewhere: `is_main` would take the person from a department that `by` does not look after.
    """
    if by is not None:
        require(by, Permission.MANAGE_PEOPLE, department)
    _lock(user)
    known = user.memberships.filter(department=department)
    place = known.filter(Q(ended_on__isnull=True) | Q(ended_on__gt=timezone.localdate())).order_by("pk").last()
    made = place is None
    if place is None:
        place = Membership(user=user, department=department, started_on=on or timezone.localdate())
    else:
        Membership.objects.filter(pk=place.pk).update(ended_on=None)
        # As when it is changed: a main place stays the main one until another becomes it
        is_main = is_main or place.is_main
    _describe(place, role_title=role_title, is_lead=is_lead, is_main=is_main, by=by)
    audit.record(action="membership.joined" if made else "membership.changed", by=by, obj=user, details=_told(place))
    _settle(user)
    place.refresh_from_db()
    return place


@transaction.atomic
def change(*, membership: Membership, role_title: str, is_lead: bool, is_main: bool, by: User) -> None:
    """Describe a place anew. A main place stays the main one until another becomes it.

    Raises:
        NotAllowed: `by` does not manage people of that department.
        MainElsewhere: `is_main` would take the person from a department that `by` does not look after.
    """
    require(by, Permission.MANAGE_PEOPLE, membership.department)
    _lock(membership.user)
    membership.refresh_from_db(fields=["role_title", "is_lead", "is_main"])
    before = _told(membership)
    is_main = is_main or membership.is_main
    _describe(membership, role_title=role_title, is_lead=is_lead, is_main=is_main, by=by)
    if _told(membership) == before:
        return
    audit.record(action="membership.changed", by=by, obj=membership.user, details=_told(membership))
    _settle(membership.user)


@transaction.atomic
def leave(*, membership: Membership, by: User | None, on: datetime.date | None = None) -> None:
    """End a membership on `on` (today); from that day on it opens nothing. Twice is once.

    Raises:
        NotAllowed: `by` does not manage people of that department.
    """
    if by is not None:
        require(by, Permission.MANAGE_PEOPLE, membership.department)
    _lock(membership.user)
    membership.refresh_from_db(fields=["ended_on"])
    on = max(on or timezone.localdate(), membership.started_on)
    if membership.ended_on == on:
        return
    membership.ended_on = on
    membership.save(update_fields=["ended_on"])
    audit.record(
        action="membership.left",
        by=by,
        obj=membership.user,
        details={"department": membership.department.slug, "on": str(on)},
    )
    _settle(membership.user)


def settle_due() -> int:
    """Bring the main places of people in step whose memberships began or ended by the calendar alone.

    What they may see needs no settling: the visibility rule reads the dates. Run once a day.

    Returns:
        How many people were settled.
    """
    current = Membership.objects.current().filter(user=OuterRef("pk"))
    shown = current.filter(is_main=True, department=OuterRef("main_department"))
    out_of_step = Q(main_department__isnull=False) & ~Exists(shown)
    unplaced = Exists(current) & ~Exists(current.filter(is_main=True))
    people = list(User.objects.filter(out_of_step | unplaced))
    for user in people:
        with transaction.atomic():
            _settle(user)
    return len(people)


@transaction.atomic
def suspend(*, user: User, by: User | None, reason: str = "") -> None:
    """Shut `user` out at once: every session and socket ends, nothing they wrote is touched.

    Raises:
        NotAllowed: `by` may not suspend this person.
        AlreadySuspended: they are.
    """
    if by is not None:
        require(by, Permission.SUSPEND, user)
    user.refresh_from_db(from_queryset=User.objects.select_for_update(no_key=True))
    if not user.is_active:
        raise AlreadySuspended(f"{user.name} is suspended already.")
    user.is_active, user.suspended_at = False, timezone.now()
    _end_sessions(user)
    audit.record(action="user.suspended", by=by, obj=user, details={"reason": reason})
    search.changed(user)
    rights_changed.send(sender=User, user_ids=[user.pk])


@transaction.atomic
def reinstate(*, user: User, by: User | None, reason: str = "") -> None:
    """Let a suspended person back in; they sign in anew.

    Raises:
        NotAllowed: `by` may not suspend this person, and so not reinstate them.
        AlreadySuspended: they are not suspended.
    """
    if by is not None:
        require(by, Permission.SUSPEND, user)
    user.refresh_from_db(from_queryset=User.objects.select_for_update(no_key=True))
    if user.is_active:
        raise AlreadySuspended(f"{user.name} is not suspended.")
    user.is_active, user.suspended_at = True, None
    _end_sessions(user)
    audit.record(action="user.reinstated", by=by, obj=user, details={"reason": reason})
    search.changed(user)


def _end_sessions(user: User) -> None:
    user.session_epoch += 1
    user.save(update_fields=["is_active", "suspended_at", "session_epoch"])


def _lock(user: User) -> None:
    """Change one person's places in one line: two at once would each leave a main one.

    What points at the person may be written meanwhile (`no_key`), their comments and notifications above all.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _describe(place: Membership, *, role_title: str, is_lead: bool, is_main: bool, by: User | None) -> None:
    """Write a place; a main one takes that from the person's other places."""
    main = place.user.memberships.current().filter(is_main=True).exclude(pk=place.pk).first()
    if is_main and main:
        # Power over a person goes with their main place, so nobody takes it who does not have it already
        if by is not None and not can(by, Permission.MANAGE_PEOPLE, place.user):
            raise MainElsewhere(
                f"{place.user.name}’s main department is {main.department.name}. Its administrator can end that first."
            )
        place.user.memberships.exclude(pk=place.pk).update(is_main=False)
    place.role_title, place.is_lead, place.is_main = role_title, is_lead, is_main
    place.save(update_fields=["role_title", "is_lead", "is_main"] if place.pk else None)


def _told(place: Membership) -> dict[str, Any]:
    return {
        "department": place.department.slug,
        "role_title": place.role_title,
        "is_lead": place.is_lead,
        "is_main": place.is_main,
    }


def _settle(user: User) -> None:
    """What follows from any change of somebody's places: one main place, the name tag, the index, the sockets."""
    current = user.memberships.current().select_related("department").order_by("-is_main", "started_on", "pk")
    main = current.first()
    others = user.memberships.filter(is_main=True)
    (others.exclude(pk=main.pk) if main else others).update(is_main=False)
    if main and not main.is_main:
        main.is_main = True
        main.save(update_fields=["is_main"])
    user.main_department = main.department if main else None
    user.save(update_fields=["main_department"])
    search.changed(user)
    rights_changed.send(sender=Membership, user_ids=[user.pk])
