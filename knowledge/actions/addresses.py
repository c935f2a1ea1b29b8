"""Chooses the address of an article, which it keeps."""

import string

from django.utils.crypto import get_random_string
from django.utils.text import slugify

from knowledge.models import Article
from profiles.models import Audience, AudienceKind

# Pages of their own under /knowledge/
RESERVED = frozenset({"new", "preview", "similar"})
LONGEST = 150


def free_slug(title: str, *, audience: Audience, is_draft: bool = False, taken: frozenset[str] = frozenset()) -> str:
    """A slug for `title` that no article has.

    A second article of a title gets a number. Where not everyone may know of the article it gets chance letters
    instead, always: a number would tell the next writer that something of this title exists.

    Args:
        taken: slugs promised to others that are not in the database yet.
    """
    stem = slugify(title)[:LONGEST].strip("-_") or "article"
    if is_draft or audience.kind != AudienceKind.EVERYONE:
        return f"{stem}-{get_random_string(6, string.ascii_lowercase + string.digits)}"
    used = RESERVED | taken | set(Article.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    slug, number = stem, 1
    while slug in used:
        number += 1
        slug = f"{stem}-{number}"
    return slug
