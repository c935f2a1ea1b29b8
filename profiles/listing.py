"""Lists of people by name: read by index however large the group is, and shown from kept cards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.urls import reverse
from django.utils.safestring import SafeString

from intranet.lib.kept import kept
from intranet.lib.merged import Leg, Order, can_merge, first_ids
from intranet.lib.pages import joined
from intranet.lib.pagination import KeysetPage, keyset_page
from profiles.models import CommunityMembership, DepartmentAncestor, Expertise, Membership, User
from profiles.words import can_look_up, mentions
from profiles.words import first_ids as first_ids_by_words

PAGE = 20
CARD = "components/person_card.html"


class Person(NamedTuple):
    """What a list shows of a person: all of it, and so the key of their kept card."""

    pk: int
    name: str
    photo_key: str
    job_title: str
    department_label: str | None
    department_name: str | None

    @property
    def department(self) -> str:
        return self.department_label or self.department_name or ""

    # As a place in a group calls them
    @property
    def person_name(self) -> str:
        return self.name

    @property
    def user_id(self) -> int:
        return self.pk

    def get_absolute_url(self) -> str:
        return reverse("person", args=[self.pk])

    @property
    def card(self) -> SafeString:
        """Their card."""
        return self._card(heading=False)

    @property
    def headed_card(self) -> SafeString:
        """Their card, their name a heading: for a list that is a section of the page."""
        return self._card(heading=True)

    def _card(self, *, heading: bool) -> SafeString:
        def context() -> dict[str, Any]:
            user = User(pk=self.pk, name=self.name, photo_key=self.photo_key, job_title=self.job_title)
            return {"user": user, "department": self.department, "heading": heading}

        return SafeString(kept(CARD, (self, heading), context))


def headed_card_items(people: Iterable[Person]) -> SafeString:
    """Cards with a heading each, as items of a list."""
    return joined(f'<li id="user-{person.pk}">{person.headed_card}</li>' for person in people)


def card_items(people: Iterable[Person]) -> SafeString:
    """Cards as items of a list."""
    return joined(f"<li>{person.card}</li>" for person in people)


COLUMNS = ("pk", "name", "photo_key", "job_title", "main_department__label", "main_department__name")


def columns(prefix: str = "") -> list[str]:
    """The columns of a `Person`; `prefix` leads to the person, with "__" at its end."""
    return [f"{prefix}{name}" for name in COLUMNS]


def persons(rows: Iterable[Sequence[Any]]) -> list[Person]:
    """The people of rows that hold `columns`."""
    return [Person(*row) for row in rows]


@dataclass(frozen=True)
class Group:
    """Some people, by name.

    Attributes:
        places: the rows that put them there, as the reader may see them; everybody's are the people themselves.
        person: the path from a place to the person, with "__" at its end.
        legs: where there are any, those of the places that one of them reaches.
        words: each of which must fit the person, as `profiles.words` says.
        along: where a page does not begin the list, the places from there on.
    """

    places: Any
    person: str = "user__"
    legs: Sequence[Leg] = ()
    words: Sequence[Any] = ()
    along: Any = None

    def narrowed(self, condition: Q) -> Group:
        """Those whose place fits too."""
        return replace(self, places=self.places.filter(condition))

    def finding(self, words: Sequence[Any]) -> Group:
        """Those whom all of `words` fit."""
        return replace(self, words=words)

    def page(self, cursor: str | None) -> KeysetPage[Person]:
        """A page of it.

        Raises:
            BadCursor: this list never gave it out.
        """

        def read(places: QuerySet[Any], backward: bool, size: int) -> list[Person]:
            return persons(replace(self, places=places, along=places).first(size, backward=backward))

        return keyset_page(self.places, key=self._key, cursor=cursor, size=PAGE, read=read)

    def first(self, size: int = PAGE + 1, *, backward: bool = False) -> QuerySet[Any, Any]:
        """The rows of the first of them, or of the last."""
        if self.words and not self.person and can_look_up(self.words):
            along = User.objects.all() if self.along is None else self.along
            named = first_ids_by_words(self.places, self.words, along=along, backward=backward, size=size)
            return _ordered(User.objects.filter(pk__in=named), *self._key, backward=backward).values_list(*columns())
        if self.words:
            fitting = (mentions(word, self.person) for word in self.words)
            return replace(self, places=self.places.filter(*fitting), words=()).first(size, backward=backward)
        if not self.legs:
            return _ordered(self.places, *self._key, backward=backward).values_list(*columns(self.person))[:size]
        found: Any = self.places.filter(*(leg.condition() for leg in self.legs)).values("user_id")
        if can_merge():
            # Somebody may have a place in two departments
            once = self.places.distinct()
            sql, params = first_ids(once, self.legs, backward=backward, size=size, order=Order(*self._key))
            found = RawSQL(sql, params, output_field=User._meta.pk)  # noqa: S611 - Django's own, see `merged`
        people = User.objects.filter(pk__in=found)
        return _ordered(people, "name", "pk", backward=backward).values_list(*columns())[:size]

    @property
    def _key(self) -> tuple[str, str]:
        return ("person_name", "user_id") if self.person else ("name", "pk")


def _ordered(rows: Any, *key: str, backward: bool) -> Any:
    return rows.order_by(*(f"-{name}" if backward else name for name in key))


def first_page(rows: Iterable[Sequence[Any]]) -> KeysetPage[Person]:
    """The page that begins a list, of the rows that `Group.first` found."""
    everybody: Any = User.objects.all()
    return keyset_page(everybody, key=("name", "pk"), cursor=None, size=PAGE, read=lambda *_: persons(rows))


def everybody(reader: Any) -> Group:
    """All whom `reader` may see."""
    return Group(User.objects.visible_to(reader), person="")


def in_department(department_id: Any, reader: Any) -> Group:
    """Who belongs to a department or to a part of it today."""
    below = DepartmentAncestor.objects.filter(ancestor_id=department_id).values("department_id")
    return Group(Membership.objects.visible_to(reader).current(), legs=[Leg("department_id", below)])


def in_community(community_id: Any, reader: Any) -> Group:
    """The members of a community."""
    places = CommunityMembership.objects.visible_to(reader).current()
    return Group(places.filter(community_id=community_id))


def knowing(topic_id: Any, reader: Any) -> Group:
    """Who says they know a topic."""
    return Group(Expertise.objects.visible_to(reader).filter(topic_id=topic_id))
