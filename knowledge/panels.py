"""What knowledge adds to the pages of people, departments and topics."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from intranet.lib.panels import Panel
from knowledge.models import Article
from knowledge.models.article import ArticleQuerySet
from profiles import slots
from profiles.models import Department, Topic, User

SHOWN = 5
# After what a page says itself and before what was said lately
ORDER = 20


@slots.person.panel(order=ORDER)
def articles_of_person(request: HttpRequest, person: User) -> Panel | None:
    """What somebody wrote or answers for."""
    return _panel(request, _published(request).by_person(person), title="Articles", person=person.pk)


@slots.department.panel(order=ORDER)
def articles_of_department(request: HttpRequest, department: Department) -> Panel | None:
    """What a department and its parts know."""
    return _panel(request, _published(request).of_department(department), title="Knowledge", department=department.slug)


@slots.topic.panel(order=ORDER)
def articles_about_topic(request: HttpRequest, topic: Topic) -> Panel | None:
    """What is written about a topic."""
    return _panel(request, _published(request).about(topic), title="Articles", topic=topic.slug)


def _published(request: HttpRequest) -> ArticleQuerySet:
    return Article.objects.visible_to(request.user).published().select_related("owner")


def _panel(request: HttpRequest, articles: ArticleQuerySet, *, title: str, **narrowed: object) -> Panel | None:
    found = list(articles.order_by("-updated_at", "-pk")[: SHOWN + 1])
    if not found:
        return None
    context = {
        "articles": found[:SHOWN],
        "more": f"{reverse('articles')}?{urlencode(narrowed)}" if len(found) > SHOWN else "",
    }
    return Panel(html=render_to_string("knowledge/_panel.html", context, request=request), title=title)
