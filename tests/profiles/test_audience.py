"""THE visibility rule against a plain model of it: who reads what, asked from both sides."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.actions import communities, departments, memberships
from profiles.audience import audiences_for, readers_of, writable_by
from profiles.models import (
    Audience,
    AudienceKind,
    Community,
    CommunityKind,
    CommunityMembership,
    Department,
    Membership,
    User,
)
from tests import factories

pytestmark = pytest.mark.django_db
DEPARTMENTS, PEOPLE, COMMUNITIES = 6, 5, 3


class Plain:
    """The rule as one would tell it, over plain Python values."""

    def __init__(self, world: World) -> None:
        self.world = world

    def reads(self, person: int, audience: tuple[str, int]) -> bool:
        kind, index = audience
        if not self.world.active[person]:
            return False
        if kind == "everyone":
            return True
        if kind == "department":
            return any(index in self.above(place) for place in self.world.current(person))
        return self.world.kinds[index] == CommunityKind.OPEN or (person, index) in self.world.joined

    def writes(self, person: int, audience: tuple[str, int]) -> bool:
        joined = audience[0] != "community" or (person, audience[1]) in self.world.joined
        return self.reads(person, audience) and joined

    def above(self, department: int) -> set[int]:
        found = {department}
        while (parent := self.world.parents[department]) is not None:
            found.add(department := parent)
        return found


class World:
    """A small service in the database, and beside it what was put there."""

    def __init__(self, draw: Any) -> None:
        today = timezone.localdate()
        self.parents = [draw(st.sampled_from([None, *range(index)])) for index in range(DEPARTMENTS)]
        self.departments = [factories.department(f"D{index}") for index in range(DEPARTMENTS)]
        for department, parent in zip(self.departments, self.parents, strict=True):
            if parent is not None:
                departments.move(department=department, parents=[self.departments[parent]], by=None)
        self.people = [factories.user(f"P{index}") for index in range(PEOPLE)]
        self.active = [draw(st.sampled_from([True, True, True, False])) for _ in self.people]
        self.places: dict[tuple[int, int], tuple[int, int | None]] = {}
        for place in draw(st.sets(st.tuples(st.integers(0, PEOPLE - 1), st.integers(0, DEPARTMENTS - 1)), max_size=8)):
            # Days from today on which it starts, and ends
            start = draw(st.sampled_from([-9, -1, 0, 1]))
            end = draw(st.sampled_from([None, None, start, start + 1, start + 20]))
            self.places[place] = (start, end)
            Membership.objects.create(
                user=self.people[place[0]],
                department=self.departments[place[1]],
                started_on=today + datetime.timedelta(start),
                ended_on=None if end is None else today + datetime.timedelta(end),
            )
        self.kinds = [draw(st.sampled_from(list(CommunityKind))) for _ in range(COMMUNITIES)]
        self.communities = [self._community(index) for index in range(COMMUNITIES)]
        pairs = st.sets(st.tuples(st.integers(0, PEOPLE - 1), st.integers(0, COMMUNITIES - 1)), max_size=6)
        self.joined, asked = draw(pairs), draw(pairs)
        for person, index in self.joined | asked:
            joined_at = timezone.now() if (person, index) in self.joined else None
            CommunityMembership.objects.create(
                community=self.communities[index], user=self.people[person], joined_at=joined_at
            )
        for person, active in zip(self.people, self.active, strict=True):
            User.objects.filter(pk=person.pk).update(is_active=active)

    def _community(self, index: int) -> Community:
        community = Community.objects.create(name=f"C{index}", slug=f"c{index}", kind=self.kinds[index])
        Audience.objects.create(kind=AudienceKind.COMMUNITY, community=community)
        return community

    def current(self, person: int) -> list[int]:
        return [
            department
            for (who, department), (start, end) in self.places.items()
            if who == person and start <= 0 and (end is None or end > 0)
        ]

    def audiences(self) -> dict[tuple[str, int], Audience]:
        return {
            ("everyone", 0): Audience.objects.everyone(),
            **{("department", index): row.audience for index, row in enumerate(self.departments)},
            **{("community", index): row.audience for index, row in enumerate(self.communities)},
        }

    def agrees(self) -> None:
        """The rule from both sides, and the plain telling of it, say the same of everybody and everything."""
        plain = Plain(self)
        audiences = self.audiences()
        for index, person in enumerate(self.people):
            expected = {row.pk for key, row in audiences.items() if plain.reads(index, key)}
            assert set(audiences_for(person).values_list("pk", flat=True)) == expected
            writable = {row.pk for key, row in audiences.items() if plain.writes(index, key)}
            assert set(writable_by(person).values_list("pk", flat=True)) == writable
        for key, row in audiences.items():
            readers = {person.pk for index, person in enumerate(self.people) if plain.reads(index, key)}
            assert set(readers_of(row.pk).values_list("pk", flat=True)) == readers


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_rule_is_what_one_would_tell_and_the_same_from_both_sides(db: None, data: st.DataObject) -> None:
    with transaction.atomic():
        world = World(data.draw)
        world.agrees()
        # A department moves with all below it, and the rule with them
        moved, target = data.draw(st.permutations(range(DEPARTMENTS)))[:2]
        if moved not in Plain(world).above(target):
            world.parents[moved] = target
            departments.move(department=world.departments[moved], parents=[world.departments[target]], by=None)
            world.agrees()
        transaction.set_rollback(True)


def audience_ids(person: User) -> set[int]:
    return set(audiences_for(person).values_list("pk", flat=True))


def test_a_membership_that_ends_today_opens_nothing_from_now_on(bob: User, treasury: Department) -> None:
    assert treasury.audience.pk in audience_ids(bob)
    memberships.leave(membership=bob.memberships.get(), by=None)
    assert treasury.audience.pk not in audience_ids(bob), "on the same user object"
    assert not readers_of(treasury.audience.pk).filter(pk=bob.pk).exists()


def test_a_membership_that_ends_tomorrow_still_counts_today(bob: User, treasury: Department) -> None:
    tomorrow = timezone.localdate() + datetime.timedelta(1)
    memberships.leave(membership=bob.memberships.get(), by=None, on=tomorrow)
    assert treasury.audience.pk in audience_ids(bob)


def test_a_suspended_person_sees_nothing(bob: User) -> None:
    memberships.suspend(user=User.objects.get(pk=bob.pk), by=None)
    assert audience_ids(bob) == set()
    assert not User.objects.visible_to(bob).exists()


def test_what_is_said_above_reaches_below_but_not_the_other_way(treasury: Department, alice: User) -> None:
    team = factories.department("Tax team", parent=treasury)
    tom = factories.user("Tom Tax", department=team)
    assert treasury.audience.pk in audience_ids(tom)
    assert team.audience.pk not in audience_ids(alice)


def test_a_community_that_closes_shuts_out_who_had_not_joined(alice: User, bob: User) -> None:
    club = factories.community("Club", owner=alice)
    assert club.audience.pk in audience_ids(bob)
    communities.change(community=club, name="Club", kind=CommunityKind.CLOSED, description="", topics=[], by=alice)
    assert club.audience.pk not in audience_ids(bob)
    assert club.audience.pk in audience_ids(alice)
