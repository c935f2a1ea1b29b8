"""The people finder: which people a reader looks for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db.models import CharField, Q

from intranet.lib.compiled import Compiled
from intranet.lib.pagination import KeysetPage
from profiles.listing import Group, Person, everybody, first_page, in_department, knowing
from profiles.models import Department, Expertise, Topic
from profiles.words import can_look_up, telling_first

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
    words = telling_first(text.replace("\0", " ").split()[:MAX_WORDS])
    chosen = {"department_id": department, "topic_id": topic}
    given = {name: item.pk for name, item in chosen.items() if item}
    if words and not given and not cursor and can_look_up(words):
        named = {f"word{number}": word for number, word in enumerate(words)}
        return first_page(_first_named(tuple(named)).rows(user=reader, **named))
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
    return group.finding(words)


@cache
def _first_named(names: tuple[str, ...]) -> Compiled:
    """The page that begins the list of all whom some words fit."""

    def first(user: Any, **words: Any) -> Any:
        return _found(user, words=list(words.values())).first()

    return Compiled(first, ("user", *names), None, **{name: CharField() for name in names})


# The pages that begin a list without words, by the filters that are given
_FIRST = {
    (): Compiled(lambda user: _found(user).first()),
    ("department_id",): Compiled(lambda user, department_id: _found(user, department_id=department_id).first()),
    ("topic_id",): Compiled(lambda user, topic_id: _found(user, topic_id=topic_id).first()),
    ("department_id", "topic_id"): Compiled(
        lambda user, department_id, topic_id: _found(user, department_id=department_id, topic_id=topic_id).first()
    ),
}
