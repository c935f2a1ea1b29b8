"""What stands around every page: head, header, main navigation and footer, kept for all pages that show the same."""

from django import template
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe

from intranet.lib import pages
from intranet.lib.kept import kept, place_of

register = template.Library()


@register.simple_tag(takes_context=True)
def site_header(context: Context) -> SafeString:
    """The name of the service, the search box and the reader's own menu; in a frame, the place for it."""
    if context.get("is_frame"):
        return place_of(pages.HEADER)
    return pages.header(_site_name(context), context.get("search_query") or "", context.get("user"))


@register.simple_tag(takes_context=True)
def same_everywhere(context: Context, template: str) -> SafeString:
    """A part that knows of nothing but the name of the service and the names of the static files."""
    site_name = _site_name(context)
    return mark_safe(kept(template, (site_name, pages.static_version()), lambda: {"site_name": site_name}))


@register.simple_block_tag(takes_context=True)
def navigation(context: Context, content: str) -> SafeString:
    """The navigation list; what stands between the tags is the key of the current section, or nothing."""
    current = content.strip()
    if context.get("is_frame"):
        return place_of(pages.NAVIGATION + current)
    return pages.navigation(current, context.get("unread_notifications", 0))


def _site_name(context: Context) -> str:
    # An error page may know of nothing
    return context.get("site_name") or "Common Knowledge"
