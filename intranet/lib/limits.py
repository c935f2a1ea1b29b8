"""Request limits per person: how often one may post, search or upload before being asked to wait."""

import logging
import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponseBase
from django_ratelimit.core import get_usage

logger = logging.getLogger(__name__)

P = ParamSpec("P")
Request = TypeVar("Request", bound=HttpRequest)
View = Callable[Concatenate[Request, P], HttpResponseBase]

RATE = re.compile(r"\d+/([1-9]\d*)?[smhd]")


class TooManyRequests(Exception):
    """This person has used up what the limit allows; `retry_after` is the wait in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many requests: try again in {retry_after} seconds")
        self.retry_after = retry_after


def limited(
    group: str, rate: str, methods: Sequence[str] = ("POST",)
) -> Callable[[View[Request, P]], View[Request, P]]:
    """Let one person (one address, when signed out) use the decorated views of a group at most so often.

    `rate` is a number per period ("30/m", "5/10s"); `settings.RATE_LIMITS[group]` goes before it, and None
    there means no limit. The view then raises TooManyRequests. A cache that fails lets everybody pass.
    """
    _checked(group, rate)

    def decorate(view: View[Request, P]) -> View[Request, P]:
        @wraps(view)
        def counted(request: Request, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.method in methods:
                _count(request, group, rate, methods)
            return view(request, *args, **kwargs)

        return counted

    return decorate


def _count(request: HttpRequest, group: str, default: str, methods: Sequence[str]) -> None:
    rate = settings.RATE_LIMITS.get(group, default)
    if rate is None:
        return
    _checked(group, rate)
    try:
        usage = get_usage(request, group=group, key=_person, rate=rate, method=list(methods), increment=True)
    except Exception:
        # Whatever the cache's client raises: a limit is a courtesy, and no reason to refuse somebody's post.
        logger.warning("limit %s not counted: the cache failed", group, exc_info=True)
        return
    # A negative time left is how a cache that lost the count is reported.
    if usage and usage["should_limit"] and usage["time_left"] >= 0:
        raise TooManyRequests(usage["time_left"] + 1)


def _person(group: str, request: HttpRequest) -> str:
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    proxies = settings.TRUSTED_PROXIES
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    # Only what our own proxies wrote counts; anything further to the left is the client's word.
    return f"address:{hops[-proxies].strip() if 0 < proxies <= len(hops) else request.META['REMOTE_ADDR']}"


def _checked(group: str, rate: str) -> None:
    if not RATE.fullmatch(rate):
        raise ImproperlyConfigured(f'The limit of "{group}" is "{rate}": write it like "30/m" or "5/10s".')
