"""The list of articles, and one article."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from intranet.lib import pages
from intranet.lib.kept import kept, token_of
from intranet.lib.pages import text
from intranet.lib.pagination import BadCursor
from knowledge import listing, reading, slots
from knowledge.forms.articles import ArticleFilterForm
from knowledge.models import Article
from profiles.middleware import SignedInRequest
from profiles.models import User


@require_safe
def article_list(request: SignedInRequest) -> HttpResponse:
    """What is published, newest change first; with `?drafts=1` the reader's own drafts."""
    is_drafts, cursor = request.GET.get("drafts") == "1", request.GET.get("cursor")
    is_narrowed = any(request.GET.get(name) for name in ArticleFilterForm.base_fields)
    filters = ArticleFilterForm(request.GET, user=request.user) if is_narrowed else None
    try:
        if filters or cursor:
            visible = Article.objects.visible_to(request.user)
            shown = visible.drafts() if is_drafts else visible.published()
            page = listing.page(filters.narrow(shown) if filters else shown, cursor=cursor)
        else:
            page = listing.first_page(request.user, is_drafts=is_drafts)
    except BadCursor as error:
        raise Http404 from error
    query = request.GET.copy()
    query.pop("cursor", None)
    context = {
        "filters": _filters(filters, is_drafts=is_drafts),
        "page": {"items": bool(page), **pages.cursors(page)},
        "rows": pages.joined(map(listing.item, page)),
        "is_drafts": is_drafts,
        "params": text(query.urlencode()),
        "tabs": [
            {"label": "Published", "href": reverse("articles"), "current": not is_drafts},
            {"label": "Your drafts", "href": f"{reverse('articles')}?drafts=1", "current": is_drafts},
        ],
    }
    return pages.page(request, "knowledge/articles.html", context)


def _filters(form: ArticleFilterForm | None, *, is_drafts: bool) -> SafeString:
    """The filters as HTML; while nothing is asked of them they are everybody's."""
    if form is None:

        def context() -> dict[str, Any]:
            return {"filters": ArticleFilterForm(user=User()), "is_drafts": is_drafts}

        return mark_safe(kept("knowledge/_filters.html", is_drafts, context))
    return render_to_string("knowledge/_filters.html", {"filters": form, "is_drafts": is_drafts})


@require_safe
def article(request: SignedInRequest, slug: str) -> HttpResponse:
    """One article, with what its reader may do to it."""
    user, token = request.user, token_of(request)
    shown = reading.article(user, slug)
    if shown is None:
        raise Http404
    try:
        words, about = reading.words(user, shown), reading.about(user, shown)
    except Article.DoesNotExist as error:
        raise Http404 from error
    context = {
        "article": {"title": text(shown.title)},
        "words": words,
        "about": about,
        "own_actions": reading.actions(user, shown, token=token),
        "panels": slots.article.render(request, shown),
        "actions": slots.article_actions.render(request, shown),
    }
    return pages.page(request, "knowledge/article.html", context)
