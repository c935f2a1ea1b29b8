"""What profiles tells, and what articles make of it."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from knowledge.models import Article, ArticleTopic
from profiles.actions import search
from profiles.actions.topics import move_rows
from profiles.models import Topic
from profiles.signals import topic_merged


@receiver(topic_merged)
def carry_the_target(*, topic: Topic, into: Topic, **kwargs: Any) -> None:
    """Articles on a merged topic are on the one it was merged into."""
    articles = move_rows(ArticleTopic, topic=topic, into=into)
    if articles:
        search.changed(*(Article(pk=pk) for pk in articles))
