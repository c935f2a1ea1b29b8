"""Rows that put a person into a group, with the name by which the group's lists are ordered."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Subquery

from profiles.models.user import User


class ListedQuerySet(models.QuerySet[Any]):
    """Sets of people in groups."""

    def visible_to(self, user: Any) -> Self:
        """Places of people whom `user` may see."""
        return self.filter(user__in=User.objects.visible_to(user))


class CopiedName(models.CharField):  # type: ignore[type-arg]
    """The name of the row's person, taken from the person whenever the row is written."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 120, "editable": False, "db_default": "", **options})

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        return Subquery(User.objects.filter(pk=model_instance.user_id).values("name"))  # type: ignore[attr-defined]


class Listed(models.Model):
    """A person in a group. An index over the group, `person_name` and the person holds its list in order."""

    # In this table too: to sort a large group by a name that stands elsewhere takes all of it.
    # `profiles.actions.people` renames it with the person
    person_name = CopiedName()

    class Meta:
        abstract = True


def rename(person: User) -> None:
    """Let the lists of all groups know `person` by their present name."""
    for kind in Listed.__subclasses__():
        kind._default_manager.filter(user=person).update(person_name=person.name)  # type: ignore[misc]
