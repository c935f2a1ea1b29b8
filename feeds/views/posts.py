"""Posts: the composer, a thread, editing, removing, reacting, accepting an answer."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feeds import reader, said
from feeds.actions import notifications, posts, reactions
from feeds.beside import reacted
from feeds.forms import CommentForm, ComposerForm, HideForm, PostEditForm, ReactionForm
from feeds.heads import Head
from feeds.models import Comment, Post
from feeds.said import Said
from feeds.threads import answer
from feeds.views.loading import discussion, in_places, is_id, load_head, load_post, load_post_to_use, post_item
from intranet.lib import htmx, pages
from intranet.lib.idempotency import KeyReused
from intranet.lib.kept import token_of
from intranet.lib.limits import limited
from profiles.middleware import SignedInRequest
from profiles.permissions import NotAllowed, Permission, require

# What the composer may be opened with from elsewhere: "Ask a question about this topic"
PREFILLED = ("kind", "audience", "topics")


@limited("post", "30/m")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    """The composer on a page of its own, and where every composer sends."""
    if request.method != "POST":
        first = {name: request.GET[name] for name in PREFILLED if request.GET.get(name)}
        return render(request, "feeds/post_new.html", {"form": ComposerForm(user=request.user, initial=first)})
    form = ComposerForm(request.POST, user=request.user)
    if form.is_valid():
        said = form.cleaned_data
        try:
            post, _ = posts.post(key=said.pop("idempotency_key"), by=request.user, **said)
        except KeyReused as error:
            form.renew_key()
            form.add_error(None, str(error))
        except posts.NothingSaid as error:
            form.add_error("body", str(error))
        else:
            return _posted(request, post, form)
    return htmx.fragment_or_page(
        request,
        fragment="feeds/_composer.html",
        page="feeds/post_new.html",
        context={"form": form},
        status=422,
    )


def _posted(request: SignedInRequest, post: Post, form: ComposerForm) -> HttpResponse:
    """For htmx an empty composer and the post at the head of the list; otherwise the post's own page."""
    if not htmx.wants_fragment(request):
        messages.success(request, f"Your {post.get_kind_display().lower()} is posted.")
        return htmx.redirect(request, post.get_absolute_url())
    fresh = ComposerForm(user=request.user, initial={"audience": post.audience_id})
    fresh.fields["body"].widget.attrs["data-autofocus"] = ""
    item = post_item(request, load_head(request, post.pk), token=token_of(request))
    posted = render(request, "feeds/_posted.html", {"form": fresh, "item": item})
    posted.headers["HX-Trigger"] = json.dumps({"ck:announce": f"{post.get_kind_display()} posted"})
    return posted


@require_safe
def thread(request: SignedInRequest, pk: int) -> HttpResponse:
    """A post with everything said on it; opening it reads the notifications about it.

    `?comment=` opens the page that holds that comment.
    """
    head = load_head(request, pk)
    if head.has_news:
        notifications.mark_seen(post_id=pk, by=request.user)
        reader.note_unread(request, None)
    token = token_of(request)
    context = discussion(request, head, token=token)
    wanted = request.GET.get("comment", "")
    if is_id(wanted) and int(wanted) not in context["thread"].shown:
        comment = said.one(request.user, int(wanted))
        if comment and comment.post_id == pk:
            return _elsewhere(comment)
    return _thread_page(request, context, token)


def _elsewhere(comment: Said) -> HttpResponse:
    """Where a comment stands that is not on the first page of its thread, nor among the first replies."""
    query = {"cursor": said.page_with(comment)}
    if comment.parent_id:
        place = reverse("comment_replies", args=[comment.parent_id])
    else:
        place = reverse("post", args=[comment.post_id])
    return redirect(f"{place}?{urlencode(query)}#comment-{comment.pk}")


def thread_page(request: SignedInRequest, head: Head, form: CommentForm) -> HttpResponse:
    """The page of a thread under which something was typed that cannot be taken."""
    token = token_of(request)
    return _thread_page(request, discussion(request, head, token=token, form=form), token, status=422)


def _thread_page(request: SignedInRequest, context: dict[str, Any], token: str, status: int = 200) -> HttpResponse:
    head = context["head"]
    shown = {**context, "item": post_item(request, head, token=token), "answer": answer(head)}
    if context["form"]:
        return render(request, "feeds/post.html", shown, status=status)
    return pages.page(request, "feeds/post.html", {**shown, **in_places(context)}, status=status)


@require_safe
def item(request: SignedInRequest, pk: int) -> HttpResponse:
    """One post as this reader's lists show it: how a page completes what came down the socket."""
    return HttpResponse(post_item(request, load_head(request, pk), token=token_of(request)))


@limited("post", "30/m")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Say it anew."""
    post = load_post(request, pk)
    posts.require_may_edit(by=request.user, post=post)
    topics = [topic.name for topic in post.topics.all()]
    first = {"body": post.body, "topics": topics, "marking": post.marking, "handling": post.handling}
    form = PostEditForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            posts.edit(post=post, by=request.user, **form.cleaned_data)
        except posts.NothingSaid as error:
            form.add_error("body", str(error))
        else:
            return htmx.redirect(request, post.get_absolute_url())
    return render(request, "feeds/post_edit.html", {"post": post, "form": form}, status=_status(request))


@limited("post", "30/m")
@require_http_methods(["GET", "HEAD", "POST"])
def hide(request: SignedInRequest, pk: int) -> HttpResponse:
    """Remove a post; another's, with a reason."""
    post = load_post(request, pk)
    require(request.user, Permission.HIDE, post)
    is_own = post.author_id == request.user.pk
    form = HideForm(request.POST if request.method == "POST" else None, is_own=is_own)
    if request.method == "POST" and form.is_valid():
        posts.hide(post=post, by=request.user, **form.cleaned_data)
        messages.success(request, "The post is removed. Nobody sees it any more; it stays on record.")
        return htmx.redirect(request, "/")
    context = {"post": post, "form": form, "is_own": is_own}
    return render(request, "feeds/post_hide.html", context, status=_status(request))


@limited("react", "120/m")
@require_POST
def react(request: SignedInRequest, pk: int) -> HttpResponse:
    """Set the reader's reaction, or take it back."""
    post = load_post_to_use(request, pk)
    form = ReactionForm(request.POST)
    if not form.is_valid():
        raise Http404
    if kind := form.cleaned_data["kind"]:
        reactions.react(post=post, kind=kind, by=request.user)
    else:
        reactions.take_back(post=post, by=request.user)
    if not htmx.wants_fragment(request):
        return htmx.redirect(request, post.get_absolute_url())
    head = load_head(request, pk)
    return HttpResponse(reacted(request.user, head, token=token_of(request)))


@limited("react", "120/m")
@require_POST
def accept_answer(request: SignedInRequest, pk: int, comment: int) -> HttpResponse:
    """Mark a comment as the answer to one's question, or with `off` take that back."""
    post = load_post(request, pk)
    chosen = get_object_or_404(Comment.objects.visible_to(request.user).filter(post=post), pk=comment)
    if request.POST.get("off"):
        posts.take_back_answer(post=post, by=request.user)
    else:
        try:
            posts.accept_answer(post=post, comment=chosen, by=request.user)
        except posts.NotAnAnswer as error:
            raise NotAllowed(str(error)) from error
    return htmx.redirect(request, chosen.get_absolute_url())


def _status(request: SignedInRequest) -> int:
    """A form shown again after it was sent has something wrong with it."""
    return 422 if request.method == "POST" else 200
