"""What every page knows of the site."""

from django.conf import settings
from django.http import HttpRequest

from intranet.lib.kept import lazy_token_of


def site(request: HttpRequest) -> dict[str, object]:
    """The name of the service, the token for forms and, on the search page alone, the words searched for."""
    # Elsewhere `q` may be a page's own filter, and the 404 page takes nothing from its address
    words = request.GET.get("q", "") if request.path == "/search/" else ""
    # The token as Django brings it, but of one mask with that of kept forms
    return {"site_name": settings.SITE_NAME, "csrf_token": lazy_token_of(request), "search_query": words}
