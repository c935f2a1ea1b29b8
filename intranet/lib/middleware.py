"""Middleware of the whole site: security headers, one 404 page for every reason, and the 429 page."""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from csp.utils import build_policy
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotFound,
    HttpResponsePermanentRedirect,
)
from django.middleware.common import CommonMiddleware
from django.template.loader import render_to_string
from django.utils.translation import ngettext

from intranet.lib.htmx import wants_fragment
from intranet.lib.limits import TooManyRequests

# Answers with a response, or with an awaitable one: `is_async` tells which
GetResponse = Callable[[HttpRequest], Any]

UNUSED_FEATURES = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture",
    "encrypted-media", "geolocation", "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment",
    "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
HEADERS = {
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES),
    # No other site may embed our pages, pictures or files.
    "Cross-Origin-Resource-Policy": "same-origin",
    # What a page shows depends on who asks: shared caches keep nothing, browsers ask again.
    "Cache-Control": "private, no-cache",
}
# Asked under any name
HEALTH = {"/health/live", "/health/ready"}


class _Middleware:
    """What the middleware here share: the same steps around a synchronous and an asynchronous handler.

    Without it a change between the two would cost every request a thread.
    """

    sync_capable: ClassVar[bool] = True
    async_capable: ClassVar[bool] = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._answer_async(request)
        response = self.get_response(request)
        return self.replace(request, response) if self.concerns(response) else response

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        response = await self.get_response(request)
        if self.concerns(response):
            return await sync_to_async(self.replace, thread_sensitive=True)(request, response)
        return response

    def concerns(self, response: HttpResponseBase) -> bool:
        """Change what needs no more than a header; answer whether the whole response must be replaced."""
        return False

    def replace(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Another response in place of one that `concerns` picked; may use templates and the database."""
        return response


class SecurityHeadersMiddleware(_Middleware):
    """The headers that Django's own security middleware does not know, on every response, errors included.

    A view that says something else (a file that may be kept, say) keeps its word. The Content-Security-Policy is that
    of the settings, the same for every page, so that it is put together once.
    """

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        self.headers = {**HEADERS, "Content-Security-Policy": build_policy()}

    def concerns(self, response: HttpResponseBase) -> bool:
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        return False


class HostMiddleware(CommonMiddleware):
    """Django's check that a request names one of the service's hosts, but for health.

    Whoever balances the load asks each host by its address. What health answers is the same for every name, and holds
    no link.
    """

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        return None if request.path_info in HEALTH else super().process_request(request)


class PlainNotFound(HttpResponseNotFound):
    """The site's own 404 page."""


def not_found(request: HttpRequest, exception: Exception | None = None) -> PlainNotFound:
    """The one answer to an address that does not exist or is not for this reader (also `handler404`)."""
    return PlainNotFound(render_to_string("404.html", request=request))


class PlainNotFoundMiddleware(_Middleware):
    """Puts the site's own page in place of every other HTML page that says 404.

    With DEBUG on, Django's technical page would tell what is absent from what is hidden. Belongs at the end
    of MIDDLEWARE, so that the page gets every header that the other pages get.
    """

    def concerns(self, response: HttpResponseBase) -> bool:
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        return response.status_code == 404 and is_page and not isinstance(response, PlainNotFound)

    def replace(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        page = not_found(request)
        # Closing the other now would tell Django that the request is over; its files close with this one.
        page._resource_closers.extend(response._resource_closers)  # type: ignore[attr-defined]
        return page


class TooManyRequestsMiddleware(_Middleware):
    """Answers `TooManyRequests` with 429 and the time to wait.

    The template 429.html gets `retry_after` (seconds), `wait` (in words) and `is_fragment` (an htmx request,
    which needs no page around the message).
    """

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, TooManyRequests):
            return None
        seconds = exception.retry_after
        context = {"retry_after": seconds, "wait": _in_words(seconds), "is_fragment": wants_fragment(request)}
        body = render_to_string("429.html", context, request=request)
        return HttpResponse(body, status=429, headers={"Retry-After": str(seconds)})


def _in_words(seconds: int) -> str:
    if seconds < 120:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    minutes = -(-seconds // 60)
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
