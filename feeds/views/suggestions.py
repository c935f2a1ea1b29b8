"""What one could follow and join: a page of its own, and a part of home that comes after the posts."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from feeds import suggestions
from intranet.lib import htmx
from profiles.middleware import SignedInRequest


@require_safe
def suggested(request: SignedInRequest) -> HttpResponse:
    """People, topics and communities that the reader may like."""
    user = request.user
    context = {
        "suggested_people": suggestions.people_for(user),
        "suggested_topics": suggestions.topics_for(user),
        "suggested_communities": suggestions.communities_for(user),
    }
    page, fragment = "feeds/suggestions.html", "feeds/_suggestions.html"
    return htmx.fragment_or_page(request, fragment=fragment, page=page, context=context)
