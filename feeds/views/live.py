"""The same news as the socket's, for a page that has to ask: where sockets are blocked."""

from __future__ import annotations

from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from feeds import live
from feeds.streams import Stream, UnknownStream
from intranet.lib.limits import limited

MAX_NUMBER = 2**63 - 1


@require_GET
@never_cache
@limited("live", "60/m", methods=("GET",))
def live_poll(request: HttpRequest) -> JsonResponse:
    """What the reader of a stream missed since a number: `{"events": […], "at": 57, "resync": false}`."""
    try:
        stream = Stream.parse(request.GET.get("stream", ""))
        after = min(int(request.GET.get("after", "")), MAX_NUMBER)
    except (UnknownStream, ValueError) as error:
        raise Http404 from error
    missed = live.missed(request.user, stream, max(after, 0))
    return JsonResponse({"events": missed.events, "at": missed.at, "resync": missed.resync})
