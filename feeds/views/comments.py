"""Comments: saying, replying, editing, removing."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feeds import said, threads
from feeds.actions import comments
from feeds.actions.posts import NothingSaid
from feeds.beside import kept_words
from feeds.composer import comment_form
from feeds.forms import CommentEditForm, CommentForm, HideForm
from feeds.models import Comment, Post
from feeds.said import Said
from feeds.threads import comment_item
from feeds.views.loading import is_id, load_comment, load_head, load_post_to_use, load_said
from feeds.views.posts import thread_page
from intranet.lib import htmx
from intranet.lib.idempotency import KeyReused
from intranet.lib.kept import token_of
from intranet.lib.limits import limited
from intranet.lib.pagination import BadCursor
from profiles.middleware import SignedInRequest
from profiles.permissions import Permission, require


@limited("comment", "60/m")
@require_POST
def new(request: SignedInRequest, pk: int) -> HttpResponse:
    """Say something on a post, or with `parent` reply to a comment on it."""
    post = load_post_to_use(request, pk)
    parent = _parent(request, post)
    form = CommentForm(request.POST, post_id=post.pk, reply_to=parent.pk if parent else None)
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
        context = {"form": form, "post_id": post.pk, "reply_to": parent}
        return render(request, "feeds/_comment_form.html", context, status=422)
    if parent:
        return _reply_page(request, load_said(request, parent.pk), form)
    return thread_page(request, load_head(request, pk), form)


def _parent(request: SignedInRequest, post: Post) -> Comment | None:
    """The comment on `post` that is replied to; a reply to one that is gone is refused by the action."""
    text = request.POST.get("parent", "")
    if not is_id(text):
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
    head, token = load_head(request, post.pk), token_of(request)
    context = {
        "form": "" if made.parent_id else comment_form(post.pk, focused=True, token=token),
        "head": head,
        "comment": made,
        "item": comment_item(request.user, head, said.made(made), token=token),
    }
    answer = render(request, "feeds/_commented.html", context)
    answer.headers["HX-Trigger"] = json.dumps({"ck:announce": "Reply added" if made.parent_id else "Comment added"})
    return answer


@require_safe
def reply(request: SignedInRequest, pk: int) -> HttpResponse:
    """The form for a reply: under the comment for htmx, otherwise on a page of its own."""
    comment = load_said(request, pk)
    if comment.hidden_at:
        raise Http404
    return _reply_page(request, comment)


def _reply_page(request: SignedInRequest, comment: Said, form: CommentForm | None = None) -> HttpResponse:
    """The page of a reply, with an empty form or with one that cannot be taken."""
    head = load_head(request, comment.post_id)
    context: dict[str, Any] = {
        "head": head,
        "comment": comment,
        "form": form,
        "post_id": comment.post_id,
        "reply_to": comment.pk,
        "empty_form": ""
        if form
        else comment_form(comment.post_id, reply_to=comment.pk, focused=True, token=token_of(request)),
    }
    if not htmx.wants_fragment(request):
        context["words"] = kept_words(comment, head=head)
    return htmx.fragment_or_page(
        request,
        fragment="feeds/_reply_form.html",
        page="feeds/reply.html",
        context=context,
        status=422 if form else 200,
    )


@require_safe
def replies(request: SignedInRequest, pk: int) -> HttpResponse:
    """The replies to a comment: a page of them, or for htmx the next in their place."""
    comment = load_said(request, pk)
    if comment.parent_id:
        raise Http404
    head, token = load_head(request, comment.post_id), token_of(request)
    try:
        html, page = threads.replies(request.user, head, comment, cursor=request.GET.get("cursor"), token=token)
    except BadCursor as error:
        raise Http404 from error
    context: dict[str, Any] = {"comment": comment, "replies": html, "page": page}
    if not htmx.wants_fragment(request):
        context["item"] = threads.comment_with(request.user, head, comment, html, token=token)
    elif page.next_cursor:
        number = said.count_after(page.items[-1])
        context["more"] = mark_safe(threads.more_replies(comment, number=number, cursor=page.next_cursor))
    return htmx.fragment_or_page(request, fragment="feeds/_replies.html", page="feeds/replies.html", context=context)


@require_safe
def item(request: SignedInRequest, pk: int) -> HttpResponse:
    """One comment as this reader's thread shows it: how a page completes what came down the socket."""
    comment = load_said(request, pk)
    if comment.hidden_at:
        raise Http404
    head = load_head(request, comment.post_id)
    return HttpResponse(comment_item(request.user, head, comment, token=token_of(request)))


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
