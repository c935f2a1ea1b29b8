"""Comments: saying, replying, editing, removing."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feeds.actions import comments
from feeds.actions.posts import NothingSaid
from feeds.beside import items
from feeds.forms import CommentEditForm, CommentForm, HideForm
from feeds.models import Comment, Post
from feeds.threads import comment_item
from feeds.views.loading import load_comment, load_post
from feeds.views.posts import thread_page
from intranet.lib import htmx
from intranet.lib.idempotency import KeyReused
from intranet.lib.limits import limited
from profiles.middleware import SignedInRequest
from profiles.permissions import Permission, require


@limited("comment", "60/m")
@require_POST
def new(request: SignedInRequest, pk: int) -> HttpResponse:
    """Say something on a post, or with `parent` reply to a comment on it."""
    post = load_post(request, pk)
    parent = _parent(request, post)
    form = CommentForm(request.POST, post=post, reply_to=parent.pk if parent else None)
    if form.is_valid():
        said = form.cleaned_data
        try:
            made, _ = comments.comment(
                post=post, body=said["body"], parent=parent, key=said["idempotency_key"], by=request.user
            )
        except KeyReused as error:
            form.renew_key()
            form.add_error(None, str(error))
        except NothingSaid as error:
            form.add_error("body", str(error))
        except comments.CannotReply as error:
            form.add_error(None, str(error))
        else:
            return _commented(request, post, made)
    if htmx.wants_fragment(request):
        context = {"form": form, "post": post, "reply_to": parent}
        return render(request, "feeds/_comment_form.html", context, status=422)
    if parent:
        return _reply_page(request, parent, form, status=422)
    return thread_page(request, post, form, status=422)


def _parent(request: SignedInRequest, post: Post) -> Comment | None:
    """The comment on `post` that is replied to; a reply to one that is gone is refused by the action."""
    text = request.POST.get("parent", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        return None
    return (
        Comment.objects.visible_to(request.user)
        .filter(post=post)
        .for_thread()
        .select_related("parent")
        .filter(pk=int(text))
        .first()
    )


def _commented(request: SignedInRequest, post: Post, made: Comment) -> HttpResponse:
    """For htmx an empty form, the comment in its place and the post with its new count; otherwise the thread."""
    if not htmx.wants_fragment(request):
        return htmx.redirect(request, made.get_absolute_url())
    fresh = CommentForm(post=post)
    fresh.fields["body"].widget.attrs["data-autofocus"] = ""
    context = {
        "form": fresh,
        "post": post,
        "made": comment_item(request.user, made),
    }
    answer = render(request, "feeds/_commented.html", context)
    answer.headers["HX-Trigger"] = json.dumps({"ck:announce": "Reply added" if made.parent_id else "Comment added"})
    return answer


@require_safe
def reply(request: SignedInRequest, pk: int) -> HttpResponse:
    """The form for a reply: under the comment for htmx, otherwise on a page of its own."""
    comment = load_comment(request, pk)
    return _reply_page(request, comment, CommentForm(post=comment.post, reply_to=comment.pk))


def _reply_page(request: SignedInRequest, comment: Comment, form: CommentForm, status: int = 200) -> HttpResponse:
    if status == 200:
        form.fields["body"].widget.attrs["data-autofocus"] = ""
    item = items(request.user, [comment.post])[0]
    return htmx.fragment_or_page(
        request,
        fragment="feeds/_comment_form.html",
        page="feeds/reply.html",
        context={"post": comment.post, "item": item, "comment": comment, "reply_to": comment, "form": form},
        status=status,
    )


@require_safe
def item(request: SignedInRequest, pk: int) -> HttpResponse:
    """One comment as this reader's thread shows it: how a page completes what came down the socket."""
    context = {"comment_item": comment_item(request.user, load_comment(request, pk))}
    return render(request, "feeds/_comment_item.html", context)


@limited("comment", "60/m")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Say it anew."""
    comment = load_comment(request, pk)
    comments.require_may_edit(by=request.user, comment=comment)
    form = CommentEditForm(request.POST or None, initial={"body": comment.body})
    if request.method == "POST" and form.is_valid():
        try:
            comments.edit(comment=comment, by=request.user, **form.cleaned_data)
        except NothingSaid as error:
            form.add_error("body", str(error))
        else:
            return htmx.redirect(request, comment.get_absolute_url())
    status = 422 if request.method == "POST" else 200
    return render(request, "feeds/comment_edit.html", {"comment": comment, "form": form}, status=status)


@limited("comment", "60/m")
@require_http_methods(["GET", "HEAD", "POST"])
def hide(request: SignedInRequest, pk: int) -> HttpResponse:
    """Remove a comment; another's, with a reason."""
    comment = load_comment(request, pk)
    require(request.user, Permission.HIDE, comment)
    is_own = comment.author_id == request.user.pk
    form = HideForm(request.POST if request.method == "POST" else None, is_own=is_own)
    if request.method == "POST" and form.is_valid():
        comments.hide(comment=comment, by=request.user, **form.cleaned_data)
        messages.success(request, "The comment is removed. Its place in the discussion stays, its words do not.")
        return htmx.redirect(request, comment.get_absolute_url())
    context = {"comment": comment, "form": form, "is_own": is_own}
    status = 422 if request.method == "POST" else 200
    return render(request, "feeds/comment_hide.html", context, status=status)
