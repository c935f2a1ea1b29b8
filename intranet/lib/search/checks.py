"""What `manage.py check` says of the search engine: from which size on another one is needed."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning

from . import engine
from .protocol import SearchUnavailable

# From here on the dearest questions (phrases of common words) take Whoosh more than a tenth of a second in one search
# of twenty, on one core of 2 GHz, and building the index takes minutes: `python -m bench.search_scale` measures it
MOST_FOR_WHOOSH = 10_000


def engine_fits_size(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn where Whoosh’s index holds more than it is for. The index is asked, so that no database need answer."""
    if settings.SEARCH_ENGINE != "whoosh":
        return []
    try:
        documents = engine().status()["documents"]
    except SearchUnavailable:
        # Nothing is indexed yet, or it is being rebuilt: that is for /health/ready to tell
        return []
    if documents <= MOST_FOR_WHOOSH:
        return []
    return [
        Warning(
            f"The search index holds {documents:,} documents. Whoosh is for {MOST_FOR_WHOOSH:,} at most: beyond, a "
            "search takes longer than a tenth of a second too often.",
            hint="Set SEARCH_ENGINE=tantivy and run `manage.py rebuild_search`; deploy/README.md says more.",
            id="intranet.W001",
        )
    ]
