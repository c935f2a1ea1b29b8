"""Whose sessions keys are, for who connects without a request: the sockets."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend
from django.utils.crypto import constant_time_compare

from intranet.lib.compiled import Compiled, now
from profiles.models import User
from profiles.session_store import SessionStore

_SESSIONS = Compiled(
    lambda session_keys: (
        SessionStore.get_model_class()
        .objects.filter(session_key__in=session_keys, expire_date__gt=now())
        .values_list("session_key", "session_data")
    )
)
# What proves a session, and says whether its person may come in
PROOF = ("password", "session_epoch", "is_active", "is_demo")
_PEOPLE = Compiled(
    lambda ids: User.objects.filter(pk__in=ids, is_active=True, conduct_accepted_at__isnull=False).only(*PROOF)
)


def people_of(session_keys: Collection[str]) -> dict[str, User]:
    """The people of those sessions that stand, who may come in and accepted the code of conduct, with their PROOF.

    Two queries, for however many: the sessions are read where they are kept for good, whatever cache stands before.
    Nothing is written: a session that does not hold is left to the next page to end.
    """
    store = SessionStore()
    sessions = {key: store.decode(data) for key, data in _SESSIONS.rows(session_keys=session_keys)}
    ids = {int(held[SESSION_KEY]) for held in sessions.values() if SESSION_KEY in held}
    people = {user.pk: user for user in _PEOPLE.instances(ids=ids)} if ids else {}
    found = {key: people.get(int(held.get(SESSION_KEY, 0))) for key, held in sessions.items()}
    return {key: user for key, user in found.items() if user and _stands(sessions[key], user)}


def _stands(session: dict[str, Any], user: User) -> bool:
    path = session.get(BACKEND_SESSION_KEY)
    if path not in settings.AUTHENTICATION_BACKENDS or not load_backend(path).user_can_authenticate(user):  # type: ignore[attr-defined]
        return False
    # Also while the secret key is being replaced
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(session.get(HASH_SESSION_KEY, ""), known) for known in hashes)
