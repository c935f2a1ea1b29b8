"""Withdrawing an article, and publishing it again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from intranet.lib import htmx
from intranet.lib.limits import limited
from knowledge.actions import articles as actions
from knowledge.forms.articles import WithdrawForm
from knowledge.views.loading import load
from profiles.middleware import SignedInRequest
from profiles.permissions import Permission, require


@require_http_methods(["GET", "HEAD", "POST"])
@limited("article", "30/m")
def withdraw(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask why, and withdraw."""
    article = load(request, slug)
    require(request.user, Permission.WITHDRAW, article)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.withdraw(article=article, reason=form.cleaned_data["reason"], by=request.user)
            messages.success(request, f"“{article.title}” is withdrawn. It has left lists and search.")
            return htmx.redirect(request, article.get_absolute_url())
        except actions.WrongState as error:
            form.add_error(None, str(error))
    context = {"article": article, "form": form}
    return render(request, "knowledge/withdraw.html", context, status=422 if form.errors else 200)


@require_POST
@limited("article", "30/m")
def reinstate(request: SignedInRequest, slug: str) -> HttpResponse:
    """Publish a withdrawn article again."""
    article = load(request, slug)
    try:
        actions.reinstate(article=article, by=request.user)
        messages.success(request, f"“{article.title}” is published again.")
    except actions.WrongState as error:
        messages.info(request, str(error))
    return htmx.redirect(request, article.get_absolute_url())
