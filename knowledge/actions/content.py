"""Content: everything a writer decides about an article, as one value."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, fields
from typing import Any, Self

from intranet.lib import idempotency
from knowledge.models import Article, ArticleKind
from profiles.audience import Marking
from profiles.models import Audience, Department, User


@dataclass(frozen=True, kw_only=True)
class Content:
    """What an article says, to whom, and who answers for it until when.

    `topics` are names as somebody typed them; without `review_on`, publishing sets it 12 months ahead.
    """

    title: str
    body: str
    audience: Audience
    owner: User
    summary: str = ""
    kind: str = ArticleKind.GUIDANCE
    topics: tuple[str, ...] = ()
    marking: str = Marking.OFFICIAL
    handling: str = ""
    department: Department | None = None
    review_on: datetime.date | None = None

    @classmethod
    def of(cls, article: Article, **changes: Any) -> Self:
        """What `article` says now, with `changes`."""
        now = {field.name: getattr(article, field.name) for field in fields(cls) if field.name != "topics"}
        names = tuple(topic.name for topic in article.topics.all())
        return cls(**{**now, "topics": names, **changes})

    def columns(self) -> dict[str, Any]:
        """The columns of Article that hold this; topics are rows of their own."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "topics"}

    def digest(self, **more: Any) -> str:
        """What tells this content, and `more` that was asked with it, from any other."""
        return idempotency.digest(**self.columns(), topics=self.topics, **more)
