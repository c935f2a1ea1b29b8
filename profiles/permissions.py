"""THE "may do" rule: `can(user, Permission.X, obj)`. What a user may see is in `profiles.audience`."""

from __future__ import annotations

import enum
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from intranet.lib.compiled import Compiled
from profiles.audience import writable_by
from profiles.models import Community, CommunityMembership, Department, DepartmentAncestor, Role, RoleGrant, User


class Permission(enum.Enum):
    """What somebody may be allowed to do to something."""

    EDIT = "edit"  # an article, a post, a comment
    WITHDRAW = "withdraw"  # an article: withdraw it, and publish it again
    HIDE = "hide"  # a post or comment
    ACCEPT_ANSWER = "accept an answer"  # to a question
    WRITE_TO = "write to"  # an audience
    EDIT_PROFILE = "edit a profile"  # a person
    MANAGE_PEOPLE = "manage people"  # a department, or a person in it
    SUSPEND = "suspend"  # a person
    MANAGE_COMMUNITY = "manage a community"
    CURATE = "curate topics"
    GRANT_ROLES = "grant roles"
    READ_AUDIT = "read the audit log"


P = Permission

# What each role may do, over its scope: a department's sub-tree, a topic, or the service
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.DEPARTMENT_ADMIN: frozenset({P.EDIT, P.WITHDRAW, P.EDIT_PROFILE, P.MANAGE_PEOPLE, P.SUSPEND}),
    Role.TOPIC_STEWARD: frozenset({P.EDIT}),
    Role.COUNCIL_MEMBER: frozenset({P.EDIT, P.CURATE}),
    Role.COUNCIL_CHAIR: frozenset({P.EDIT, P.WITHDRAW, P.CURATE}),
    Role.RECORDS_OFFICER: frozenset({P.READ_AUDIT}),
    Role.MODERATOR: frozenset({P.HIDE}),
    Role.SITE_ADMIN: frozenset(
        {P.EDIT, P.WITHDRAW, P.HIDE, P.EDIT_PROFILE, P.MANAGE_PEOPLE, P.SUSPEND, P.MANAGE_COMMUNITY}
        | {P.CURATE, P.GRANT_ROLES, P.READ_AUDIT}
    ),
}

# What people may do to what is theirs: the attributes of the object that name them
OWN_PERMISSIONS: dict[Permission, tuple[str, ...]] = {
    P.EDIT: ("author_id", "owner_id"),
    P.WITHDRAW: ("author_id", "owner_id"),
    P.HIDE: ("author_id",),
    P.ACCEPT_ANSWER: ("author_id",),
}


class NotAllowed(Exception):
    """The actor may see the thing but not do this to it; pages answer 403."""


# Asked by everything that is written
_IS_ACTIVE = Compiled(lambda user: User.objects.active(user).values_list("pk"))
_WRITES_TO = Compiled(lambda user, pk: writable_by(user).filter(pk=pk).values_list("pk"))


def can(user: Any, permission: Permission, obj: Any = None) -> bool:
    """Whether `user` may do `permission` to `obj`.

    Reads the database, never what the user object carries, so that losing a role works at once. Says nothing
    about seeing: load `obj` through `visible_to` first.
    """
    if permission is P.WRITE_TO:
        return _WRITES_TO.row(user=user, pk=obj.pk) is not None
    if user.pk is None or _IS_ACTIVE.row(user=user) is None:
        return False
    if permission is P.SUSPEND and _is_out_of_reach(user, obj):
        return False
    if _is_own(user, permission, obj):
        return True
    return _holds_role(user, permission, obj)


def is_own(user: Any, permission: Permission, obj: Any) -> bool:
    """Whether a thing that people write is `user`'s own in the way that gives the permission."""
    return any(getattr(obj, name, None) == user.pk for name in OWN_PERMISSIONS.get(permission, ()))


def require(user: Any, permission: Permission, obj: Any = None) -> None:
    """The first line of an action.

    Raises:
        NotAllowed: `user` may not do `permission` to `obj`.
    """
    if not can(user, permission, obj):
        raise NotAllowed(f"You do not have permission to {permission.value} here.")


