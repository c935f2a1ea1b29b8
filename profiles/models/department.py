"""Department: a node of the dated forest, its dated names, parents and successors, and who belongs to it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from intranet.lib.compiled import today
from profiles.models.listed import Listed, ListedQuerySet
from profiles.models.user import User


class DepartmentKind(models.TextChoices):
    """The kinds of GOV.UK's organisations API (its `format`), and the units inside an organisation."""

    MINISTERIAL = "ministerial-department", "Ministerial department"
    NON_MINISTERIAL = "non-ministerial-department", "Non-ministerial department"
    EXECUTIVE_AGENCY = "executive-agency", "Executive agency"
    EXECUTIVE_NDPB = "executive-ndpb", "Executive non-departmental public body"
    ADVISORY_NDPB = "advisory-ndpb", "Advisory non-departmental public body"
    TRIBUNAL = "tribunal", "Tribunal"
    COURT = "court", "Court"
    PUBLIC_CORPORATION = "public-corporation", "Public corporation"
    MONITORING_BODY = "independent-monitoring-body", "Independent monitoring body"
    SPECIAL_HEALTH_AUTHORITY = "special-health-authority", "Special health authority"
    AD_HOC = "ad-hoc-advisory-group", "Ad-hoc advisory group"
    DEVOLVED = "devolved-government", "Devolved government"
    EXECUTIVE_OFFICE = "executive-office", "Executive office"
    CIVIL_SERVICE = "civil-service", "Civil service"
    SUB_ORGANISATION = "sub-organisation", "Sub organisation"
    OTHER = "other", "Other"
    DIRECTORATE = "directorate", "Directorate"
    TEAM = "team", "Team"


# Inside an organisation: the name alone does not say whose
UNITS = frozenset({DepartmentKind.DIRECTORATE, DepartmentKind.TEAM})


class DepartmentQuerySet(models.QuerySet["Department"]):
    """Sets of departments, in the words of the business."""

    def visible_to(self, user: Any) -> DepartmentQuerySet:
        """Every department is known to everybody who is signed in; a closed one too."""
        return self.filter(Exists(User.objects.active(user))) if user.pk is not None else self.none()

    def open(self) -> DepartmentQuerySet:
        """Open today: not closed, or closing on a later day."""
        return self.filter(Q(closed_on__isnull=True, is_closed=False) | Q(closed_on__gt=today()))

    def closed(self) -> DepartmentQuerySet:
        """Closed today, on a known day or some day."""
        return self.filter(Q(closed_on__lte=today()) | Q(closed_on__isnull=True, is_closed=True))

    def roots(self) -> DepartmentQuerySet:
        """Those that stand under no other, or under one that is closed."""
        return self.filter(Q(parent__isnull=True) | Q(parent__in=Department.objects.closed()))

    def called_like(self, text: str) -> DepartmentQuerySet:
        """Those whose name, Welsh name or abbreviation, today or in the past, has `text` in it."""
        names = DepartmentName.objects.filter(
            Q(name__icontains=text) | Q(name_cy__icontains=text) | Q(abbreviation__icontains=text),
            department=OuterRef("pk"),
        )
        return self.filter(Exists(names))

    def parents_of(self, department: Any) -> DepartmentQuerySet:
        """Those directly above `department` today, the main one first."""
        rows = self.filter(child_rows__department=department, child_rows__until_on__isnull=True)
        return rows.order_by("-child_rows__is_main", "name", "pk")

    def for_list(self) -> DepartmentQuerySet:
        """With what a list shows of a department, in one query: its parent and the number of its open parts."""
        parts = DepartmentParent.objects.filter(
            parent=OuterRef("pk"), until_on__isnull=True, department__in=Department.objects.open()
        )
        counted = parts.order_by().values("parent").annotate(n=Count("pk")).values("n")
        return self.select_related("parent").annotate(open_parts=Coalesce(Subquery(counted), 0))

    def subtree_of(self, department: Department) -> DepartmentQuerySet:
        """`department` and all below it, along main parents."""
        return self.filter(ancestor_rows__ancestor=department)

    def ancestors_of(self, department: Department) -> DepartmentQuerySet:
        """All above `department`, the root first; not itself."""
        rows = self.filter(descendant_rows__department=department, descendant_rows__depth__gt=0)
        return rows.order_by("-descendant_rows__depth")


