"""The forms that stand empty on pages: the composer of home, and a thread's for comments and replies."""

from __future__ import annotations

from typing import Any

from django.utils.safestring import SafeString

from feeds.audiences import people_in
from feeds.forms import CommentForm, ComposerForm
from intranet.lib.kept import KEY_MARK, finished, kept
from profiles.models import User


def composer(user: User, writable: dict[int, str], *, token: str, audience: int | None = None) -> SafeString:
    """The empty composer of `user`, as HTML.

    Args:
        writable: what they may write to, from `feeds.reader.writable`.
        token: the reader's token against forged requests.
        audience: the id of the one that is chosen already.
    """
    people = people_in(writable)
    key = (user.pk, user.name, user.avatar_url, tuple(writable.items()), tuple(people.items()), audience)
    html = kept("feeds/_composer.html", key, lambda: {"form": _empty(user, audience), "user": user})
    return finished(html, token)


def comment_form(post_id: int, *, reply_to: int | None = None, focused: bool = False, token: str) -> SafeString:
    """The empty form for a comment on a post, as HTML.

    Args:
        reply_to: the comment replied to.
        focused: whether it takes the focus when htmx has put it in place.
    """

    def context() -> dict[str, Any]:
        form = CommentForm(post_id=post_id, reply_to=reply_to, initial={"idempotency_key": KEY_MARK})
        if focused:
            form.fields["body"].widget.attrs["data-autofocus"] = ""
        return {"form": form, "post_id": post_id, "reply_to": reply_to}

    return finished(kept("feeds/_comment_form.html", (post_id, reply_to, focused), context), token)


def _empty(user: User, audience: int | None) -> ComposerForm:
    chosen = {} if audience is None else {"audience": audience}
    return ComposerForm(user=user, initial={"idempotency_key": KEY_MARK, **chosen})
