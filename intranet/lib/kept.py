"""Kept fragments: HTML rendered once for everything it is made of, and used again wherever that is the same.

A fragment is kept under its template and a key. The rule: **the key holds everything that the fragment shows** – the
values themselves, or a version that every change of them raises – and so a kept fragment is never stale and never
somebody else's. What visibility decides is not in a fragment but in which fragments a page puts together.

A form inside a fragment carries marks in place of the token against forged requests and of its idempotency key;
`finished` puts the reader's own token and a fresh key there. No text that people write can hold the token's mark: they
cannot store a null character.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Hashable, Mapping
from html import escape
from typing import Any

from cachetools import LRUCache  # type: ignore[import-untyped]
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import get_template
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString

# Characters of HTML that one process keeps: some ten thousand posts
ROOM = 32_000_000
TOKEN_MARK = "\0csrf\0"  # noqa: S105 - a place, not a secret

# In place of a form's idempotency key: no key that was ever given out
KEY_MARK = str(uuid.UUID(int=0))

_lock = threading.Lock()
_kept: LRUCache[Hashable, str] = LRUCache(ROOM, getsizeof=len)


def kept(template: str, key: Hashable, context: Callable[[], dict[str, Any]]) -> str:
    """The fragment that `template` makes, from those kept or made now.

    Args:
        key: everything that the fragment shows.
        context: makes what the template needs; asked only where the fragment is not there yet.
    """
    place = (template, key)
    with _lock:
        found = _kept.get(place)
    if found is None:
        found = get_template(template).render({**context(), "csrf_token": TOKEN_MARK})
        with _lock:
            _keep(place, found)
    return found


def missing(template: str, keys: Mapping[int, Hashable]) -> list[int]:
    """The ids of those `keys` (by id) whose fragment would have to be made now."""
    with _lock:
        return [pk for pk, key in keys.items() if (template, key) not in _kept]


def finished(fragments: str, token: str) -> SafeString:
    """Kept fragments as one reader gets them, once.

    Args:
        token: the reader's token against forged requests, as forms carry it.
    """
    if KEY_MARK in fragments:
        fragments = fragments.replace(KEY_MARK, str(uuid.uuid4()))
    return SafeString(fragments.replace(TOKEN_MARK, token))


def token_of(request: HttpRequest) -> str:
    """The token of who asks, against forged requests, for `finished`: masked anew for each answer, and once for it."""
    token: str | None = getattr(request, "own_token", None)
    if token is None:
        token = request.own_token = get_token(request)  # type: ignore[attr-defined]
    return token


def lazy_token_of(request: HttpRequest) -> SimpleLazyObject:
    """The same, made only where something asks for it: who gets no form needs no cookie."""
    return SimpleLazyObject(lambda: token_of(request))


def place_of(name: str) -> SafeString:
    """The mark of a place in a fragment: what `filled` is given under this name comes there."""
    return SafeString(f"\0{name}\0")


def filled(fragment: str, **texts: object) -> SafeString:
    """A kept fragment with what differs each time in its places, escaped."""
    for name, text in texts.items():
        safe = text if isinstance(text, SafeString) else escape(str(text))
        fragment = fragment.replace(f"\0{name}\0", safe)
    return SafeString(fragment)


def _keep(place: Hashable, text: str) -> None:
    if len(text) <= ROOM // 100:
        _kept[place] = text
