"""The cache of the scaled mode: Redis, whose faults nobody who reads or posts may notice."""

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import Redis
from redis.exceptions import ConnectionError as NotReached
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as TookTooLong

from intranet.lib.pause import Pause

logger = logging.getLogger(__name__)

# Seconds for which a server that did not answer is left alone: a page asks several times, and would wait each time
PAUSE = 2.0


class _Client(RedisCacheClient):
    """One client for all requests, which share its pool of connections: Django makes one for each call."""

    _one: Redis | None = None

    def get_client(self, key: Any = None, *, write: bool = False) -> Redis:
        if self._one is None:
            self._one = super().get_client(key, write=write)
        return self._one


@lru_cache(maxsize=8)
def away(server: str) -> Pause:
    """The pause of one server: Django makes a cache for each thread, and what one of them learned all know."""
    return Pause(PAUSE)


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache, with every fault of the server answered as an empty cache would.

    `add` then says "added" and `incr` says 1, so that locks and request limits let people through. A server that
    could not be reached, or did not answer in time, is not asked again for PAUSE seconds.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client
        self._away = away(str(server))

    def _forgive(self, call: Callable[[], Any], answer: Any) -> Any:
        if self._away.is_on:
            return answer
        try:
            return call()
        except (RedisError, OSError) as error:
            logger.warning("cache unavailable: %s", error)
            if isinstance(error, NotReached | TookTooLong | OSError):
                self._away.begin()
            return answer

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._forgive(lambda: super(ForgivingRedisCache, self).add(*args, **kwargs), True)

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._forgive(lambda: super(ForgivingRedisCache, self).get(key, default, version), default)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._forgive(lambda: super(ForgivingRedisCache, self).set(*args, **kwargs), None)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._forgive(lambda: super(ForgivingRedisCache, self).touch(*args, **kwargs), False)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._forgive(lambda: super(ForgivingRedisCache, self).delete(*args, **kwargs), False)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._forgive(lambda: super(ForgivingRedisCache, self).get_many(*args, **kwargs), {})

    def set_many(self, data: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        # What could not be kept, by Django's contract
        return self._forgive(lambda: super(ForgivingRedisCache, self).set_many(data, *args, **kwargs), list(data))

    def delete_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._forgive(lambda: super(ForgivingRedisCache, self).delete_many(*args, **kwargs), None)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._forgive(lambda: super(ForgivingRedisCache, self).has_key(*args, **kwargs), False)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._forgive(lambda: super(ForgivingRedisCache, self).incr(*args, **kwargs), 1)

    def clear(self) -> Any:
        return self._forgive(super().clear, None)
