"""A profile: everything its page shows of a person, read in one query, and the fragments made of it."""

from __future__ import annotations

import datetime
from functools import partial
from typing import Any, NamedTuple

from django.db.models import OuterRef, Q
from django.utils.safestring import SafeString, mark_safe

from intranet.lib.compiled import LARGEST_ID, Compiled, today
from intranet.lib.kept import kept
from intranet.lib.nested import nested, unnested
from profiles.models import Department, Membership, Topic, User
from profiles.permissions import Permission, holds_over

MAX_REPORTS = 50

PERSON = (
    *("pk", "email", "name", "photo_key", "job_title", "grade", "location", "phone", "pronouns", "working_days"),
    *("contact_me_about", "biography_html", "confirmed_at"),
)
CARD = ("pk", "name", "photo_key", "job_title")
PLACE = (
    *("department__name", "department__slug", "department__abbreviation"),
    *("role_title", "is_lead", "started_on", "ended_on"),
)
# After the person and their main department, in this order
LISTS = ("ancestors", "current", "past", "topics", "manager", "reports")


class Profile(NamedTuple):
    """A person as their page shows them to one reader.

    Attributes:
        person: with the columns of PERSON alone.
        may_edit: whether the reader may change the profile.
        seen: everything the fragments show.
    """

    person: User
    may_edit: bool
    is_self: bool
    seen: tuple[Any, ...]

    def fragment(self, template: str) -> SafeString:
        """A part of the page, from those kept or made now."""
        return mark_safe(kept(template, (self.is_self, *self.seen), partial(_context, self)))


def profile(user: User, pk: int) -> Profile | None:
    """The profile of person `pk` as `user` may see it; None where they may not, or there is nobody."""
    row = _PROFILE.row(user=user, pk=pk) if pk <= LARGEST_ID else None
    if row is None:
        return None
    may_edit, *seen = row
    person = User(**dict(zip(PERSON, seen, strict=False)))
    is_self = person.pk == user.pk
    return Profile(person, is_self or bool(may_edit), is_self, tuple(seen))


def _profile(user: Any, pk: Any) -> Any:
    people = User.objects.visible_to(user)
    places = Membership.objects.filter(user_id=pk).order_by("-is_main", "-started_on", "-pk")
    own = places.current().filter(is_main=True).order_by().values("department_id")
    above = Department.objects.visible_to(user).filter(
        descendant_rows__department=OuterRef("main_department_id"), descendant_rows__depth__gt=0
    )
    topics = Topic.objects.visible_to(user).filter(expertise_rows__user=pk)
    reports = people.filter(manager=pk).order_by("name", "pk")[:MAX_REPORTS]
    still = Q(ended_on__isnull=True) | Q(ended_on__gt=today())
    lists = (
        nested(above.order_by("-descendant_rows__depth"), "name", "slug"),
        nested(places.filter(still), *PLACE),
        nested(places.filter(ended_on__lte=today()), *PLACE),
        nested(topics.order_by("name", "pk"), "name", "slug"),
        nested(people.filter(pk=OuterRef("manager_id")), *CARD, "main_department__label"),
        nested(reports, *CARD),
    )
    may_edit = Q(holds_over(user, Permission.EDIT_PROFILE, own))
    main = ("main_department__name", "main_department__slug")
    return people.filter(pk=pk).values_list(may_edit, *PERSON, *main, *lists)


_PROFILE = Compiled(_profile)


def _context(shown: Profile) -> dict[str, Any]:
    """What the templates of the fragments are given, made of `shown.seen` alone."""
    name, slug, *texts = shown.seen[len(PERSON) :]
    lists = dict(zip(LISTS, map(unnested, texts), strict=True))
    return {
        "person": shown.person,
        "is_self": shown.is_self,
        "department": Department(name=name, slug=slug) if slug else None,
        "working_days": in_words(shown.person.works_on),
        "ancestors": [Department(name=name, slug=slug) for name, slug in lists["ancestors"]],
        "current": [_place(*row) for row in lists["current"]],
        "past": [_place(*row) for row in lists["past"]],
        "topics": [Topic(name=name, slug=slug) for name, slug in lists["topics"]],
        "manager": next(((_card(*row), department) for *row, department in lists["manager"]), None),
        "reports": [_card(*row) for row in lists["reports"]],
    }


def _card(*values: Any) -> User:
    return User(**dict(zip(CARD, values, strict=True)))


def _place(
    name: str, slug: str, abbreviation: str, role_title: str, is_lead: bool, started_on: str, ended_on: str | None
) -> Membership:
    return Membership(
        department=Department(name=name, slug=slug, abbreviation=abbreviation),
        role_title=role_title,
        is_lead=bool(is_lead),
        started_on=datetime.date.fromisoformat(started_on),
        ended_on=datetime.date.fromisoformat(ended_on) if ended_on else None,
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
