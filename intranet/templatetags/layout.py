"""What stands around every page: head, header, main navigation and footer, kept for all pages that show the same."""

from typing import Any, NamedTuple

from django import template
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from intranet.lib.kept import kept

register = template.Library()


class Section(NamedTuple):
    key: str
    label: Any
    href: str


# Addresses, not names of routes: an error page must still offer its way out where the routes fail to load
SECTIONS = (
    Section("home", _("Home"), "/"),
    Section("knowledge", _("Knowledge"), "/knowledge/"),
    Section("people", _("People"), "/people/"),
    Section("departments", _("Departments"), "/departments/"),
    Section("communities", _("Communities"), "/communities/"),
    Section("topics", _("Topics"), "/topics/"),
    Section("notifications", _("Notifications"), "/notifications/"),
)


@register.simple_tag(takes_context=True)
def site_header(context: Context) -> SafeString:
    """The name of the service, the search box and the reader's own menu."""
    user = context.get("user")
    shown = {
        "site_name": _site_name(context),
        "user": user,
        "search_query": context.get("search_query") or "",
    }
    reader = (user.pk, user.name, user.avatar_url) if user and user.is_authenticated else bool(user)
    return mark_safe(kept("components/header.html", (shown["site_name"], shown["search_query"], reader), lambda: shown))


@register.simple_tag(takes_context=True)
def same_everywhere(context: Context, template: str) -> SafeString:
    """A part that knows of nothing but the name of the service and the names of the static files."""
    site_name = _site_name(context)
    key = site_name, settings.DEBUG, getattr(staticfiles_storage, "manifest_hash", "")
    return mark_safe(kept(template, key, lambda: {"site_name": site_name}))


@register.simple_block_tag(takes_context=True)
def navigation(context: Context, content: str) -> str:
    """The navigation list; what stands between the tags is the key of the current section, or nothing."""
    current, unread = content.strip(), context.get("unread_notifications", 0)
    # Counted only here, where it is shown
    number = unread() if callable(unread) else unread
    shown = {"sections": SECTIONS, "current": current, "unread_notifications": number}
    return mark_safe(kept("components/navigation.html", (current, number), lambda: shown))


def _site_name(context: Context) -> str:
    # An error page may know of nothing
    return context.get("site_name") or "Common Knowledge"
