"""Answers that suit both htmx and plain browsers: a fragment or a page, and the redirect after a form."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

DECIDING_HEADERS = ("HX-Request", "HX-Boosted", "HX-History-Restore-Request", "HX-Request-Type")


class SeeOther(HttpResponseRedirect):
    """A redirect that is always followed with GET, so that reloading what comes next sends nothing again."""

    status_code = 303


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page; boosted links and restored history want the whole one."""
    htmx = HtmxDetails(request)
    whole = htmx.boosted or htmx.history_restore_request or htmx.request_type == "full"
    return bool(htmx) and not whole


def fragment_or_page(
    request: HttpRequest, *, fragment: str, page: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """Render the template `fragment` for htmx, else `page`, which includes it, with the same context."""
    return varied(render(request, fragment if wants_fragment(request) else page, dict(context), status=status))


def varied(response: HttpResponse) -> HttpResponse:
    """The answer of an address that has two: a cache must not give the one for the other."""
    patch_vary_headers(response, DECIDING_HEADERS)
    return response


def redirect(request: HttpRequest, url: str) -> HttpResponse:
    """Send the reader to `url` after a form: 303, or for htmx a header that loads the page anew."""
    return HttpResponseClientRedirect(url) if wants_fragment(request) else SeeOther(url)
