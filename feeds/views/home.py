"""Home: what changed in one's work, and who needs one."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.views.decorators.http import require_safe

from feeds import reader, suggestions
from feeds.composer import composer
from feeds.streams import Stream, StreamKind
from feeds.views.loading import feed
from profiles.middleware import SignedInRequest

TABS = {
    StreamKind.FOLLOWING: "Following",
    StreamKind.DEPARTMENT: "My department",
    StreamKind.EVERYONE: "Everyone",
}


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """The composer, the feed of the chosen tab, and beside it what the reader could do for others."""
    user = request.user
    known = reader.facts(user)
    default = StreamKind.FOLLOWING if known.follows_anything else StreamKind.DEPARTMENT
    kind = request.GET.get("stream", default)
    if kind not in set(TABS):
        raise Http404
    stream = Stream(StreamKind(kind))
    is_suggesting = stream.kind is StreamKind.FOLLOWING and not known.follows_anything
    writable, token = reader.writable(user), get_token(request)
    context = {
        **feed(request, stream, is_suggesting=is_suggesting, known=known, writable=writable),
        "tabs": [_tab(tab, label, stream) for tab, label in TABS.items()],
        "is_suggesting": is_suggesting,
        "composer": composer(user, writable, token=token),
        "questions": suggestions.questions_for(user),
        "communities": suggestions.joined_communities(user),
    }
    return render(request, "feeds/home.html", context)


def _tab(kind: StreamKind, label: str, stream: Stream) -> dict[str, Any]:
    return {"label": label, "href": f"/?stream={kind}", "current": kind is stream.kind}
