"""The list of articles, and one article."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from intranet.lib.pagination import BadCursor, keyset_page
from knowledge import slots
from knowledge.forms.articles import ArticleFilterForm
from knowledge.models import Article
from knowledge.rendering import contents
from knowledge.views.loading import load
from profiles.middleware import SignedInRequest
from profiles.permissions import Permission, can

NEWEST_CHANGE_FIRST = ("-updated_at", "-pk")


@require_safe
def article_list(request: SignedInRequest) -> HttpResponse:
    """What is published, newest change first; with `?drafts=1` the reader's own drafts."""
    filters = ArticleFilterForm(request.GET, user=request.user)
    visible = Article.objects.visible_to(request.user).for_list()
    is_drafts = request.GET.get("drafts") == "1"
    shown = filters.narrow(visible.drafts() if is_drafts else visible.published())
    try:
        page = keyset_page(shown, key=NEWEST_CHANGE_FIRST, cursor=request.GET.get("cursor"))
    except BadCursor as error:
        raise Http404 from error
    query = request.GET.copy()
    query.pop("cursor", None)
    context = {
        "filters": filters,
        "page": page,
        "is_drafts": is_drafts,
        "params": query.urlencode(),
        "tabs": [
            {"label": "Published", "href": reverse("articles"), "current": not is_drafts},
            {"label": "Your drafts", "href": f"{reverse('articles')}?drafts=1", "current": is_drafts},
        ],
    }
    return render(request, "knowledge/articles.html", context)


@require_safe
def article(request: SignedInRequest, slug: str) -> HttpResponse:
    """One article, with what its reader may do to it."""
    shown = load(request, slug)
    published_on = timezone.localdate(shown.published_at) if shown.published_at else None
    context = {
        "article": shown,
        "topics": shown.topics.all(),
        "contents": contents(shown.body_html),
        "department_then": shown.department.name_on(published_on) if shown.department and published_on else "",
        "may_edit": not shown.is_withdrawn and can(request.user, Permission.EDIT, shown),
        "may_withdraw": not shown.is_draft and can(request.user, Permission.WITHDRAW, shown),
        "panels": slots.article.render(request, shown),
        "actions": slots.article_actions.render(request, shown),
    }
    return render(request, "knowledge/article.html", context)
