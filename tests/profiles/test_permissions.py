"""THE "may do" rule: which role may do what, over which scope; and that losing a right works at once."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.utils import timezone

from profiles.actions import departments, memberships
from profiles.models import Department, Role, RoleGrant, Topic, User
from profiles.permissions import OWN_PERMISSIONS, ROLE_PERMISSIONS, NotAllowed, Permission, can, require
from tests import factories

pytestmark = pytest.mark.django_db
P = Permission

SCOPED = {Role.DEPARTMENT_ADMIN, Role.TOPIC_STEWARD}
# Which permissions make sense on what
ON = {
    "person": {P.EDIT_PROFILE, P.MANAGE_PEOPLE, P.SUSPEND},
    "department": {P.MANAGE_PEOPLE},
    "content": {P.EDIT, P.WITHDRAW, P.HIDE},
    "community": {P.MANAGE_COMMUNITY},
    "topic": {P.CURATE},
    "service": {P.GRANT_ROLES, P.READ_AUDIT, P.CURATE},
}


class Content:
    """As an article or a post looks to the rule."""

    def __init__(self, department: Department, topic: Topic, author_id: int = 0, owner_id: int = 0) -> None:
        self.department_id, self.topic_ids = department.pk, [topic.pk]
        self.author_id, self.owner_id = author_id, owner_id


@pytest.fixture
def place(treasury: Department, health: Department, alice: User, charlie: User) -> dict[str, dict[str, Any]]:
    """One object of each kind in the scope of a role over the Treasury and the topic Tax, and one outside."""
    team = factories.department("Tax team", slug="tax-team", parent=treasury)
    tax, nursing = factories.topic("Tax"), factories.topic("Nursing")
    memberships.join(user=alice, department=team, by=None, is_main=True)
    club = factories.community("Club", owner=charlie)
    return {
        "in": {"person": alice, "department": team, "content": Content(team, tax), "topic": tax},
        "out": {"person": charlie, "department": health, "content": Content(health, nursing), "topic": nursing},
        "any": {"community": club, "service": None},
        "scope": {"department": treasury, "topic": tax},
    }


def grant(role: Role, place: dict[str, Any], holder: User) -> RoleGrant:
    over = {Role.DEPARTMENT_ADMIN: "department", Role.TOPIC_STEWARD: "topic"}.get(role)
    return factories.role(holder, role, **({over: place["scope"][over]} if over else {}))


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_it_lists_within_its_scope_and_nothing_else(role: Role, place: dict[str, Any]) -> None:
    holder = factories.user("Holder")
    held = grant(role, place, holder)
    for side, kinds in (("in", place["in"]), ("out", place["out"]), ("any", place["any"])):
        for kind, obj in kinds.items():
            for permission in P:
                if permission is P.WRITE_TO or permission not in ON[kind]:
                    continue
                reaches = role not in SCOPED or (
                    side == "in"
                    and (role is Role.DEPARTMENT_ADMIN or kind == "content")
                    and not (role is Role.DEPARTMENT_ADMIN and kind == "topic")
                )
                expected = permission in ROLE_PERMISSIONS[role] and reaches
                assert can(holder, permission, obj) is expected, (role, permission, side, kind)
    RoleGrant.objects.filter(pk=held.pk).update(ended_at=timezone.now())
    for (kind, obj), permission in itertools.product(place["in"].items(), P):
        if permission in ON[kind]:
            assert not can(holder, permission, obj), "a role that ended opens nothing, on the same user object"


def test_without_a_role_nobody_may_do_anything_to_what_is_not_theirs(place: dict[str, Any]) -> None:
    stranger = factories.user("Stranger")
    everything = [*place["in"].items(), *place["out"].items(), *place["any"].items()]
    for kind, obj in everything:
        for permission in ON[kind]:
            assert not can(stranger, permission, obj), (permission, kind)


def test_people_may_do_to_their_own_things_what_the_table_says(treasury: Department, alice: User, bob: User) -> None:
    topic = factories.topic("Tax")
    written = Content(treasury, topic, author_id=alice.pk)
    owned = Content(treasury, topic, owner_id=alice.pk)
    for permission, names in OWN_PERMISSIONS.items():
        assert can(alice, permission, written) is ("author_id" in names)
        assert can(alice, permission, owned) is ("owner_id" in names)
        assert not can(bob, permission, written)
    assert can(alice, P.EDIT_PROFILE, alice)
    assert not can(alice, P.SUSPEND, alice)
    assert not can(alice, P.EDIT_PROFILE, bob)


def test_only_owners_look_after_a_community(alice: User, bob: User) -> None:
    club = factories.community("Club", owner=alice, members=(bob,))
    assert can(alice, P.MANAGE_COMMUNITY, club)
    assert not can(bob, P.MANAGE_COMMUNITY, club)


def test_the_superuser_of_a_new_service_may_do_what_a_site_admin_may(place: dict[str, Any]) -> None:
    root = User.objects.create_superuser("root@example.gov.example", "a long enough pass phrase", name="Root")
    assert can(root, P.GRANT_ROLES)
    assert can(root, P.MANAGE_PEOPLE, place["in"]["department"])
    User.objects.filter(pk=root.pk).update(is_superuser=False)
    assert not can(root, P.GRANT_ROLES), "asked of the database, not of the object at hand"


def test_a_suspended_person_may_do_nothing_at_once(dana: User, bob: User, treasury: Department) -> None:
    assert can(dana, P.MANAGE_PEOPLE, treasury)
    memberships.suspend(user=User.objects.get(pk=dana.pk), by=None)
    assert not can(dana, P.MANAGE_PEOPLE, treasury)
    assert not can(dana, P.EDIT_PROFILE, dana)
    with pytest.raises(NotAllowed):
        require(dana, P.EDIT_PROFILE, bob)


def test_power_over_people_ends_when_they_move_away(
    dana: User, bob: User, treasury: Department, health: Department
) -> None:
    assert can(dana, P.SUSPEND, bob)
    memberships.join(user=bob, department=health, by=None, is_main=True)
    assert not can(dana, P.SUSPEND, bob)
    memberships.join(user=bob, department=treasury, by=None, is_main=True)
    assert can(dana, P.SUSPEND, bob)
    departments.move(department=treasury, parents=[health], by=None)
    assert can(dana, P.SUSPEND, bob), "the department she looks after moved, with its people"


def test_power_over_a_moved_department_goes_with_it(dana: User, treasury: Department, health: Department) -> None:
    team = factories.department("Tax team", parent=treasury)
    person = factories.user("Tom Tax", department=team)
    assert can(dana, P.EDIT_PROFILE, person)
    departments.move(department=team, parents=[health], by=None)
    assert not can(dana, P.EDIT_PROFILE, person)
    assert not can(dana, P.MANAGE_PEOPLE, team)


def test_nobody_gains_power_over_people_by_adding_them(dana: User, charlie: User, treasury: Department) -> None:
    memberships.join(user=charlie, department=treasury, by=dana)
    assert not can(dana, P.SUSPEND, charlie)
    assert not can(dana, P.EDIT_PROFILE, charlie)
    with pytest.raises(memberships.MainElsewhere):
        memberships.join(user=charlie, department=treasury, by=dana, is_main=True)


def test_a_department_admin_cannot_shut_out_who_runs_the_service(
    dana: User, sam: User, bob: User, treasury: Department
) -> None:
    memberships.join(user=sam, department=treasury, by=None, is_main=True)
    assert can(dana, P.SUSPEND, bob)
    assert not can(dana, P.SUSPEND, sam)
    assert not can(sam, P.SUSPEND, sam)
    second = factories.user("Second Admin")
    factories.role(second, Role.SITE_ADMIN)
    assert can(second, P.SUSPEND, sam)


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.COUNCIL_CHAIR, Role.RECORDS_OFFICER])
def test_nobody_shuts_out_who_was_given_more_than_they_were(
    dana: User, bob: User, sam: User, treasury: Department, role: Role
) -> None:
    team = factories.department("Tax team", parent=treasury)
    lead = factories.user("Lee Lead", department=team)
    factories.role(lead, Role.DEPARTMENT_ADMIN, department=team)
    assert can(dana, P.SUSPEND, lead), "a department's admin, the admin of a team below"
    memberships.join(user=dana, department=team, by=None, is_main=True)
    assert not can(lead, P.SUSPEND, dana), "and not the other way round"
    assert can(dana, P.SUSPEND, bob)
    factories.role(bob, role)
    assert not can(dana, P.SUSPEND, bob)
    assert can(sam, P.SUSPEND, bob)
