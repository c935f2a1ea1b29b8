"""The people finder: which people a reader looks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from intranet.lib.compiled import Compiled
from intranet.lib.pagination import KeysetPage
from profiles.listing import Group, Person, everybody, first_page, in_department, knowing
from profiles.models import Department, Expertise, Topic

# Further words of a search would only make it slower
MAX_WORDS = 8


def find(
    reader: Any,
    *,
    text: str = "",
    department: Department | None = None,
    topic: Topic | None = None,
    cursor: str | None = None,
) -> KeysetPage[Person]:
    """A page of the people `reader` may see, by name.

    Args:
        text: words, each of which must stand in the name, the job title, the department's name or
            abbreviation, or a topic the person knows.
        department: only people who belong to it, or to a part of it, today.
        topic: only people who know it.

    Raises:
        BadCursor: this list never gave it out.
    """
    words = text.replace("\0", " ").split()[:MAX_WORDS]
    chosen = {"department_id": department, "topic_id": topic}
    given = {name: item.pk for name, item in chosen.items() if item}
    if words or cursor:
        return _found(reader, words=words, **given).page(cursor)
    return first_page(_FIRST[tuple(given)].rows(user=reader, **given))


def _found(reader: Any, *, words: Sequence[str] = (), department_id: Any = None, topic_id: Any = None) -> Group:
    if department_id:
        group = in_department(department_id, reader)
        if topic_id:
            group = group.narrowed(Q(user_id__in=Expertise.objects.filter(topic_id=topic_id).values("user_id")))
    else:
        group = knowing(topic_id, reader) if topic_id else everybody(reader)
    for word in words:
        group = group.narrowed(_mentions(word, group.person))
    return group


# The pages that begin a list without words, by the filters that are given
_FIRST = {
    (): Compiled(lambda user: _found(user).first()),
    ("department_id",): Compiled(lambda user, department_id: _found(user, department_id=department_id).first()),
    ("topic_id",): Compiled(lambda user, topic_id: _found(user, topic_id=topic_id).first()),
    ("department_id", "topic_id"): Compiled(
        lambda user, department_id, topic_id: _found(user, department_id=department_id, topic_id=topic_id).first()
    ),
}


def _mentions(word: str, person: str) -> Q:
    # Names of departments and topics are few: they are matched first, in their own small tables
    departments = Department.objects.filter(Q(name__icontains=word) | Q(abbreviation__iexact=word))
    topics = Topic.objects.filter(name__icontains=word)
    experts = Expertise.objects.filter(topic__in=topics.values("pk"))
    return (
        Q((f"{person}name__icontains", word))
        | Q((f"{person}job_title__icontains", word))
        | Q((f"{person}main_department__in", departments.values("pk")))
        | Q((f"{person}pk__in", experts.values("user_id")))
    )
