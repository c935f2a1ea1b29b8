"""Everything is for people who signed in and accepted the code of conduct, unless a view says otherwise."""

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.middleware import AuthenticationMiddleware, LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import get_resolver, reverse
from django.utils.functional import SimpleLazyObject
from django_htmx.http import HttpResponseClientRedirect

from intranet.lib import htmx
from profiles.models import User
from profiles.permissions import NotAllowed
from profiles.session_store import person_of

# What a person who has not accepted the code of conduct yet may reach
BEFORE_CONDUCT = {"conduct", "account_logout"}


class SignedInRequest(HttpRequest):
    """The request as a view behind `SignedInMiddleware` gets it."""

    user: User  # type: ignore[assignment]


class PersonMiddleware(AuthenticationMiddleware):
    """Django's, but the person of a session is read with the session."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(partial(_person, request))  # type: ignore[assignment]


def _person(request: Any) -> Any:
    if not hasattr(request, "_cached_user"):
        request._cached_user = person_of(request)
    return request._cached_user


class SignedInMiddleware(LoginRequiredMiddleware):
    """Sends visitors to sign in, and people who have not accepted the code of conduct to it, once.

    Answers `NotAllowed` with the 403 page.
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None
        user = _person(request)
        if not user.is_authenticated:
            return super().process_view(request, view_func, view_args, view_kwargs)
        # What views ask of their reader, a hundred times a page, is asked without a detour from here on
        request.user = user
        name = request.resolver_match.url_name if request.resolver_match else None
        if user.conduct_accepted_at is None and name not in BEFORE_CONDUCT:
            # What was asked for with another method cannot be asked for again by a link
            query = {"next": request.get_full_path()} if request.method in ("GET", "HEAD") else {}
            return _whole_page(request, redirect(f"{reverse('conduct')}?{urlencode(query)}"))
        return None

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., Any]) -> Any:
        return _whole_page(request, super().handle_no_permission(request, view_func))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, NotAllowed):
            return None
        forbidden = get_resolver().resolve_error_handler(403)
        answer: HttpResponse = forbidden(request, exception=exception)  # type: ignore[call-arg]
        return answer


def _whole_page(request: HttpRequest, answer: Any) -> HttpResponseBase:
    """The redirect `answer`; where htmx asked, one that the browser follows and not the fragment's place."""
    return HttpResponseClientRedirect(answer.url) if htmx.wants_fragment(request) else answer
