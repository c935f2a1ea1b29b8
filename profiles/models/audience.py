"""Audience: one row for each "who may see". The rule that reads it is in `profiles.audience`."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class AudienceKind(models.TextChoices):
    EVERYONE = "everyone", "Everyone"
    DEPARTMENT = "department", "Department"
    COMMUNITY = "community", "Community"


class AudienceQuerySet(models.QuerySet["Audience"]):
    """Sets of audiences; which of them a reader is in, `profiles.audience` says."""

    def everyone(self) -> Audience:
        """The row for the whole service."""
        return self.get_or_create(kind=AudienceKind.EVERYONE)[0]

    def with_names(self) -> AudienceQuerySet:
        """With what is shown of an audience, in one query."""
        return self.select_related("department", "community")


class Audience(models.Model):
    """Everyone; or a department with all below it; or a community."""

    kind = models.CharField(max_length=10, choices=AudienceKind)
    department = models.OneToOneField(
        "profiles.Department", on_delete=models.CASCADE, null=True, blank=True, related_name="audience"
    )
    community = models.OneToOneField(
        "profiles.Community", on_delete=models.CASCADE, null=True, blank=True, related_name="audience"
    )

    objects = AudienceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="audience_kind_fits",
                condition=Q(kind=AudienceKind.EVERYONE, department__isnull=True, community__isnull=True)
                | Q(kind=AudienceKind.DEPARTMENT, department__isnull=False, community__isnull=True)
                | Q(kind=AudienceKind.COMMUNITY, department__isnull=True, community__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["kind"], condition=Q(kind=AudienceKind.EVERYONE), name="audience_one_everyone"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """How the audience is shown."""
        if self.department:
            return self.department.name
        return self.community.name if self.community else "Everyone"
