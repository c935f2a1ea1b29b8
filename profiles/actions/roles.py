"""Who looks after what: granting roles and ending them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from profiles.actions import audit
from profiles.models import Department, Role, RoleGrant, Topic, User
from profiles.permissions import Permission, require
from profiles.signals import rights_changed

# What a role is over; the others are over the whole service
SCOPES = {Role.DEPARTMENT_ADMIN: "department", Role.TOPIC_STEWARD: "topic"}


class WrongScope(Exception):
    """The role needs a department or a topic, or was given one that it has no use for."""


class LastSiteAdmin(Exception):
    """Nobody would be left who can grant roles."""


@transaction.atomic
def grant(
    *,
    user: User,
    role: Role | str,
    by: User | None,
    department: Department | None = None,
    topic: Topic | None = None,
) -> RoleGrant:
    """Give `user` a role from now on. Twice is once.

    Args:
        department: what a department admin looks after, with all below it.
        topic: what a topic steward looks after.
        by: the actor; None for the service itself (setting it up, loading).

    Raises:
        NotAllowed: `by` does not grant roles.
        WrongScope: department or topic do not fit the role.
    """
    if by is not None:
        require(by, Permission.GRANT_ROLES)
    role = Role(role)
    scope: dict[str, Any] = {"department": department, "topic": topic}
    check_scope(role, **scope)
    held, made = RoleGrant.objects.get_or_create(
        user=user, role=role, **scope, ended_at=None, defaults={"granted_by": by}
    )
    if made:
        _settle(user)
        audit.record(action="role.granted", by=by, obj=user, details=_told(held))
        rights_changed.send(sender=RoleGrant, user_ids=[user.pk])
    return held


@transaction.atomic
def end(*, grant: RoleGrant, by: User | None) -> None:
    """Take a role back; it opens nothing from this moment. Twice is once.

    Raises:
        NotAllowed: `by` does not grant roles.
        LastSiteAdmin: they are the only one left who could give it again.
    """
    if by is not None:
        require(by, Permission.GRANT_ROLES)
    # Two site admins who end each other's role at once would each count on the other
    admins = RoleGrant.objects.select_for_update().filter(role=Role.SITE_ADMIN, ended_at__isnull=True)
    others = [held for held in admins.select_related("user").order_by("pk") if held.pk != grant.pk]
    grant.refresh_from_db()
    if grant.ended_at:
        return
    superusers = User.objects.filter(is_active=True, is_superuser=True)
    if grant.role == Role.SITE_ADMIN and not any(held.user.is_active for held in others) and not superusers.exists():
        raise LastSiteAdmin("Make somebody else a site admin first: nobody else could grant roles.")
    grant.ended_at = timezone.now()
    grant.save(update_fields=["ended_at"])
    _settle(grant.user)
    audit.record(action="role.ended", by=by, obj=grant.user, details=_told(grant))
    rights_changed.send(sender=RoleGrant, user_ids=[grant.user_id])


def check_scope(role: Role, *, department: Department | None, topic: Topic | None) -> None:
    """Whether a role is granted over what it looks after.

    Raises:
        WrongScope: with the sentence for a form.
    """
    given = {name for name, value in (("department", department), ("topic", topic)) if value}
    needed = {SCOPES[role]} if role in SCOPES else set()
    if missing := needed - given:
        raise WrongScope(f"Choose the {missing.pop()} that a {role.label.lower()} looks after.")
    if extra := given - needed:
        raise WrongScope(f"Leave the {extra.pop()} empty: a {role.label.lower()} has no use for it.")


def _settle(user: User) -> None:
    """Whoever is a site admin may open the administration site; nobody else."""
    admin = RoleGrant.objects.filter(user=user, role=Role.SITE_ADMIN, ended_at__isnull=True)
    user.is_staff = user.is_superuser or admin.exists()
    user.save(update_fields=["is_staff"])


def _told(held: RoleGrant) -> dict[str, str]:
    return {
        "role": held.role,
        "department": held.department.slug if held.department else "",
        "topic": held.topic.slug if held.topic else "",
    }
