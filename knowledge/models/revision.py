"""Revision: an article's text as it stood, who wrote it and why."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from knowledge.models.article import Article
from profiles.models import User


class RevisionQuerySet(models.QuerySet["Revision"]):
    """Sets of revisions of an article that its reader may see."""

    def for_list(self) -> RevisionQuerySet:
        """With what a list shows of a revision, in one query."""
        return self.select_related("author")


class Revision(models.Model):
    """One state of an article. Seen by whoever may see the article, and by nobody else."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=160)
    summary = models.CharField(max_length=300, blank=True)
    body = models.TextField()
    topic_names = models.JSONField(default=list)
    note = models.CharField(max_length=200, blank=True)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "number"], name="revision_once")]

    def __str__(self) -> str:
        return f"{self.title}, revision {self.number}"
