"""The composer as home shows it: empty, and the same until its reader or what they may write to changes."""

from __future__ import annotations

from django.utils.safestring import SafeString

from feeds.audiences import people_in
from feeds.forms import ComposerForm
from intranet.lib.kept import KEY_MARK, finished, kept
from profiles.models import User


def composer(user: User, writable: dict[int, str], *, token: str) -> SafeString:
    """The empty composer of `user`, as HTML.

    Args:
        writable: what they may write to, from `feeds.reader.writable`.
        token: the reader's token against forged requests.
    """
    people = people_in(writable)
    key = (user.pk, user.name, user.avatar_url, tuple(writable.items()), tuple(people.items()))
    html = kept("feeds/_composer.html", key, lambda: {"form": _empty(user), "user": user})
    return finished(html, token)


def _empty(user: User) -> ComposerForm:
    return ComposerForm(user=user, initial={"idempotency_key": KEY_MARK})
