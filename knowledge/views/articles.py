"""The list of articles, and one article."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from intranet.lib.pagination import BadCursor, keyset_page
from knowledge import reading, slots
from knowledge.forms.articles import ArticleFilterForm
from knowledge.models import Article
from profiles.middleware import SignedInRequest

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
    user, token = request.user, get_token(request)
    shown = reading.article(user, slug)
    if shown is None:
        raise Http404
    try:
        words, about = reading.words(user, shown), reading.about(user, shown)
    except Article.DoesNotExist as error:
        raise Http404 from error
    context = {
        "article": shown,
        "words": words,
        "about": about,
        "own_actions": reading.actions(user, shown, token=token),
        "panels": slots.article.render(request, shown),
        "actions": slots.article_actions.render(request, shown),
    }
    return render(request, "knowledge/article.html", context)
