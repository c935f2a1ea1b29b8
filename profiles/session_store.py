"""Sessions in the database, read by every page together with the person whose they are, in a query whose SQL is kept.

Not in the cache: one that missed a sign-out while it could not be reached would let the session in again.
"""

from __future__ import annotations

import json
import zlib
from contextvars import ContextVar
from functools import lru_cache
from threading import Lock
from typing import Any

from cachetools import LRUCache  # type: ignore[import-untyped]
from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user
from django.contrib.sessions.backends import db
from django.core import signing
from django.db import models
from django.db.models import Subquery
from django.http import HttpRequest

from intranet.lib.compiled import Compiled, now
from profiles.models import User

# Sessions of which a process remembers whose they are
REMEMBERED = 20_000


def _standing(key: Any) -> models.QuerySet[Any, Any]:
    return SessionStore.get_model_class().objects.filter(session_key=key, expire_date__gt=now())


def _person_with(pk: Any, key: Any) -> models.QuerySet[Any, Any]:
    session = _standing(key)
    return User.objects.filter(pk=pk).annotate(
        session_data=Subquery(session.values("session_data")), session_expires=Subquery(session.values("expire_date"))
    )


_STANDING = Compiled(lambda key: _standing(key).values_list("session_data", "expire_date"), key=models.CharField())
_PERSON_WITH = Compiled(_person_with, key=models.CharField())
_PERSON = Compiled(lambda pk: User.objects.filter(pk=pk))

# Session key -> whose it was when this process last saw it: a guess, by which the person is read with the session.
# Only what the session itself says lets anybody in
_whose: LRUCache[str, int] = LRUCache(REMEMBERED)
_lock = Lock()
# The person who was read with the session of the request that is being looked at
_read: ContextVar[User | None] = ContextVar("read", default=None)


class SessionStore(db.SessionStore):
    """Django's sessions in the database.

    Attributes:
        person: who was read together with it; None where nobody was.
    """

    person: User | None = None

    def _get_session_from_db(self) -> Any:
        with _lock:
            guess = _whose.get(self.session_key)
        person = None if guess is None else _PERSON_WITH.instance(pk=guess, key=self.session_key)
        if person is None:
            row = _STANDING.row(key=self.session_key)
        else:
            self.person, values = person, vars(person)
            row = values.pop("session_data"), values.pop("session_expires")
        if row is None or row[0] is None:
            self._session_key = self.person = None
            return None
        return self.model(session_key=str(self.session_key), session_data=row[0], expire_date=row[1])

    def save(self, must_create: bool = False) -> None:
        super().save(must_create)
        _remember(self.session_key, self.get(SESSION_KEY))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """What a session holds; nothing where its signature is wrong."""
        try:
            keys = settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS
            held: dict[str, Any] = json.loads(_signed(str(session_data), self.key_salt, keys))
        except (signing.BadSignature, ValueError, zlib.error):
            # Which says so in the log
            return super().decode(session_data)
        return held


class _Text:
    """A serialiser that leaves the text as it is."""

    def dumps(self, obj: Any) -> bytes:
        return bytes(obj)

    def loads(self, data: bytes) -> bytes:
        return data


@lru_cache(maxsize=2_000)
def _signed(session_data: str, salt: str, keys: tuple[str, ...]) -> bytes:
    """What was signed with one of `keys`, once the signature is seen to be right."""
    signed: bytes = signing.loads(session_data, salt=salt, serializer=_Text, key=keys[0], fallback_keys=list(keys[1:]))
    return signed


def person_of(request: HttpRequest) -> Any:
    """Who is signed in, as `django.contrib.auth.get_user` finds out, without a second query where it can be."""
    session: Any = request.session
    # To ask for anything reads it
    session.get(SESSION_KEY)
    token = _read.set(session.person if isinstance(session, SessionStore) else None)
    try:
        user = get_user(request)
    finally:
        _read.reset(token)
    _remember(session.session_key, user.pk)
    return user


def _remember(key: str | None, user_id: Any) -> None:
    if key and user_id is not None:
        with _lock:
            _whose[key] = int(user_id)


def person(pk: Any) -> User | None:
    """The person of that id, by the query that is kept; the one that was read with the session, where it is them."""
    read = _read.get()
    if read is not None and str(read.pk) == str(pk):
        return read
    found: User | None = _PERSON.instance(pk=pk)
    return found
