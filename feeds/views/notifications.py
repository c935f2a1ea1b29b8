"""The list of notifications, and reading them."""

from __future__ import annotations

from itertools import groupby

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_POST, require_safe

from feeds import notices, reader
from feeds.actions import notifications
from feeds.models import Notification
from intranet.lib import htmx, pages
from intranet.lib.kept import token_of
from intranet.lib.limits import limited
from intranet.lib.pages import text
from intranet.lib.pagination import BadCursor
from profiles.middleware import SignedInRequest


class UptoForm(forms.Form):
    """The newest notification that was on the page."""

    upto = forms.IntegerField(min_value=1, max_value=2**63 - 1)


@require_safe
def notification_list(request: SignedInRequest) -> HttpResponse:
    """What the reader should know of, newest first, by day."""
    try:
        page = notices.page(request.user, cursor=request.GET.get("cursor"))
    except BadCursor as error:
        raise Http404 from error
    token, unread = token_of(request), reader.unread(request.user)
    today = timezone.localdate()
    days = [
        {
            "label": text("Today" if day == today else date_format(day, "l j F Y")),
            "id": text(day),
            "notifications": pages.joined(notices.item(notice, token=token) for notice in group),
        }
        for day, group in groupby(page, key=lambda notice: timezone.localdate(notice.created_at))
    ]
    newest = max((notice.pk for notice in page), default=0)
    context = {
        "page": pages.cursors(page),
        "days": days,
        "unread_notifications": unread,
        "newest": text(newest) if unread and newest else "",
    }
    return pages.page(request, "feeds/notifications.html", context)


@limited("react", "120/m")
@require_POST
def read(request: SignedInRequest, pk: int) -> HttpResponse:
    """Note that one notification was read, and go where it points."""
    mine = Notification.objects.visible_to(request.user).for_list()
    notification = get_object_or_404(mine, pk=pk)
    notifications.mark_read(notification=notification, by=request.user)
    return htmx.redirect(request, notification.get_absolute_url())


@limited("react", "120/m")
@require_POST
def read_all(request: SignedInRequest) -> HttpResponse:
    """Note that everything up to the newest on the page was read."""
    form = UptoForm(request.POST)
    if not form.is_valid():
        raise Http404
    notifications.mark_all_read(by=request.user, upto=form.cleaned_data["upto"])
    return htmx.redirect(request, "/notifications/")
