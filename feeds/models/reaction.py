"""Reaction: a word of thanks without words."""

from django.db import models
from django.utils import timezone

from feeds.models.post import Post
from profiles.models import User


class ReactionKind(models.TextChoices):
    THANKS = "thanks", "Thanks"
    AGREE = "agree", "Agree"
    USEFUL = "useful", "Useful"


class Reaction(models.Model):
    """What one person felt about one post; one kind at a time."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="reactions")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="reactions")
    kind = models.CharField(max_length=10, choices=ReactionKind)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "user"], name="reaction_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_kind_display()}"
