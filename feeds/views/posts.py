"""Posts: the composer, a thread, editing, removing, reacting, accepting an answer."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feeds.actions import notifications, posts, reactions
from feeds.beside import items
from feeds.forms import CommentForm, ComposerForm, HideForm, PostEditForm, ReactionForm
from feeds.models import Comment, LiveEvent, Post
from feeds.streams import Stream, StreamKind
from feeds.threads import thread as read_thread
from feeds.views.loading import load_post
from intranet.lib import htmx
from intranet.lib.idempotency import KeyReused
from intranet.lib.limits import limited
from intranet.lib.numbered import highest
from intranet.lib.pagination import BadCursor
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
    item = items(request.user, [load_post(request, post.pk)])[0]
    answer = render(request, "feeds/_posted.html", {"form": fresh, "item": item})
    answer.headers["HX-Trigger"] = json.dumps({"ck:announce": f"{post.get_kind_display()} posted"})
    return answer


@require_safe
def thread(request: SignedInRequest, pk: int) -> HttpResponse:
    """A post with everything said on it; opening it reads the notifications about it."""
    post = load_post(request, pk)
    notifications.mark_seen(post=post, by=request.user)
    return thread_page(request, post, CommentForm(post=post))


def thread_page(request: SignedInRequest, post: Post, form: CommentForm, status: int = 200) -> HttpResponse:
    """The page of a thread with `form` under it, which may hold what was typed and what is wrong with it."""
    at = highest(LiveEvent)
    try:
        shown = read_thread(request.user, post, cursor=request.GET.get("cursor"))
    except BadCursor as error:
        raise Http404 from error
    context = {
        "thread": shown,
        "form": form,
        "stream": Stream(StreamKind.POST, post.pk),
        "at": at,
        "cursor_param": "cursor",
    }
    return render(request, "feeds/post.html", context, status=status)


@require_safe
def item(request: SignedInRequest, pk: int) -> HttpResponse:
    """One post as this reader's lists show it: how a page completes what came down the socket."""
    context = {"item": items(request.user, [load_post(request, pk)])[0]}
    return render(request, "feeds/_post_item.html", context)


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
    post = load_post(request, pk)
    form = ReactionForm(request.POST)
    if not form.is_valid():
        raise Http404
    if kind := form.cleaned_data["kind"]:
        reactions.react(post=post, kind=kind, by=request.user)
    else:
        reactions.take_back(post=post, by=request.user)
    if not htmx.wants_fragment(request):
        return htmx.redirect(request, post.get_absolute_url())
    return render(request, "feeds/_reacted.html", items(request.user, [post])[0]._asdict())


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
