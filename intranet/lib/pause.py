"""Leaving a server that failed alone for a while, so that not every request waits for it in vain."""

from __future__ import annotations

import time


class Pause:
    """When one server is to be asked again; shared by all threads of a process.

    Args:
        seconds: how long it is left alone after each failure.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = 0.0

    @property
    def is_on(self) -> bool:
        """Whether the server is left alone now."""
        return time.monotonic() < self._until

    def begin(self) -> None:
        """The server has failed just now."""
        self._until = time.monotonic() + self.seconds
