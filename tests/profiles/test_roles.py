"""Roles: given and taken back by those who run the service, once, on record, at once."""

from __future__ import annotations

from typing import Any

import pytest

from profiles.actions import roles
from profiles.models import AuditEvent, Department, Role, RoleGrant, User
from profiles.permissions import NotAllowed, Permission, can
from profiles.signals import rights_changed
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard() -> Any:
    """Whose rights the service was told had changed."""
    told: list[int] = []

    def listen(*, user_ids: list[int], **kwargs: Any) -> None:
        told.extend(user_ids or [])

    rights_changed.connect(listen)
    yield told
    rights_changed.disconnect(listen)


def test_a_site_admin_gives_a_role_and_takes_it_back(
    sam: User, alice: User, treasury: Department, heard: list[int]
) -> None:
    grant = roles.grant(user=alice, role=Role.DEPARTMENT_ADMIN, department=treasury, by=sam)
    assert can(alice, Permission.MANAGE_PEOPLE, treasury)
    assert (grant.granted_by, heard) == (sam, [alice.pk])
    roles.end(grant=grant, by=sam)
    assert not can(alice, Permission.MANAGE_PEOPLE, treasury)
    assert heard == [alice.pk, alice.pk]
    events = AuditEvent.objects.filter(action__startswith="role.").order_by("position")
    assert [(event.action, event.actor, event.details["department"]) for event in events] == [
        ("role.granted", sam, "treasury"),
        ("role.ended", sam, "treasury"),
    ]


def test_giving_and_taking_twice_is_once(sam: User, alice: User) -> None:
    first = roles.grant(user=alice, role=Role.MODERATOR, by=sam)
    assert roles.grant(user=alice, role=Role.MODERATOR, by=sam) == first
    roles.end(grant=first, by=sam)
    roles.end(grant=first, by=sam)
    assert AuditEvent.objects.filter(action__startswith="role.").count() == 2
    again = roles.grant(user=alice, role=Role.MODERATOR, by=sam)
    assert again.pk != first.pk, "a role given anew is another row: the first stays on record"


def test_nobody_else_gives_roles(dana: User, cora: User, alice: User, treasury: Department, sam: User) -> None:
    for somebody in (dana, cora, alice):
        with pytest.raises(NotAllowed):
            roles.grant(user=somebody, role=Role.SITE_ADMIN, by=somebody)
        with pytest.raises(NotAllowed):
            roles.end(grant=RoleGrant.objects.get(user=sam), by=somebody)
    assert RoleGrant.objects.filter(role=Role.SITE_ADMIN, ended_at__isnull=True).count() == 1


@pytest.mark.parametrize(
    ("role", "scope", "sentence"),
    [
        (Role.DEPARTMENT_ADMIN, (), "Choose the department"),
        (Role.DEPARTMENT_ADMIN, ("department", "topic"), "Leave the topic empty"),
        (Role.TOPIC_STEWARD, (), "Choose the topic"),
        (Role.MODERATOR, ("department",), "Leave the department empty"),
    ],
)
def test_a_role_needs_what_it_is_over(
    sam: User, alice: User, treasury: Department, role: Role, scope: tuple[str, ...], sentence: str
) -> None:
    given = {"department": treasury, "topic": factories.topic("Data")}
    with pytest.raises(roles.WrongScope, match=sentence):
        roles.grant(user=alice, role=role, by=sam, **{name: given[name] for name in scope})


def test_the_last_site_admin_stays(sam: User, alice: User) -> None:
    own = RoleGrant.objects.get(user=sam)
    with pytest.raises(roles.LastSiteAdmin):
        roles.end(grant=own, by=sam)
    second = roles.grant(user=alice, role=Role.SITE_ADMIN, by=sam)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(roles.LastSiteAdmin):
        roles.end(grant=own, by=sam)
    User.objects.filter(pk=alice.pk).update(is_active=True)
    roles.end(grant=own, by=sam)
    assert not can(sam, Permission.GRANT_ROLES)
    assert second.ended_at is None


def test_only_a_site_admin_may_open_the_administration(sam: User, alice: User) -> None:
    grant = roles.grant(user=alice, role=Role.SITE_ADMIN, by=sam)
    alice.refresh_from_db()
    assert alice.is_staff
    roles.end(grant=grant, by=sam)
    alice.refresh_from_db()
    assert not alice.is_staff
