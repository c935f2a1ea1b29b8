"""Follow: whose posts a person wants to meet. A joined community is followed by being joined."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from profiles.models import Department, Topic, User

Followable = User | Topic | Department
# The column that names each kind of thing
COLUMNS: dict[type[Followable], str] = {User: "person", Topic: "topic", Department: "department"}


class Follow(models.Model):
    """That a person follows one person, one topic or one department."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="follows")
    person = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="followers")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, null=True, blank=True, related_name="followers")
    department = models.ForeignKey(
        Department, on_delete=models.CASCADE, null=True, blank=True, related_name="followers"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="follow_one_thing",
                condition=Q(person__isnull=False, topic__isnull=True, department__isnull=True)
                | Q(person__isnull=True, topic__isnull=False, department__isnull=True)
                | Q(person__isnull=True, topic__isnull=True, department__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=True) | ~Q(person=F("user")), name="follow_somebody_else"
            ),
            models.UniqueConstraint(
                fields=["user", "person"], condition=Q(person__isnull=False), name="follow_person_once"
            ),
            models.UniqueConstraint(
                fields=["user", "topic"], condition=Q(topic__isnull=False), name="follow_topic_once"
            ),
            models.UniqueConstraint(
                fields=["user", "department"],
                condition=Q(department__isnull=False),
                name="follow_department_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} follows {self.person or self.topic or self.department}"
