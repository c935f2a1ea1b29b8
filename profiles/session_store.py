"""Sessions in the database, read by every page: a query whose SQL is kept.

Not in the cache: one that missed a sign-out while it could not be reached would let the session in again.
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.db import models

from intranet.lib.compiled import Compiled, now


def _standing(key: Any) -> models.QuerySet[Any, Any]:
    rows = SessionStore.get_model_class().objects.filter(session_key=key, expire_date__gt=now())
    return rows.values_list("session_key", "session_data", "expire_date")


_STANDING = Compiled(_standing, key=models.CharField())


class SessionStore(db.SessionStore):
    """Django's sessions in the database."""

    def _get_session_from_db(self) -> Any:
        row = _STANDING.row(key=self.session_key)
        if row is None:
            self._session_key = None
            return None
        return self.model(session_key=row[0], session_data=row[1], expire_date=row[2])
