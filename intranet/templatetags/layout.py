"""What stands at the top of every page: the header and the main navigation, kept for all pages that show the same."""

from typing import Any, NamedTuple

from django import template
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
        "site_name": context.get("site_name") or "Common Knowledge",
        "user": user,
        "search_query": context.get("search_query") or "",
    }
    reader = (user.pk, user.name, user.avatar_url) if user and user.is_authenticated else bool(user)
    return mark_safe(kept("components/header.html", (shown["site_name"], shown["search_query"], reader), lambda: shown))


@register.simple_block_tag(takes_context=True)
def navigation(context: Context, content: str) -> str:
    """The navigation list; what stands between the tags is the key of the current section, or nothing."""
    current, unread = content.strip(), context.get("unread_notifications", 0)
    # Counted only here, where it is shown
    number = unread() if callable(unread) else unread
    shown = {"sections": SECTIONS, "current": current, "unread_notifications": number}
    return mark_safe(kept("components/navigation.html", (current, number), lambda: shown))