class Department(models.Model):
    """A ministry, agency, directorate or team, as it is called today."""

    slug = models.SlugField(max_length=160, unique=True)
    # How the register it was imported from identifies it
    register_id = models.CharField(max_length=250, unique=True, null=True, blank=True, editable=False)
    kind = models.CharField(max_length=40, choices=DepartmentKind, default=DepartmentKind.OTHER)
    name = models.CharField(max_length=250)
    name_cy = models.CharField("name in Welsh", max_length=250, blank=True)
    abbreviation = models.CharField(max_length=80, blank=True)
    # The name, with the organisation's for a unit inside one: "Local Transport, DfT". Kept by `profiles.actions`
    label = models.CharField(max_length=350, editable=False, blank=True)
    description = models.TextField(blank=True, max_length=2_000)
    website = models.URLField(blank=True)
    # The main parent: visibility follows it; the others are in DepartmentParent
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    opened_on = models.DateField(null=True, blank=True)
    closed_on = models.DateField(null=True, blank=True)
    # Registers know of closures without a day
    is_closed = models.BooleanField(default=False)
    closed_reason = models.CharField(max_length=60, blank=True)
    successors = models.ManyToManyField(
        "self", through="profiles.DepartmentSuccessor", symmetrical=False, related_name="predecessors"
    )

    objects = DepartmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(parent=F("id")), name="department_not_its_own_parent"),
            models.CheckConstraint(
                condition=Q(opened_on__isnull=True) | Q(closed_on__isnull=True) | Q(closed_on__gte=F("opened_on")),
                name="department_closes_after_it_opens",
            ),
        ]
        indexes = [models.Index(fields=["name", "id"], name="department_by_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("department", args=[self.slug])

    @property
    def short_name(self) -> str:
        """The abbreviation where there is one; a unit inside an organisation says which."""
        return self.abbreviation or self.label or self.name

    @property
    def has_closed(self) -> bool:
        """Whether it is closed today; one that closes on a later day is still open."""
        return self.closed_on <= timezone.localdate() if self.closed_on else self.is_closed

    def places(self) -> MembershipQuerySet:
        """Everybody's current place in the department or below it, suspended people included: for its admins."""
        return Membership.objects.current().below(self).with_person()

    def name_on(self, day: datetime.date) -> str:
        """What the department was called on `day`; its oldest known name for days before that."""
        # Databases do not agree where a day that is not known stands
        names = self.names.order_by(F("from_on").asc(nulls_first=True))
        then = names.filter(Q(from_on__isnull=True) | Q(from_on__lte=day)).last() or names.first()
        return then.name if then else self.name


class DepartmentName(models.Model):
    """What a department was called from one day until another."""

    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=250)
    name_cy = models.CharField("name in Welsh", max_length=250, blank=True)
    abbreviation = models.CharField(max_length=80, blank=True)
    # No first day: called so for as long as anybody knows
    from_on = models.DateField(null=True, blank=True)
    until_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["department"], condition=Q(until_on__isnull=True), name="department_one_current_name"
            ),
            models.CheckConstraint(
                condition=Q(from_on__isnull=True) | Q(until_on__isnull=True) | Q(until_on__gte=F("from_on")),
                name="department_name_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DepartmentParent(models.Model):
    """A parent of a department, from one day until another; exactly one of the current ones is main."""

    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="parent_rows")
    parent = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="child_rows")
    is_main = models.BooleanField(default=False)
    from_on = models.DateField(null=True, blank=True)
    until_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["department", "parent"],
                condition=Q(until_on__isnull=True),
                name="department_parent_once",
            ),
            models.UniqueConstraint(
                fields=["department"],
                condition=Q(until_on__isnull=True, is_main=True),
                name="department_one_main_parent",
            ),
            models.CheckConstraint(condition=~Q(department=F("parent")), name="department_parent_is_another"),
        ]

    def __str__(self) -> str:
        return f"{self.department} under {self.parent}"


