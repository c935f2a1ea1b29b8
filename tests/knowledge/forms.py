"""What a browser would send from the article forms, for tests to change."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from knowledge.models import Article
from profiles.models import Audience, User


def new_article(by: User, **changes: Any) -> dict[str, Any]:
    return {
        "title": "How to run a discovery",
        "kind": "how-to",
        "summary": "What to do in the first weeks.",
        "body": "## Start\n\nTalk to people.",
        "topics": "",
        "audience": Audience.objects.everyone().pk,
        "marking": "official",
        "handling": "",
        "owner": by.email,
        "department": by.main_department_id or "",
        "review_on_day": "",
        "review_on_month": "",
        "review_on_year": "",
        "idempotency_key": str(uuid4()),
        **changes,
    }


def changed_article(article: Article, **changes: Any) -> dict[str, Any]:
    day = article.review_on
    return {
        "title": article.title,
        "kind": article.kind,
        "summary": article.summary,
        "body": article.body,
        "topics": ", ".join(topic.name for topic in article.topics.all()),
        "audience": article.audience_id,
        "marking": article.marking,
        "handling": article.handling,
        "owner": article.owner.email,
        "department": article.department_id or "",
        "review_on_day": day.day if day else "",
        "review_on_month": day.month if day else "",
        "review_on_year": day.year if day else "",
        "edition": article.edition,
        "note": "",
        **changes,
    }
