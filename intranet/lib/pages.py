"""Pages put together from kept parts: a frame that a template makes, what stands around it, what differs each time.

`page` answers as Django's `render` does, but renders the template once for all answers that look alike. Of the context,
HTML that is finished already (`SafeString`) only has a place in the frame and is put there for each answer; everything
else is what the frame shows, and so the key it is kept under. A frame knows neither request nor reader: what stands
around every page – the reader's own menu, the navigation with the number that waits for them – has its places too.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from html import escape
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import engines
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from intranet.lib.kept import KEY_MARK, TOKEN_MARK, finished, kept, place_of
from intranet.lib.pagination import KeysetPage

PLACE = re.compile("\0([^\0]+)\0")
# What is equal only where it is shown alike
PLAIN = (str, bool, int, float, datetime.date)
HEADER, NAVIGATION = "header", "navigation:"
# What a context may say of what stands around the page
AROUND = ("search_query", "unread_notifications")


class Section(NamedTuple):
    """A part of the service, as the main navigation offers it."""

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


def page(request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """The page that `template` makes of `context`, for somebody who is signed in.

    Args:
        context: finished HTML, text, numbers and dates, and lists, mappings, dataclasses and named tuples of those.
            Text that differs from answer to answer is best made HTML by `text`: then it needs no frame of its
            own. The template is told nothing else but the name of the service.

    Raises:
        TypeError: something else is in the context: a row of the database is equal to itself whatever it says.
    """
    around = {**_surroundings(request), **{name: context[name] for name in AROUND if name in context}}
    if around["messages"]:
        # What is said once, to one person, is in no frame
        return render(request, template, dict(context), status=status)

    def surrounding(name: str) -> str:
        if name == HEADER:
            return header(around["site_name"], around["search_query"], around["user"])
        return navigation(name.removeprefix(NAVIGATION), around["unread_notifications"])

    html = _assembled(template, context, token=around["csrf_token"], site_name=around["site_name"], other=surrounding)
    return HttpResponse(html, status=status)


def fragment(template: str, context: Mapping[str, Any], *, token: object) -> SafeString:
    """What `template` makes of `context`, likewise.

    Args:
        token: the reader's own against forged requests, as text; made where a form asks for it, if it is lazy.
    """
    return SafeString(_assembled(template, context, token=token, site_name=settings.SITE_NAME))


def _assembled(
    template: str,
    context: Mapping[str, Any],
    *,
    token: object,
    site_name: str,
    other: Callable[[str], str] | None = None,
) -> str:
    parts: dict[str, str] = {}
    shown, key = _placed({name: value for name, value in context.items() if name not in AROUND}, parts)
    told = {"user": _NoReader(), **shown, "site_name": site_name, "is_frame": True}
    html = kept(template, (key, site_name, static_version()), lambda: told)
    if TOKEN_MARK in html or KEY_MARK in html:
        html = finished(html, str(token))
    return PLACE.sub(lambda found: parts[found[1]] if found[1] in parts or not other else other(found[1]), html)


def text(value: object) -> SafeString:
    """Text as finished HTML, for a place of its own in a frame."""
    return value if isinstance(value, SafeString) else SafeString(escape(str(value)))


def cursors(page: KeysetPage[Any]) -> dict[str, SafeString | None]:
    """The ways to the pages before and after, as `components/pagination.html` takes them."""
    return {
        "previous_cursor": text(page.previous_cursor) if page.previous_cursor else None,
        "next_cursor": text(page.next_cursor) if page.next_cursor else None,
    }


def link(item: Any) -> dict[str, SafeString]:
    """Where something with a name and an address leads, for a place of its own in a frame."""
    return {"name": text(item.name), "get_absolute_url": text(item.get_absolute_url())}


def joined(items: Iterable[str]) -> SafeString:
    """Pieces of finished HTML as one."""
    return SafeString("".join(items))


def header(site_name: str, search_query: str, user: Any) -> SafeString:
    """The name of the service, the search box and the reader's own menu; `user` is None where no request is known."""
    shown = {"site_name": site_name, "search_query": search_query, "user": user}
    reader = (user.pk, user.name, user.avatar_url) if user and user.is_authenticated else bool(user)
    return mark_safe(kept("components/header.html", (site_name, search_query, reader), lambda: shown))


def navigation(current: str, unread: Any) -> SafeString:
    """The main navigation.

    Args:
        current: the key of the section that the page stands in, or "".
        unread: how many notifications wait for the reader, or what counts them: asked only here, where it is shown.
    """
    number = unread() if callable(unread) else unread
    shown = {"sections": SECTIONS, "current": current, "unread_notifications": number}
    return mark_safe(kept("components/navigation.html", (current, number), lambda: shown))


def static_version() -> Hashable:
    """What the addresses of static files depend on."""
    return settings.DEBUG, getattr(staticfiles_storage, "manifest_hash", "")


def _surroundings(request: HttpRequest) -> dict[str, Any]:
    """What the context processors tell of the site and of the reader."""
    known: dict[str, Any] = {}
    for processor in engines["django"].engine.template_context_processors:  # type: ignore[attr-defined]
        known.update(processor(request))
    return known


class _NoReader:
    """Stands for the reader in a frame, which knows none: what is shown of them comes with the context."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"The frame of a page knows no reader, and so not their {name}")


def _placed(value: Any, parts: dict[str, str]) -> tuple[Any, Hashable]:
    """`value` with a place wherever it holds finished HTML, which is added to `parts`; and the same as a key."""
    if isinstance(value, SafeString):
        if not value:
            return "", ""
        place = place_of(f"part{len(parts)}")
        parts[place[1:-1]] = value
        return place, (SafeString, place)
    if value is None or isinstance(value, PLAIN):
        # 1 and True are equal, and are not shown alike
        return value, (type(value), value)
    if is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        placed = {name: _placed(item, parts) for name, item in value.items()}
        keys = tuple((name, key) for name, (_, key) in placed.items())
        return {name: item for name, (item, _) in placed.items()}, keys
    if isinstance(value, list | tuple):
        items = [_placed(item, parts) for item in value]
        shown = [item for item, _ in items]
        named = getattr(value, "_make", None)
        return named(shown) if named else shown, tuple(key for _, key in items)
    raise TypeError(f"A {type(value).__name__} is no key for what is shown of it")
