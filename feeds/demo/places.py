"""Loads the demonstration's departments, topics, people and communities, through the actions where there is one."""

from __future__ import annotations

import datetime
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from io import BytesIO
from uuid import NAMESPACE_URL, UUID, uuid5

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from feeds.demo import catalogue, past
from feeds.demo.people import DemoPerson
from intranet.lib import markdown
from intranet.lib.images import portrait
from profiles.actions import communities, departments, memberships, topics
from profiles.models import (
    PHOTO_SIZES,
    Audience,
    Community,
    CommunityMembership,
    Department,
    DepartmentKind,
    Expertise,
    Role,
    RoleGrant,
    Topic,
    TopicState,
    User,
)
from profiles.register import KINDS

PASSWORD = "demonstration"  # noqa: S105 - printed on the screen, and good with DEBUG alone
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ROLES = {
    "Knowledge Council member": Role.COUNCIL_MEMBER,
    "Knowledge Council chair": Role.COUNCIL_CHAIR,
    "Department admin": Role.DEPARTMENT_ADMIN,
    "Moderator": Role.MODERATOR,
    "Records officer": Role.RECORDS_OFFICER,
    "Topic steward": Role.TOPIC_STEWARD,
    "Site admin": Role.SITE_ADMIN,
}
STEWARDED = "Freedom of information"


def key_for(*parts: str) -> UUID:
    """An idempotency key that is the same in every load."""
    return uuid5(NAMESPACE_URL, "demonstration/" + "/".join(parts))


def load_departments() -> dict[str, Department]:
    """The departments and their teams, by slug; those an import made already are used as they are."""
    found = {row.slug: row for row in Department.objects.all()}
    waiting = list(catalogue.departments())
    while waiting:
        entry = waiting.pop(0)
        if any(parent not in found for parent in entry.parents):
            waiting.append(entry)
            continue
        if entry.slug not in found:
            found[entry.slug] = departments.found(
                name=entry.title,
                name_cy=entry.title_cy,
                abbreviation=entry.abbreviation,
                slug=entry.slug,
                kind=KINDS[entry.kind.lower()],
                parent=found[entry.parents[0]] if entry.parents else None,
                opened_on=datetime.date(entry.opened_on, 1, 1) if entry.opened_on else None,
                mail_domains=entry.mail_domains,
                by=None,
            )
        _load_teams(entry.teams, found[entry.slug], found)
    for entry in catalogue.departments():
        if entry.closed_on and not found[entry.slug].is_closed:
            successors = tuple(found[slug] for slug in entry.successors)
            departments.close(department=found[entry.slug], on=entry.closed_on, successors=successors, by=None)
    return found


def _load_teams(teams: tuple[catalogue.DemoTeam, ...], above: Department, found: dict[str, Department]) -> None:
    for team in teams:
        if team.slug not in found:
            kind = DepartmentKind(team.kind)
            found[team.slug] = departments.found(name=team.name, slug=team.slug, kind=kind, parent=above, by=None)
        _load_teams(team.teams, found[team.slug], found)


def load_topics() -> dict[str, Topic]:
    """The adopted topics with parents and aliases, by name."""
    found = {entry.name: Topic.objects.resolve([entry.name])[0] for entry in catalogue.topics()}
    for entry in catalogue.topics():
        topic = found[entry.name]
        topic.state, topic.description = TopicState.ADOPTED, entry.description
        topic.parent = found.get(entry.parent)
        topic.save(update_fields=["state", "description", "parent"])
        for alias in entry.aliases:
            topics.make_alias(topic=topic, name=alias)
    return found


def load_people(
    entries: list[DemoPerson], places: dict[str, Department], subjects: dict[str, Topic], now: datetime.datetime
) -> list[User]:
    """The people, in the order of `entries`, with places, managers, expertise and roles."""
    password = make_password(PASSWORD)
    people = [_person(entry, password, places[entry.department], now) for entry in entries]
    by_key = {entry.key: person for entry, person in zip(entries, people, strict=True)}
    EmailAddress.objects.bulk_create(
        EmailAddress(user=person, email=person.email, verified=True, primary=True) for person in people
    )
    known = []
    for entry, person in zip(entries, people, strict=True):
        memberships.join(
            user=person,
            department=places[entry.team or entry.department],
            role_title=entry.job_title,
            is_lead=entry.is_lead,
            on=past.began_on(entry.key, places[entry.department].opened_on, now),
            by=None,
        )
        person.refresh_from_db()
        person.manager = by_key.get(entry.manager_key or "")
        known += [Expertise(user=person, topic=subjects[name]) for name in entry.expertise]
        _grant(entry, person, places, subjects)
    User.objects.bulk_update(people, ["manager"])
    Expertise.objects.bulk_create(known)
    topics.note_use(topics={row.topic for row in known}, audience=Audience.objects.everyone())
    return people


