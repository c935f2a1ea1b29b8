"""What every page knows of the site."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """The name of the service and, on the search page alone, the words searched for."""
    # Elsewhere `q` may be a page's own filter, and the 404 page takes nothing from its address
    words = request.GET.get("q", "") if request.path == "/search/" else ""
    return {"site_name": settings.SITE_NAME, "search_query": words}
