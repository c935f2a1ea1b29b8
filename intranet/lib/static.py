"""Static files: named by their contents once they are collected, served from where they lie until then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

# Django's own patterns for modules want a semicolon at the end of each import
MODULE_IMPORT = r"""(?m)^(?P<matched>(?P<what>(?:import|export)\b[^"';()]*)["'](?P<url>\.{1,2}/[^"']+)["'])"""


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Every collected file under a name that changes with its contents, what modules import from each other too."""

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("*.js", ((MODULE_IMPORT, '%(what)s"%(url)s"'),)),
    )

    def stored_name(self, name: str) -> str:
        # Nothing collected yet: the file goes by its own name
        return super().stored_name(name) if self.hashed_files else name


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, for which it is no fault that nothing was collected."""

    def add_files(self, root: Any, prefix: Any = None) -> None:
        if Path(root).is_dir():
            super().add_files(root, prefix)
