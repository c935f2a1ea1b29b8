"""Writing and editing articles, with the preview and the check for similar titles."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from intranet.lib import htmx
from intranet.lib.diff import word_diff
from intranet.lib.idempotency import KeyReused
from intranet.lib.limits import limited
from intranet.lib.markdown import TextTooLong
from knowledge.actions import articles as actions
from knowledge.forms.articles import EditArticleForm, NewArticleForm
from knowledge.models import Article, ArticleKind
from knowledge.rendering import article_html
from knowledge.views.loading import load
from profiles.middleware import SignedInRequest
from profiles.permissions import Permission, can, require


@require_http_methods(["GET", "HEAD", "POST"])
@limited("article", "30/m")
def new(request: SignedInRequest) -> HttpResponse:
    """An empty form, or one with the outline of `?kind=`; sent, it publishes, keeps a draft or previews."""
    if request.method != "POST":
        form = NewArticleForm.beginning(request.user, kind=request.GET.get("kind", ""))
        return _new_page(request, form)
    form = NewArticleForm(request.POST, user=request.user)
    if "preview" in request.POST:
        return _new_page(request, form, preview=_preview(request))
    if form.is_valid():
        try:
            article, _ = actions.write(
                content=form.content(),
                by=request.user,
                publish="draft" not in request.POST,
                key=form.cleaned_data["idempotency_key"],
            )
            return _saved(request, article)
        except KeyReused as error:
            form.renew_key()
            form.add_error(None, str(error))
        except actions.OwnerCannotRead as error:
            form.add_error("owner", str(error))
    return _new_page(request, form, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@limited("article", "30/m")
def edit(request: SignedInRequest, slug: str) -> HttpResponse:
    """The article in a form; sent, it saves, publishes a draft, previews, or shows what others saved meanwhile."""
    article = load(request, slug)
    require(request.user, Permission.EDIT, article)
    asked: dict[str, Any] = {
        "user": request.user,
        "article": article,
        "may_reassign": can(request.user, Permission.WITHDRAW, article),
    }
    if request.method != "POST":
        return _edit_page(request, EditArticleForm(**asked))
    form = EditArticleForm(request.POST, **asked)
    if "preview" in request.POST:
        return _edit_page(request, form, preview=_preview(request))
    if not form.is_valid():
        return _edit_page(request, form, status=422)
    return _save(request, form, article)


@require_POST
@limited("preview", "60/m")
def preview(request: SignedInRequest) -> HttpResponse:
    """What the text in a form will look like."""
    return htmx.fragment_or_page(
        request,
        fragment="knowledge/_preview.html",
        page="knowledge/preview.html",
        context={"preview": _preview(request)},
    )


@require_safe
@limited("preview", "60/m", methods=("GET",))
def similar(request: SignedInRequest) -> HttpResponse:
    """Published articles whose title is like `?title=`, for somebody who begins to write another."""
    title = request.GET.get("title", "")[:160]
    found = Article.objects.visible_to(request.user).published().titled_like(title)
    return htmx.fragment_or_page(
        request,
        fragment="knowledge/_similar.html",
        page="knowledge/similar.html",
        context={"similar": found, "title": title},
    )


def _save(request: SignedInRequest, form: EditArticleForm, article: Article) -> HttpResponse:
    sent = {"article": article, "content": form.content(), "edition": form.cleaned_data["edition"]}
    try:
        if article.is_draft and "draft" not in request.POST:
            saved = actions.publish(**sent, by=request.user)
        else:
            saved = actions.edit(**sent, by=request.user, note=form.cleaned_data.get("note", ""))
        return _saved(request, saved)
    except actions.EditConflict as conflict:
        return _conflict_page(request, form, conflict.current)
    except actions.OwnerCannotRead as error:
        form.add_error("owner", str(error))
    except actions.WrongState as error:
        form.add_error(None, str(error))
    return _edit_page(request, form, status=422)


def _saved(request: SignedInRequest, article: Article) -> HttpResponse:
    """To the article, saying who sees it now."""
    if article.is_draft:
        messages.success(request, "Your draft is saved. Nobody sees it but its author and its owner.")
    else:
        messages.success(request, f"“{article.title}” is published. Who can read it: {article.audience.name}.")
    return htmx.redirect(request, article.get_absolute_url())


def _new_page(
    request: SignedInRequest, form: NewArticleForm, *, status: int = 200, preview: SafeString | None = None
) -> HttpResponse:
    context = {"form": form, "kinds": ArticleKind.choices, "preview": preview}
    return render(request, "knowledge/new.html", context, status=status)


def _edit_page(
    request: SignedInRequest, form: EditArticleForm, *, status: int = 200, preview: SafeString | None = None
) -> HttpResponse:
    context = {"form": form, "article": form.article, "preview": preview}
    return render(request, "knowledge/edit.html", context, status=status)


def _conflict_page(request: SignedInRequest, form: EditArticleForm, current: Article) -> HttpResponse:
    mine = form.content()
    form.begin_from(current)
    latest = current.revisions.filter(number=current.version).select_related("author").first()
    context = {
        "form": form,
        "article": current,
        "latest": latest,
        "mine": mine,
        "title_changes": word_diff(current.title, mine.title) if current.title != mine.title else "",
        "summary_changes": word_diff(current.summary, mine.summary) if current.summary != mine.summary else "",
        "body_changes": word_diff(current.body, mine.body),
    }
    return render(request, "knowledge/edit.html", context, status=409)


def _preview(request: SignedInRequest) -> SafeString:
    try:
        return article_html(request.POST.get("body", ""))
    except TextTooLong:
        return SafeString("")
