"""Following people, topics and departments."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from feeds.actions import follows
from feeds.forms import FollowForm
from feeds.models.follow import COLUMNS
from intranet.lib import htmx
from intranet.lib.limits import limited
from profiles.middleware import SignedInRequest
from profiles.permissions import NotAllowed


@limited("follow", "120/m")
@require_POST
def follow(request: SignedInRequest) -> HttpResponse:
    """Follow one thing, or with no `on` follow it no longer."""
    form = FollowForm(request.POST, user=request.user)
    if not form.is_valid():
        raise Http404
    target, on = form.target, form.cleaned_data["on"]
    try:
        (follows.follow if on else follows.unfollow)(target=target, by=request.user)
    except follows.FollowSelf as error:
        raise NotAllowed(str(error)) from error
    if htmx.wants_fragment(request):
        context = {"kind": COLUMNS[type(target)], "target": target, "is_following": on}
        return render(request, "feeds/_follow.html", context)
    messages.success(request, f"You follow {target} now." if on else f"You no longer follow {target}.")
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return htmx.redirect(request, back if is_ours else target.get_absolute_url())
