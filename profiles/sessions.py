"""Whose sessions keys are, for who connects without a request: the sockets."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from profiles.models import User


def people_of(session_keys: Collection[str]) -> dict[str, User]:
    """The people of those sessions that stand, who may come in and accepted the code of conduct.

    Two queries, for however many: the sessions are read where they are kept for good, whatever cache stands before.
    Nothing is written: a session that does not hold is left to the next page to end.
    """
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    rows = store.get_model_class().objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    sessions = {key: store.decode(data) for key, data in rows.values_list("session_key", "session_data")}
    ids = {int(held[SESSION_KEY]) for held in sessions.values() if SESSION_KEY in held}
    people = User.objects.filter(pk__in=ids, is_active=True, conduct_accepted_at__isnull=False).in_bulk()
    found = {key: people.get(int(held.get(SESSION_KEY, 0))) for key, held in sessions.items()}
    return {key: user for key, user in found.items() if user and _stands(sessions[key], user)}


def _stands(session: dict[str, Any], user: User) -> bool:
    path = session.get(BACKEND_SESSION_KEY)
    if path not in settings.AUTHENTICATION_BACKENDS or not load_backend(path).user_can_authenticate(user):  # type: ignore[attr-defined]
        return False
    # Also while the secret key is being replaced
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(session.get(HASH_SESSION_KEY, ""), known) for known in hashes)
