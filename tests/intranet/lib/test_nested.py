"""Rows of other tables as one value of a query: the same on both databases."""

from __future__ import annotations

import datetime

import pytest
from django.db.models import OuterRef

from intranet.lib.nested import nested, unnested
from profiles.actions import memberships
from profiles.models import Membership, User
from tests import factories

pytestmark = pytest.mark.django_db


def test_it_brings_rows_in_order_with_whatever_people_write() -> None:
    person, other = factories.user(), factories.user()
    for name in ('B "quoted"', "A %s \\ é", "C"):
        department = factories.department(name)
        memberships.join(user=person, department=department, by=None, on=datetime.date(2020, 3, 2))
    rows = Membership.objects.filter(user_id=OuterRef("pk")).order_by("department__name")
    places = nested(rows, "department__name", "is_lead", "started_on", "ended_on")
    found = dict(User.objects.filter(pk__in=[person.pk, other.pk]).values_list("pk", places))
    assert unnested(found[other.pk]) == []
    expected = [[name, False, "2020-03-02", None] for name in ("A %s \\ é", 'B "quoted"', "C")]
    assert unnested(found[person.pk]) == expected
