"""The search engine the settings name; the page, the tasks and the commands get it here."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .protocol import Engine

ENGINES = {
    "whoosh": "intranet.lib.search.whoosh_engine.WhooshEngine",
    "tantivy": "intranet.lib.search.tantivy_engine.TantivyEngine",
}


def engine() -> Engine:
    """The engine of this process for SEARCH_ENGINE and SEARCH_DIR. Raises ImproperlyConfigured."""
    return _open(settings.SEARCH_ENGINE, Path(settings.SEARCH_DIR))


@lru_cache(maxsize=8)
def _open(name: str, directory: Path) -> Engine:
    if name not in ENGINES:
        raise ImproperlyConfigured(f"SEARCH_ENGINE is {name!r}; it can be {' or '.join(sorted(ENGINES))}.")
    opened: Engine = import_string(ENGINES[name])(directory)
    return opened
