"""People, departments, communities and topics as the search engine takes them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import models
from django.db.models import Prefetch

from intranet.lib import markdown
from intranet.lib.search.protocol import Document
from intranet.lib.search.registry import Searchable, register
from profiles.models import (
    Audience,
    Community,
    CommunityKind,
    CommunityTopic,
    Department,
    DepartmentAncestor,
    Expertise,
    Membership,
    Topic,
    TopicState,
    User,
)

CHUNK = 500
MOST_NAMED = 10_000
SEPARATOR = " · "
# For what has no time of its own: it gives way to everything of the same score that has one
TIMELESS = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
# A closed department is found, below the ones that work
CLOSED_BOOST = 0.5


def only(rows: models.QuerySet[Any], ids: Iterable[int] | None) -> Iterator[Any]:
    """The rows with these ids, or all; read in chunks, for an index holds everything."""
    rows = rows if ids is None else rows.filter(pk__in=list(ids))
    return rows.order_by("pk").iterator(chunk_size=CHUNK)


def listed(*words: str) -> str:
    """Words and names that are no sentence, as a snippet shows them."""
    return SEPARATOR.join(filter(None, words))


def aliases_of(topics: Iterable[Topic]) -> str:
    """The other names of `topics`, by which what carries them is found too; prefetch `aliases`."""
    return listed(*(alias.name for topic in topics for alias in topic.aliases.all()))


def searchable(kind: str, model: Any, documents: Any, shown: Any, **options: Any) -> Searchable:
    """The registration of a model whose manager knows `visible_to`; `shown` picks what a result shows of a row."""

    def visible_ids(user: Any, ids: Iterable[int]) -> set[int]:
        rows, asked = shown(model.objects.visible_to(user)).values_list("pk", flat=True), list(ids)
        # After a long import there are more than a query can name
        chunks = (asked[start : start + MOST_NAMED] for start in range(0, len(asked), MOST_NAMED))
        return {pk for chunk in chunks for pk in rows.filter(pk__in=chunk)}

    def present(user: Any, ids: list[int]) -> dict[int, object]:
        return {row.pk: row for row in shown(model.objects.visible_to(user)).filter(pk__in=ids)}

    return Searchable(kind, documents, visible_ids, present, **options)


class Above:
    """The departments above departments, themselves included; each asked for once in a run of documents."""

    def __init__(self) -> None:
        self._ids: dict[int, frozenset[int]] = {}

    def __call__(self, *department_ids: int | None) -> frozenset[int]:
        return frozenset().union(*(self._above(id_) for id_ in department_ids if id_))

    def _above(self, department_id: int) -> frozenset[int]:
        if department_id not in self._ids:
            rows = DepartmentAncestor.objects.filter(department_id=department_id)
            self._ids[department_id] = frozenset(rows.values_list("ancestor_id", flat=True))
        return self._ids[department_id]


def _people(ids: Iterable[int] | None) -> Iterator[Document]:
    everyone, above = frozenset({Audience.objects.everyone().pk}), Above()
    current = Membership.objects.current().select_related("department").order_by("-is_main", "started_on", "pk")
    places = Prefetch("memberships", current, "places")
    for person in only(User.objects.filter(is_active=True).prefetch_related(places, "expertise__aliases"), ids):
        departments = [place.department for place in person.places]
        topics = list(person.expertise.all())
        words = [place.role_title for place in person.places]
        words += [_titled(row) for row in departments]
        words += [topic.name for topic in topics]
        yield Document(
            kind="user",
            id=person.pk,
            title=person.name,
            names=(person.name,),
            summary=person.job_title,
            also=aliases_of(topics),
            body=listed(*words, person.contact_me_about, person.location, markdown.plain(person.biography)),
            at=person.updated_at,
            audiences=everyone,
            departments=above(*(row.pk for row in departments)),
            topics=frozenset(topic.pk for topic in topics),
        )


def _titled(department: Department) -> str:
    return f"{department.name} ({department.abbreviation})" if department.abbreviation else department.name


def _departments(ids: Iterable[int] | None) -> Iterator[Document]:
    everyone, above = frozenset({Audience.objects.everyone().pk}), Above()
    for row in only(Department.objects.prefetch_related("names"), ids):
        former = [name.name for name in row.names.all() if name.name != row.name]
        earlier = [name.abbreviation for name in row.names.all() if name.abbreviation != row.abbreviation]
        yield Document(
            kind="department",
            id=row.pk,
            title=_titled(row),
            names=(row.name, row.name_cy, row.abbreviation, *former, *earlier),
            body=listed(row.name_cy, *former, *earlier, row.get_kind_display(), row.description),
            at=TIMELESS,
            audiences=everyone,
            departments=above(row.pk),
            boost=CLOSED_BOOST if row.is_closed else 1.0,
        )


def _communities(ids: Iterable[int] | None) -> Iterator[Document]:
    everyone = Audience.objects.everyone().pk
    for row in only(Community.objects.select_related("audience").prefetch_related("topics__aliases"), ids):
        yield Document(
            kind="community",
            id=row.pk,
            title=row.name,
            names=(row.name,),
            body=listed(row.description, *(topic.name for topic in row.topics.all())),
            also=aliases_of(row.topics.all()),
            at=row.created_at,
            audiences=frozenset({row.audience.pk if row.kind == CommunityKind.HIDDEN else everyone}),
            topics=frozenset(topic.pk for topic in row.topics.all()),
        )


def _topics(ids: Iterable[int] | None) -> Iterator[Document]:
    everyone = Audience.objects.everyone().pk
    rows = Topic.objects.exclude(state=TopicState.MERGED).prefetch_related("aliases", "audience_rows")
    for row in only(rows, ids):
        used = {use.audience_id for use in row.audience_rows.all()}
        aliases = [alias.name for alias in row.aliases.all()]
        yield Document(
            kind="topic",
            id=row.pk,
            title=row.name,
            names=(row.name, *aliases),
            body=listed(*aliases, row.description),
            at=row.created_at,
            audiences=frozenset(used if row.state == TopicState.SUGGESTED else used | {everyone}),
            topics=frozenset({row.pk}),
        )


def _people_repeating(kind: str, id_: int) -> Iterable[int]:
    if kind == "department":
        return Membership.objects.current().below(Department(pk=id_)).values_list("user_id", flat=True).distinct()
    return Expertise.objects.filter(topic=id_).values_list("user_id", flat=True) if kind == "topic" else ()


def _departments_repeating(kind: str, id_: int) -> Iterable[int]:
    return (
        Department.objects.subtree_of(Department(pk=id_)).values_list("pk", flat=True) if kind == "department" else ()
    )


def _communities_repeating(kind: str, id_: int) -> Iterable[int]:
    return CommunityTopic.objects.filter(topic=id_).values_list("community_id", flat=True) if kind == "topic" else ()


register(searchable("user", User, _people, lambda rows: rows.with_department(), repeating=_people_repeating))
register(
    searchable(
        "department",
        Department,
        _departments,
        lambda rows: rows.select_related("parent"),
        repeating=_departments_repeating,
    )
)
register(searchable("community", Community, _communities, lambda rows: rows, repeating=_communities_repeating))
register(searchable("topic", Topic, _topics, lambda rows: rows))
