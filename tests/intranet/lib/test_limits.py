"""Request limits: one person's haste costs nobody else anything, and a dead cache costs nobody at all."""

from types import SimpleNamespace

import pytest
import time_machine
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import RequestFactory

from intranet.lib.limits import TooManyRequests, limited

ANN = SimpleNamespace(pk=1, is_authenticated=True)
BOB = SimpleNamespace(pk=2, is_authenticated=True)
NOBODY = SimpleNamespace(pk=None, is_authenticated=False)


class DeadCache(LocMemCache):
    def add(self, *args, **kwargs):
        raise ConnectionError("the cache is down")


@limited("post", "2/m")
def post(request, suffix=""):
    return HttpResponse(f"posted{suffix}")


@limited("comment", "1/m")
def comment(request):
    return HttpResponse("commented")


@pytest.fixture(autouse=True)
def _fresh(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "limits"}}
    settings.RATE_LIMITS = {}
    settings.TRUSTED_PROXIES = 0
    cache.clear()
    with time_machine.travel("2026-03-03T10:00:00Z", tick=False) as clock:
        yield clock


def ask(view, user, method="post", **meta):
    request = getattr(RequestFactory(), method)("/", **meta)
    request.user = user
    return view(request)


def test_the_third_post_in_a_minute_waits_and_then_goes_through(_fresh):
    assert ask(post, ANN).content == b"posted"
    ask(post, ANN)
    with pytest.raises(TooManyRequests) as refusal:
        ask(post, ANN)
    assert 1 <= refusal.value.retry_after <= 60
    _fresh.shift(refusal.value.retry_after)
    assert ask(post, ANN).content == b"posted"


def test_other_people_groups_and_methods_are_not_counted_together():
    for _ in range(2):
        ask(post, ANN)
    assert ask(post, BOB).status_code == 200
    assert ask(comment, ANN).status_code == 200
    for _ in range(5):
        assert ask(post, ANN, method="get").status_code == 200


def test_the_setting_goes_before_the_rate_in_the_code(settings):
    settings.RATE_LIMITS = {"post": "1/h"}
    ask(post, ANN)
    with pytest.raises(TooManyRequests) as refusal:
        ask(post, ANN)
    assert 1 <= refusal.value.retry_after <= 3600
    settings.RATE_LIMITS = {"post": None}
    for _ in range(5):
        ask(post, ANN)


def test_a_dead_cache_refuses_nobody(settings):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.DeadCache"}}
    for _ in range(5):
        assert ask(post, ANN).content == b"posted"


def test_signed_out_people_are_told_apart_by_address(settings):
    for _ in range(2):
        ask(post, NOBODY, REMOTE_ADDR="192.0.2.1")
    with pytest.raises(TooManyRequests):
        ask(post, NOBODY, REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="203.0.113.9")
    assert ask(post, NOBODY, REMOTE_ADDR="192.0.2.2").status_code == 200


def test_behind_a_proxy_only_what_the_proxy_wrote_counts(settings):
    settings.TRUSTED_PROXIES = 1
    for faked in ("198.51.100.1", "198.51.100.2"):
        ask(post, NOBODY, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=f"{faked}, 192.0.2.1")
    with pytest.raises(TooManyRequests):
        ask(post, NOBODY, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.1")
    assert ask(post, NOBODY, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.7").status_code == 200


@pytest.mark.parametrize("rate", ["", "30", "m/30", "30/w", "30/0s", "-1/m"])
def test_a_rate_that_means_nothing_is_refused_at_start(rate):
    with pytest.raises(ImproperlyConfigured, match='like "30/m"'):
        limited("post", rate)


def test_arguments_of_the_view_pass_through():
    request = RequestFactory().post("/")
    request.user = ANN
    assert post(request, suffix="!").content == b"posted!"
