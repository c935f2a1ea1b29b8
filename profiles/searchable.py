"""People, departments, communities and topics as the search engine takes them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import models
from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from intranet.lib import markdown
from intranet.lib.search.protocol import Document
from intranet.lib.search.registry import Line, Searchable, register
from profiles.audience import Marking
from profiles.models import (
    Audience,
    Community,
    CommunityKind,
    CommunityTopic,
    Department,
    DepartmentAncestor,
    DepartmentKind,
    Expertise,
    Membership,
    Topic,
    TopicState,
    User,
)

CHUNK = 500
DAY = "j F Y"
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


def day(moment: str) -> str:
    """The day of a time as a row shown has it, in words."""
    at = datetime.datetime.fromisoformat(moment)
    return date_format(timezone.localtime(at if at.tzinfo else at.replace(tzinfo=datetime.UTC)), DAY)


def marked(row: Any) -> dict[str, str]:
    """The marking of a row shown, where it is more than every item's."""
    if row["marking"] == Marking.OFFICIAL:
        return {}
    return {"marking": Marking(row["marking"]).label, "handling": row["handling"]}


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


def _person_line(row: Any) -> Line:
    facts = (row["job_title"], row["department"], row["location"])
    return Line(reverse("person", args=[row["id"]]), "Person", tuple(filter(None, facts)))


def _department_line(row: Any) -> Line:
    above = f"Part of {row['parent']}" if row["parent"] else ""
    facts = (DepartmentKind(row["kind"]).label, above, "Closed" if row["closed"] else "")
    return Line(reverse("department", args=[row["slug"]]), "Department", tuple(filter(None, facts)))


def _community_line(row: Any) -> Line:
    return Line(reverse("community", args=[row["slug"]]), "Community", (CommunityKind(row["kind"]).label,))


def _topic_line(row: Any) -> Line:
    return Line(reverse("topic", args=[row["slug"]]), "Topic", (f"{TopicState(row['state']).label} topic",))


register(
    Searchable(
        kind="user",
        documents=_people,
        visible=User.objects.visible_to,
        shown={"id": "pk", "job_title": "job_title", "department": "main_department__label", "location": "location"},
        line=_person_line,
        repeating=_people_repeating,
    )
)
register(
    Searchable(
        kind="department",
        documents=_departments,
        visible=Department.objects.visible_to,
        shown={"slug": "slug", "name": "name", "kind": "kind", "parent": "parent__name", "closed": "is_closed"},
        line=_department_line,
        repeating=_departments_repeating,
    )
)
register(
    Searchable(
        kind="community",
        documents=_communities,
        visible=Community.objects.visible_to,
        shown={"slug": "slug", "kind": "kind"},
        line=_community_line,
        repeating=_communities_repeating,
    )
)
register(
    Searchable(
        kind="topic",
        documents=_topics,
        visible=Topic.objects.visible_to,
        shown={"slug": "slug", "name": "name", "state": "state"},
        line=_topic_line,
    )
)
