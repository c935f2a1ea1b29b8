"""How every view gets its article: as its reader may see it, or not at all."""

from django.shortcuts import get_object_or_404

from knowledge.models import Article
from profiles.middleware import SignedInRequest


def load(request: SignedInRequest, slug: str) -> Article:
    """The article at `slug` with what its page shows; 404 where the reader may not see it."""
    article: Article = get_object_or_404(Article.objects.visible_to(request.user).for_page(), slug=slug)
    return article
