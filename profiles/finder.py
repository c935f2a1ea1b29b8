"""The people finder: which people a reader looks for."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from profiles.models import Department, Expertise, Membership, Topic, User

# Further words of a search would only make it slower
MAX_WORDS = 8


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
