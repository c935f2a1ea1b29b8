"""The people finder: which people a reader looks for, and what a profile shows beside the person's row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from profiles.models import Department, Expertise, Membership, Topic, User

# Further words of a search would only make it slower
MAX_WORDS = 8
MAX_REPORTS = 50


def find(
    reader: Any, *, text: str = "", department: Department | None = None, topic: Topic | None = None
) -> QuerySet[User]:
    """People `reader` may see, with what their cards show.

    Args:
        text: words, each of which must stand in the name, the job title, the department's name or
            abbreviation, or a topic the person knows.
        department: only people who belong to it, or to a part of it, today.
        topic: only people who know it.
    """
    people = User.objects.visible_to(reader).with_department()
    if department:
        members = Membership.objects.current().filter(department__ancestor_rows__ancestor=department)
        people = people.filter(pk__in=members.values("user_id"))
    if topic:
        people = people.filter(pk__in=Expertise.objects.filter(topic=topic).values("user_id"))
    for word in text.replace("\0", " ").split()[:MAX_WORDS]:
        people = people.filter(_mentions(word))
    return people


def _mentions(word: str) -> Q:
    # Names of departments and topics are few: they are matched first, in their own small tables
    departments = Department.objects.filter(Q(name__icontains=word) | Q(abbreviation__iexact=word))
    topics = Topic.objects.filter(name__icontains=word)
    experts = Expertise.objects.filter(topic__in=topics.values("pk"))
    return (
        Q(name__icontains=word)
        | Q(job_title__icontains=word)
        | Q(main_department__in=departments.values("pk"))
        | Q(pk__in=experts.values("user_id"))
    )


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile page shows beside the person's row: their place among others, their week in words."""

    working_days: str
    ancestors: list[Department]
    current: list[Membership]
    past: list[Membership]
    topics: list[Topic]
    manager: User | None
    reports: list[User]


def profile(person: User, reader: Any) -> Profile:
    """The profile of `person` as `reader` may see it."""
    memberships = person.memberships.select_related("department").order_by("-is_main", "-started_on", "-pk")
    today = timezone.localdate()
    past = [row for row in memberships if row.ended_on and row.ended_on <= today]
    people = User.objects.visible_to(reader).with_department()
    main = person.main_department
    return Profile(
        working_days=in_words(person.works_on),
        ancestors=list(Department.objects.visible_to(reader).ancestors_of(main)) if main else [],
        current=[row for row in memberships if row not in past],
        past=past,
        topics=list(Topic.objects.visible_to(reader).filter(experts=person).order_by("name", "pk")),
        manager=people.filter(pk=person.manager_id).first() if person.manager_id else None,
        reports=list(people.filter(manager=person).order_by("name", "pk")[:MAX_REPORTS]),
    )


def in_words(days: list[tuple[str, bool]]) -> str:
    """Working days as people say them: "Monday to Thursday, Saturday"."""
    runs: list[list[str]] = []
    previous = False
    for day, works in days:
        if works:
            if not previous:
                runs.append([])
            runs[-1].append(day)
        previous = works
    parts = [f"{run[0]} to {run[-1]}" if len(run) > 2 else " and ".join(run) for run in runs]
    return ", ".join(parts) or "Not said"
