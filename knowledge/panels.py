"""What knowledge adds to the pages of people, departments and topics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import mark_safe

from intranet.lib.compiled import Compiled
from intranet.lib.kept import kept
from intranet.lib.merged import ordered
from intranet.lib.panels import Panel
from knowledge.models import Article
from knowledge.models.article import LAST_CHANGED, ArticleQuerySet
from profiles import slots
from profiles.middleware import SignedInRequest
from profiles.models import Department, Topic, User

SHOWN = 5
# After what a page says itself and before what was said lately
ORDER = 20


# Everything the panel shows of an article
COLUMNS = ("title", "slug", "kind", "marking", "handling", "updated_at", "owner__name")


def _newest(user: Any, articles: Callable[[ArticleQuerySet], ArticleQuerySet], *, prefix: str = "") -> Any:
    readable = articles(Article.objects.visible_to(user).published())
    return ordered(readable, backward=False, prefix=prefix, order=LAST_CHANGED).values_list(*COLUMNS)[: SHOWN + 1]


_BY_PERSON = Compiled(lambda user, pk: _newest(user, lambda articles: articles.by_person(pk)))
_OF_DEPARTMENT = Compiled(lambda user, pk: _newest(user, lambda articles: articles.first_of_department(pk, SHOWN + 1)))
_ABOUT_TOPIC = Compiled(lambda user, pk: _newest(user, lambda articles: articles.about(pk), prefix="topic_rows__"))


@slots.person.panel(order=ORDER)
def articles_of_person(request: SignedInRequest, person: User) -> Panel | None:
    """What somebody wrote or answers for."""
    return _panel(_BY_PERSON.rows(user=request.user, pk=person.pk), title="Articles", person=person.pk)


@slots.department.panel(order=ORDER)
def articles_of_department(request: SignedInRequest, department: Department) -> Panel | None:
    """What a department and its parts know."""
    rows = _OF_DEPARTMENT.rows(user=request.user, pk=department.pk)
    return _panel(rows, title="Knowledge", department=department.slug)


@slots.topic.panel(order=ORDER)
def articles_about_topic(request: SignedInRequest, topic: Topic) -> Panel | None:
    """What is written about a topic."""
    return _panel(_ABOUT_TOPIC.rows(user=request.user, pk=topic.pk), title="Articles", topic=topic.slug)


def _panel(rows: Sequence[tuple[Any, ...]], *, title: str, **narrowed: object) -> Panel | None:
    if not rows:
        return None
    shown = rows[:SHOWN]
    more = f"{reverse('articles')}?{urlencode(narrowed)}" if len(rows) > SHOWN else ""

    def context() -> dict[str, Any]:
        return {"articles": [_article(*row) for row in shown], "more": more}

    return Panel(html=mark_safe(kept("knowledge/_panel.html", (tuple(shown), more), context)), title=title)


def _article(*values: Any) -> Article:
    *columns, owner = values
    return Article(**dict(zip(COLUMNS, columns, strict=False)), owner=User(name=owner))
