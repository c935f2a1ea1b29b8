"""Pages that belong to no app: errors, health, the accessibility statement."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from intranet import health
from intranet.lib.middleware import not_found

__all__ = ["bad_request", "csrf_failure", "forbidden", "not_found", "server_error", "too_many_requests"]

# Seconds asked for where the limit itself does not say how long (sign-in's)
RETRY_AFTER = 60


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Visible, but not allowed. The reason is shown where the rule gave one."""
    return render(request, "403.html", {"reason": str(exception or "")}, status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form sent without its token: most often one that was open since before the last sign-in."""
    return render(
        request,
        "403.html",
        {"reason": "This page was open for too long, or cookies are blocked. Go back, reload it and send it again."},
        status=403,
    )


@login_not_required
def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The answer of sign-in's own limits; the limits on writing answer through their middleware."""
    body = render_to_string("429.html", {"retry_after": RETRY_AFTER}, request=request)
    return HttpResponse(body, status=429, headers={"Retry-After": str(RETRY_AFTER)})


def server_error(request: HttpRequest) -> HttpResponse:
    """A page that needs neither the database nor the session: they may be what failed."""
    return HttpResponse(render_to_string("500.html"), status=500)


@login_not_required
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "intranet/accessibility.html")


@login_not_required
@never_cache
@require_safe
def health_live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def health_ready(request: HttpRequest) -> JsonResponse:
    """Whether this host can serve: 503 only without its database; the rest may fail while people go on reading.

    `search` is "behind" where the oldest change has waited for its index for `health.SEARCH_BEHIND` seconds, and
    `search_lag` is how many changes wait. With `?all=1` it is ready only when every part is "ok": an upgrade waits for
    that before it goes on to the next host.
    """
    parts = health.parts()
    wanted = ["database", "cache", "search"] if request.GET.get("all") else ["database"]
    ready = all(parts[name] == "ok" for name in wanted)
    return JsonResponse({"ready": ready, **parts}, status=200 if ready else 503)
