"""What changed between two revisions of an article, ready to be shown."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.safestring import SafeString

from intranet.lib.diff import word_diff
from knowledge.models import Revision


class Changes(NamedTuple):
    """The differences that there are, each with the part of the article they are in."""

    old: Revision
    new: Revision
    parts: list[tuple[str, SafeString]]


def changes_between(old: Revision, new: Revision) -> Changes:
    """What `new` says that `old` did not, and the other way round."""
    pairs = [
        ("Title", old.title, new.title),
        ("Summary", old.summary, new.summary),
        ("Topics", ", ".join(old.topic_names), ", ".join(new.topic_names)),
        ("Article", old.body, new.body),
    ]
    return Changes(old, new, [(part, word_diff(before, after)) for part, before, after in pairs if before != after])