def _person(entry: DemoPerson, password: str, department: Department, now: datetime.datetime) -> User:
    signed_up_at = past.signed_up_at(entry.key, past.began_on(entry.key, department.opened_on, now), now)
    confirmed_at = past.confirmed_at(entry.key, now)
    return User.objects.create(
        email=entry.email,
        name=entry.name,
        password=password if entry.account else make_password(None),
        job_title=entry.job_title,
        grade=entry.grade,
        location=entry.location,
        phone=entry.phone,
        pronouns=entry.pronouns,
        working_days=_flags(entry.working_days),
        contact_me_about=entry.contact_me_about,
        biography=entry.biography,
        biography_html=markdown.render(entry.biography, prefix="biography"),
        joined_at=signed_up_at,
        conduct_accepted_at=signed_up_at,
        confirmed_at=confirmed_at,
        updated_at=confirmed_at,
        is_demo=True,
        is_staff=entry.account == "Site admin",
    )


def load_photos(entries: list[DemoPerson], people: list[User]) -> Iterator[str]:
    """Give everybody their portrait. Yields the name of each file before it is written."""
    for entry, person in zip(entries, people, strict=True):
        person.photo_key = key_for("photo", entry.key).hex
        drawing = BytesIO(entry.photo(PHOTO_SIZES[-1]))
        for size, content in portrait(drawing, PHOTO_SIZES).items():
            name = person.photo_name(size)
            yield name
            # What a load left behind that was broken off
            default_storage.delete(name)
            default_storage.save(name, ContentFile(content))
    User.objects.bulk_update(people, ["photo_key"])


def _flags(words: str) -> str:
    """Seven flags, Monday first, from "Monday to Thursday" or a list of days."""
    named = [DAYS.index(day) for day in re.findall("|".join(DAYS), words)]
    if " to " in words and len(named) >= 2:
        named = list(range(named[0], named[1] + 1))
    return "".join("1" if day in named else "0" for day in range(7))


def _grant(entry: DemoPerson, person: User, places: dict[str, Department], subjects: dict[str, Topic]) -> None:
    if role := ROLES.get(entry.account):
        department = places[entry.department] if role is Role.DEPARTMENT_ADMIN else None
        topic = subjects[STEWARDED] if role is Role.TOPIC_STEWARD else None
        RoleGrant.objects.create(user=person, role=role, department=department, topic=topic)


class Cast:
    """Who speaks: people by department and profession, the same choice in every load."""

    def __init__(self, entries: list[DemoPerson], people: list[User]) -> None:
        self._by_pair: dict[tuple[str, str], list[User]] = defaultdict(list)
        self._by_department: dict[str, list[User]] = defaultdict(list)
        for entry, person in zip(entries, people, strict=True):
            self._by_pair[entry.department, entry.profession].append(person)
            self._by_department[entry.department].append(person)

    def named(self, department: str, profession: str) -> list[User]:
        """Everybody of that department and profession."""
        return self._by_pair[department, profession] or self._by_department[department]

    def choose(self, department: str, profession: str, rng: random.Random, *, other_than: User | None = None) -> User:
        """Somebody of that department, of that profession where there is one, and not `other_than` if possible."""
        for group in (self._by_pair[department, profession], self._by_department[department]):
            if candidates := [person for person in group if person != other_than]:
                return rng.choice(candidates)
        return self._by_department[department][0]


def load_communities(people: list[User], subjects: dict[str, Topic], owner: User) -> dict[str, Community]:
    """The communities with members, by slug; `owner` owns the first, and somebody else each of the others."""
    found: dict[str, Community] = {}
    for number, entry in enumerate(catalogue.communities()):
        rng = random.Random(f"community:{entry.slug}")
        about = [subjects[name] for name in entry.topics]
        head = owner if number % 5 == 0 else rng.choice(people)
        community, _ = communities.found(
            name=entry.name,
            kind=entry.kind,
            description=entry.description,
            topics=about,
            key=key_for("community", entry.slug),
            by=head,
        )
        Community.objects.filter(pk=community.pk).update(slug=entry.slug)
        community.slug = entry.slug
        joining = [person for person in _interested(people, about, rng) if person != head]
        CommunityMembership.objects.bulk_create(
            CommunityMembership(community=community, user=person, joined_at=timezone.now()) for person in joining
        )
        found[entry.slug] = community
    return found


def _interested(people: list[User], about: list[Topic], rng: random.Random) -> Iterator[User]:
    """Those who know one of the topics, and some who only want to listen."""
    experts = set(Expertise.objects.filter(topic__in=about).values_list("user_id", flat=True))
    for person in people:
        if rng.random() < (0.6 if person.pk in experts else 0.06):
            yield person
