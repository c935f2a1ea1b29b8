"""Home: what changed in one's work, and who needs one."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from feeds import reader, suggestions
from feeds.composer import composer
from feeds.streams import Stream, StreamKind
from feeds.views.loading import Empty, feed
from intranet.lib.kept import kept, token_of
from intranet.lib.pages import page
from profiles.middleware import SignedInRequest

# How many of the reader's communities stand beside the feed
JOINED = 12
NOTHING_YET = Empty("No posts yet", "Be the first: share what you are working on, or ask a question.")
TABS = {
    StreamKind.FOLLOWING: "Following",
    StreamKind.DEPARTMENT: "My department",
    StreamKind.EVERYONE: "Everyone",
}


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """The composer, the feed of the chosen tab, and beside it what the reader could do for others."""
    user = request.user
    known = reader.facts_for(request)
    default = StreamKind.FOLLOWING if known.follows_anything else StreamKind.DEPARTMENT
    kind = request.GET.get("stream", default)
    if kind not in set(TABS):
        raise Http404
    stream = Stream(StreamKind(kind))
    is_suggesting = stream.kind is StreamKind.FOLLOWING and not known.follows_anything
    context = {
        "feed": feed(request, stream, is_suggesting=is_suggesting, empty=NOTHING_YET).html,
        "tabs": _tabs(stream.kind),
        "is_suggesting": is_suggesting,
        "composer": composer(user, known.writable, token=token_of(request)),
        "beside": _beside(suggestions.questions_for(user), known.joined[:JOINED]),
    }
    return page(request, "feeds/home.html", context)


def _tabs(current: StreamKind) -> SafeString:
    def context() -> dict[str, Any]:
        tabs = (
            {"label": label, "href": f"/?stream={kind}", "current": kind is current} for kind, label in TABS.items()
        )
        return {"label": "Feeds", "tabs": list(tabs)}

    return mark_safe(kept("components/tabs.html", ("feeds", current), context))


def _beside(questions: list[suggestions.Question], communities: list[reader.Joined]) -> SafeString:
    key = tuple(questions), tuple(communities)
    return mark_safe(kept("feeds/_beside_home.html", key, lambda: {"questions": questions, "communities": communities}))
