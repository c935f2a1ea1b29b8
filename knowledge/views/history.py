"""The history of an article: its revisions, what changed between two of them, and going back to one."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from intranet.lib import htmx
from intranet.lib.limits import limited
from intranet.lib.pagination import BadCursor, keyset_page
from knowledge.actions import articles as actions
from knowledge.changes import changes_between
from knowledge.forms.articles import CompareForm, RestoreForm
from knowledge.models import Article, Revision
from knowledge.rendering import article_html
from knowledge.views.loading import load
from profiles.middleware import SignedInRequest
from profiles.permissions import Permission, can


@require_safe
def history(request: SignedInRequest, slug: str) -> HttpResponse:
    """Who changed what, when and why; with `?old=` and `?new=` the difference between two revisions."""
    article = load(request, slug)
    try:
        page = keyset_page(article.revisions.for_list(), key=("-number", "-pk"), cursor=request.GET.get("cursor"))
    except BadCursor as error:
        raise Http404 from error
    asked = bool({"old", "new"} & set(request.GET))
    first = {"old": max(article.version - 1, 1), "new": article.version}
    form = CompareForm(request.GET if asked else None, initial=first, article=article)
    context = {"article": article, "page": page, "form": form}
    if asked and form.is_valid():
        old, new = form.cleaned_data["old"], form.cleaned_data["new"]
        context["changes"] = changes_between(
            get_object_or_404(article.revisions, number=old), get_object_or_404(article.revisions, number=new)
        )
    return render(request, "knowledge/history.html", context, status=422 if form.errors else 200)


@require_safe
def revision(request: SignedInRequest, slug: str, number: int) -> HttpResponse:
    """An article as it stood once, and what that revision changed."""
    article = load(request, slug)
    shown = get_object_or_404(article.revisions.for_list(), number=number)
    return _revision_page(request, article, shown)


@require_POST
@limited("article", "30/m")
def restore(request: SignedInRequest, slug: str, number: int) -> HttpResponse:
    """Make an old revision the current text, unless somebody saved another since the reader chose it."""
    article = load(request, slug)
    shown = get_object_or_404(article.revisions.for_list(), number=number)
    form = RestoreForm(request.POST)
    problem = "This page was open too long. Nothing was restored. Open the revision again."
    if form.is_valid():
        try:
            restored = actions.restore(
                article=article, number=number, edition=form.cleaned_data["edition"], by=request.user
            )
            messages.success(request, f"Revision {number} is the article’s text again.")
            return htmx.redirect(request, restored.get_absolute_url())
        except actions.EditConflict as conflict:
            problem = "Somebody else changed this article after you opened this page. Nothing was restored."
            return _revision_page(request, conflict.current, shown, problem=problem, status=409)
        except actions.WrongState as error:
            problem = str(error)
    return _revision_page(request, article, shown, problem=problem, status=422)


def _revision_page(
    request: SignedInRequest, article: Article, shown: Revision, *, problem: str = "", status: int = 200
) -> HttpResponse:
    before = article.revisions.filter(number=shown.number - 1).first()
    is_current = shown.number == article.version
    context = {
        "article": article,
        "revision": shown,
        "html": article_html(shown.body),
        "changes": changes_between(before, shown) if before else None,
        "is_current": is_current,
        "may_restore": not is_current and not article.is_withdrawn and can(request.user, Permission.EDIT, article),
        "restore": RestoreForm(initial={"edition": article.edition}),
        "problem": problem,
    }
    return render(request, "knowledge/revision.html", context, status=status)
