"""People by words: what a word may stand in, and how the first whom it fits are found however many people there are.

Where many people fit, the first of them are met soon on a walk through everybody by name. Where few do, they are looked
up: indexes of PostgreSQL's pg_trgm know in which names and job titles three letters stand side by side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Expression, RawSQL
from django.db.models.functions import Upper

from intranet.lib.compiled import Parameter
from intranet.lib.merged import Order, can_merge, has_ids, ids_of, met_or_looked_up
from profiles.models import Department, Expertise, Topic, User

BY_NAME = Order("name", "pk")
# What the indexes know; other characters stand in none of them
LETTERS = re.compile(r"[^\W_]{3,}")


def mentions(word: str, person: str = "") -> Q:
    """That `word` stands in a person's name, job title, department or a topic they know.

    Args:
        person: the path to the person, with "__" at its end.
    """
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


def telling_first(words: Sequence[str]) -> list[str]:
    """`words` in the order in which they should be looked up: a longer one is in fewer names."""
    return sorted(words, key=lambda word: -_longest(word))


def can_look_up(words: Sequence[Any]) -> bool:
    """Whether an index serves the first of `words`; parameters of compiled queries stand for words that one serves."""
    return can_merge() and (isinstance(words[0], Parameter) or _longest(words[0]) > 0)


def _longest(word: str) -> int:
    return max(map(len, LETTERS.findall(word)), default=0)


def first_ids(
    people: QuerySet[User], words: Sequence[Any], *, along: QuerySet[User], backward: bool, size: int
) -> RawSQL:
    """The ids of the first `size` of `people`, by name, whom all of `words` fit.

    Args:
        words: of which an index serves the first; for a compiled query, parameters.
        along: the people of whom the first are walked.
    """
    tables: dict[str, QuerySet[Any, Any]] = {}
    for number, word in enumerate(words):
        tables |= {f"departments{number}": _departments(word), f"topics{number}": _topics(word)}
    first, *others = (_fits(word, number) for number, word in enumerate(words))
    also = reduce(and_, others, Q())
    sql, params = met_or_looked_up(
        people,
        first & also,
        ways=[way & also for way in _ways(words[0])],
        tables=tables,
        along=along,
        backward=backward,
        size=size,
        order=BY_NAME,
    )
    return RawSQL(sql, params, output_field=User._meta.pk)  # noqa: S611 - Django's own, see `merged`


# `mentions` once more, in the words of the indexes


class _Pattern(Parameter):
    """What a parameter's word is compared by."""

    def value(self, values: dict[str, Any], connection: Any) -> str:
        return _containing(values[self.name])


def _containing(word: str) -> str:
    return f"%{connection.ops.prep_for_like_query(word)}%"


def _has(column: str, word: Any) -> Q:
    pattern = _Pattern(word.name, word.output_field) if isinstance(word, Parameter) else Value(_containing(word))
    # Asked once, not for each row
    once = Func(Upper(pattern), template="(SELECT %(expressions)s)")
    return Q(_compared(column, " LIKE ", once))


def _compared(column: str, operator: str, value: Expression) -> Func:
    is_so: BooleanField[bool, bool] = BooleanField()
    return Func(Upper(F(column)), value, template="(%(expressions)s)", arg_joiner=operator, output_field=is_so)


def _departments(word: Any) -> QuerySet[Any, Any]:
    text = word if isinstance(word, Parameter) else Value(word)
    abbreviated = Q(_compared("abbreviation", " = ", Upper(text)))
    return Department.objects.filter(_has("name", word) | abbreviated).values("pk")


def _topics(word: Any) -> QuerySet[Any, Any]:
    return Topic.objects.filter(_has("name", word)).values("pk")


def _ways(word: Any) -> list[Q]:
    """The ways in which the first word may fit, each with an index of its own."""
    experts = Expertise.objects.filter(topic_id__in=ids_of("topics0")).values("user_id")
    in_departments = Q(main_department_id__in=ids_of("departments0"))
    return [_has("name", word), _has("job_title", word), in_departments, Q(pk__in=experts)]


def _fits(word: Any, number: int) -> Q:
    """That a word fits a person who has been met: cheap to ask of hundreds, whatever the word."""
    topics = ids_of(f"topics{number}")
    known = Expertise.objects.filter(user_id=OuterRef("pk"), topic_id__in=topics).values(known=Value(True))[:1]
    # Most words are in no topic's name: then nobody is asked what they know
    knows = Q(has_ids(f"topics{number}")) & Q(Subquery(known, output_field=BooleanField()))
    in_departments = Q(main_department_id__in=ids_of(f"departments{number}"))
    return _has("name", word) | _has("job_title", word) | in_departments | knows
