"""One question for many who ask at the same moment: what is asked while an answer is on its way is the next batch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key")
Answer = TypeVar("Answer")


class Batched(Generic[Key, Answer]):
    """Asks about one key at a time, and in truth about all that are waited for together.

    Args:
        ask: the answers for several keys at once; a key without one is answered None.
        most: keys in one batch.
    """

    def __init__(self, ask: Callable[[Collection[Key]], Awaitable[Mapping[Key, Answer]]], most: int) -> None:
        self._ask, self._most = ask, most
        self._waiting: list[tuple[Key, asyncio.Future[Answer | None]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def __call__(self, key: Key) -> Answer | None:
        """The answer for `key`, asked after this call. Raises what asking raised."""
        answer: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, answer))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._go_on())
        return await answer

    async def _go_on(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                answers = await self._ask({key for key, _ in batch})
            except Exception as error:
                for _, waiting in batch:
                    if not waiting.done():
                        waiting.set_exception(error)
            else:
                for key, waiting in batch:
                    # Whoever waited may be gone
                    if not waiting.done():
                        waiting.set_result(answers.get(key))
        # At once, not when the task is seen to have ended: whoever comes in between would wait for ever
        self._asking = None