def _is_own(user: Any, permission: Permission, obj: Any) -> bool:
    if isinstance(obj, User):
        return permission is P.EDIT_PROFILE and obj.pk == user.pk
    if isinstance(obj, Community):
        owners = CommunityMembership.objects.current().filter(community=obj, is_owner=True)
        return permission is P.MANAGE_COMMUNITY and owners.filter(user_id=user.pk).exists()
    return is_own(user, permission, obj)


def _is_out_of_reach(user: Any, person: User) -> bool:
    """Nobody shuts themselves out, nor somebody who was given more to look after than they were."""
    if person.pk == user.pk:
        return True
    if _holds_role(user, P.GRANT_ROLES, None):
        return False
    theirs = RoleGrant.objects.filter(user=person, ended_at__isnull=True)
    if person.is_superuser or theirs.filter(department__isnull=True, topic__isnull=True).exists():
        return True
    own = RoleGrant.objects.held_by(user).filter(role=Role.DEPARTMENT_ADMIN).values("department_id")
    below = DepartmentAncestor.objects.filter(ancestor_id__in=own).values("department_id")
    return theirs.filter(department__isnull=False).exclude(department_id__in=below).exists()


def _holds_role(user: Any, permission: Permission, obj: Any) -> bool:
    above = DepartmentAncestor.objects.filter(department_id__in=_departments_of(obj)).values("ancestor_id")
    topics = getattr(obj, "topic_ids", None)
    in_scope = _in_scope(above, topics if isinstance(topics, list) else [])
    return _grants(user, permission).filter(in_scope).exists() or (
        permission in ROLE_PERMISSIONS[Role.SITE_ADMIN] and _is_superuser(user)
    )


def holds_everywhere(user: Any, permission: Permission) -> Exists | Q:
    """That a role gives `user` the permission over the whole service: `can` without an object, for queries."""
    return _holds(user, permission, _in_scope())


def holds_over(user: Any, permission: Permission, departments: Any) -> Exists | Q:
    """That a role gives `user` the permission over one of `departments` (a query of ids): `can` for queries of them."""
    above = DepartmentAncestor.objects.filter(department_id__in=departments).values("ancestor_id")
    return _holds(user, permission, _in_scope(above))


def holds_over_content(user: Any, permission: Permission, *, topics: QuerySet[Any, Any]) -> Exists | Q:
    """That a role gives `user` the permission over a row with a `department_id`: `can` for queries of content.

    What somebody may do because the thing is their own is not in it; see `is_own`.

    Args:
        topics: the ids of a row's topics; OuterRef twice leads to the row.
    """
    above = DepartmentAncestor.objects.filter(department_id=OuterRef(OuterRef("department_id"))).values("ancestor_id")
    return _holds(user, permission, _in_scope(above, topics))


def _in_scope(above: Any = (), topics: Any = ()) -> Q:
    """Grants over everything, over a department of `above`, over one of `topics`."""
    return Q(department__isnull=True, topic__isnull=True) | Q(department_id__in=above) | Q(topic_id__in=topics)


def _holds(user: Any, permission: Permission, in_scope: Q) -> Exists | Q:
    granted = Exists(_grants(user, permission).filter(in_scope))
    if permission not in ROLE_PERMISSIONS[Role.SITE_ADMIN]:
        return granted
    return granted | Exists(User.objects.active(user).filter(is_superuser=True))


def _grants(user: Any, permission: Permission) -> QuerySet[RoleGrant]:
    roles = [role for role, permissions in ROLE_PERMISSIONS.items() if permission in permissions]
    return RoleGrant.objects.held_by(user).filter(role__in=roles)


def _is_superuser(user: Any) -> bool:
    return user.is_superuser and User.objects.filter(pk=user.pk, is_superuser=True).exists()


def _departments_of(obj: Any) -> list[int]:
    """The departments an object belongs to: an admin of one above them has a say."""
    if isinstance(obj, Department):
        return [obj.pk]
    if isinstance(obj, User):
        # The main place alone: else whoever adds a person to their department would gain power over them
        return list(obj.memberships.current().filter(is_main=True).values_list("department_id", flat=True))
    department_id = getattr(obj, "department_id", None)
    return [department_id] if department_id else []
