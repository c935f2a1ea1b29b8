"""Role: what a person was given to look after, and over what."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Role(models.TextChoices):
    """The roles of the service; what each may do is in `profiles.permissions`."""

    DEPARTMENT_ADMIN = "department-admin", "Department admin"
    TOPIC_STEWARD = "topic-steward", "Topic steward"
    COUNCIL_MEMBER = "council-member", "Knowledge Council member"
    COUNCIL_CHAIR = "council-chair", "Knowledge Council chair"
    RECORDS_OFFICER = "records-officer", "Records officer"
    MODERATOR = "moderator", "Moderator"
    SITE_ADMIN = "site-admin", "Site admin"


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    """Sets of grants, in the words of the business."""

    def held_by(self, user: Any) -> RoleGrantQuerySet:
        """What `user` holds now; nothing for a suspended person."""
        return self.filter(user_id=user.pk, user__is_active=True, ended_at__isnull=True)


class RoleGrant(models.Model):
    """A role given to a person: over a department with all below it, over a topic, or over the service."""

    user = models.ForeignKey("profiles.User", on_delete=models.CASCADE, related_name="role_grants")
    role = models.CharField(max_length=20, choices=Role)
    department = models.ForeignKey(
        "profiles.Department", on_delete=models.CASCADE, null=True, blank=True, related_name="role_grants"
    )
    topic = models.ForeignKey(
        "profiles.Topic", on_delete=models.CASCADE, null=True, blank=True, related_name="role_grants"
    )
    granted_by = models.ForeignKey("profiles.User", on_delete=models.SET_NULL, null=True, related_name="+")
    granted_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = RoleGrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="role_scope_fits",
                condition=Q(role=Role.DEPARTMENT_ADMIN, department__isnull=False, topic__isnull=True)
                | Q(role=Role.TOPIC_STEWARD, department__isnull=True, topic__isnull=False)
                | (
                    ~Q(role__in=[Role.DEPARTMENT_ADMIN, Role.TOPIC_STEWARD])
                    & Q(department__isnull=True, topic__isnull=True)
                ),
            ),
            models.UniqueConstraint(
                fields=["user", "role"],
                condition=Q(ended_at__isnull=True, department__isnull=True, topic__isnull=True),
                name="role_granted_once",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "department"],
                condition=Q(ended_at__isnull=True, department__isnull=False),
                name="role_granted_once_per_department",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "topic"],
                condition=Q(ended_at__isnull=True, topic__isnull=False),
                name="role_granted_once_per_topic",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"
