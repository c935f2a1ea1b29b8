"""Finds a Chromium for the browser tests and prints its path; installs one where there is none and that is possible.

Run by `make test`. Where it can do neither, it says what to install and fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """CHROMIUM=…, a browser on the PATH, or the one Playwright installed."""
    if named := os.environ.get("CHROMIUM"):
        return named if Path(named).exists() else None
    return next(filter(None, map(shutil.which, NAMES)), None) or _playwrights_own()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> None:
    """Debian's package where we are root and there is apt; Playwright's download otherwise."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        _try("apt-get", "update", "-qq")
        _try("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core")
    if not find():
        _try(sys.executable, "-m", "playwright", "install", "chromium")


def _try(*command: str) -> None:
    print("Running", *command, file=sys.stderr)
    subprocess.run(command, stdout=sys.stderr, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


if __name__ == "__main__":
    if not os.environ.get("CHROMIUM") and not find():
        install()
    found = find()
    if not found:
        sys.exit(
            "The browser tests need Chromium, and none was found or could be installed. Install the package "
            "“chromium” (or Google Chrome), or set CHROMIUM=/path/to/it, and run `make test` again."
        )
    print(found)