class DepartmentAncestor(models.Model):
    """The forest flattened along main parents: every department is its own ancestor at depth 0.

    Kept by `profiles.actions.departments`; the visibility rule joins it.
    """

    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="ancestor_rows")
    ancestor = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="descendant_rows")
    depth = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["department", "ancestor"], name="department_ancestor_once")]

    def __str__(self) -> str:
        return f"{self.ancestor} above {self.department}"


class DepartmentSuccessor(models.Model):
    """Which department took over the work of another."""

    predecessor = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="successor_rows")
    successor = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="predecessor_rows")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["predecessor", "successor"], name="department_successor_once"),
            models.CheckConstraint(condition=~Q(predecessor=F("successor")), name="department_successor_is_another"),
        ]

    def __str__(self) -> str:
        return f"{self.successor} after {self.predecessor}"


class MailDomain(models.Model):
    """A mail domain whose people may sign up, and the department that sign-up makes their main one."""

    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="mail_domains")
    domain = models.CharField(max_length=190, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(domain__regex=r"^[a-z0-9.-]+$"), name="mail_domain_lower_case")
        ]

    def __str__(self) -> str:
        return self.domain


class MembershipQuerySet(ListedQuerySet):
    """Sets of memberships, in the words of the business."""

    def current(self) -> MembershipQuerySet:
        """Begun, and not ended: the day a membership ends on no longer counts."""
        return self.filter(Q(ended_on__isnull=True) | Q(ended_on__gt=today()), started_on__lte=today())

    def below(self, department: Department) -> MembershipQuerySet:
        """In `department` or a part of it."""
        return self.filter(department__ancestor_rows__ancestor=department)

    def of_people_like(self, text: str) -> MembershipQuerySet:
        """Places of people with `text` in their name or e-mail address."""
        return self.filter(Q(user__name__icontains=text) | Q(user__email__icontains=text)) if text else self

    def leads(self) -> MembershipQuerySet:
        return self.filter(is_lead=True)

    def with_person(self) -> MembershipQuerySet:
        """With the person and the department, in one query."""
        return self.select_related("user", "department")

    def people_below(self, departments: Iterable[Department]) -> dict[int, int]:
        """How many active people belong to each of `departments` or to a part of it today, by its id."""
        above = "department__ancestor_rows__ancestor"
        rows = self.current().filter(user__is_active=True, **{f"{above}__in": list(departments)})
        counted = rows.order_by().values(above).annotate(people=Count("user", distinct=True))
        return {row[above]: row["people"] for row in counted}


class Membership(Listed):
    """A person's place in a department, from one day until another."""

    user = models.ForeignKey("profiles.User", on_delete=models.CASCADE, related_name="memberships")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="memberships")
    role_title = models.CharField(max_length=120, blank=True)
    is_lead = models.BooleanField(default=False)
    is_main = models.BooleanField(default=False)
    started_on = models.DateField(default=timezone.localdate)
    ended_on = models.DateField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "department"], condition=Q(ended_on__isnull=True), name="membership_once"
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_on__isnull=True, is_main=True), name="membership_one_main"
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("started_on")),
                name="membership_ends_after_it_starts",
            ),
        ]
        indexes = [
            models.Index(fields=["department", "user"], name="membership_by_department"),
            # With the days, so that who is there today is read from the index alone
            models.Index(
                fields=["department", "person_name", "user", "started_on", "ended_on"], name="membership_by_name"
            ),
            # Of all departments together: the people of a large one are met soon on a walk along it
            models.Index(
                fields=["person_name", "user", "department", "started_on", "ended_on"], name="membership_in_order"
            ),
            # Few of many: nobody goes through a whole department to find them
            models.Index(fields=["department"], name="membership_leads", condition=Q(is_lead=True)),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.department}"
