"""Micro-batches: what many requests ask for at once is done in few calls, and no more may wait than can be served.

While one batch is under way the next one gathers, so nobody waits for a timer: alone, a request is served at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class OverloadedError(RuntimeError):
    """Too many wait already; come back after ``retry_after`` seconds."""

    def __init__(self, what: str, retry_after: int = 1) -> None:
        super().__init__(f"too many requests wait for {what}: try again in {retry_after} s")
        self.retry_after = retry_after


class Batcher(Generic[Asked, Answer]):
    """Hands what is asked for to ``work`` in batches.

    Memory: ``most_waiting`` items, and ``lanes`` batches under way.

    Args:
        work: answers a batch: as many answers as items, in their order; an exception among them is that item's alone.
        name: what people wait for, in messages.
        batch: most items in one batch.
        most_waiting: most items that may wait.
        lanes: batches that may be under way at a time.
    """

    def __init__(
        self,
        work: Callable[[list[Asked]], Awaitable[list[Answer | Exception]]],
        *,
        name: str,
        batch: int,
        most_waiting: int,
        lanes: int = 1,
    ) -> None:
        self._work = work
        self._name = name
        self._batch = batch
        self._most_waiting = most_waiting
        self._lanes = lanes
        self._waiting: deque[tuple[Asked, asyncio.Future[Answer]]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self.shed = 0

    @property
    def waiting(self) -> int:
        """Items that wait now."""
        return len(self._waiting)

    async def ask(self, item: Asked) -> Answer:
        """Return the answer to one item.

        Raises:
            OverloadedError: too many wait already.
        """
        if len(self._waiting) >= self._most_waiting:
            self.shed += 1
            raise OverloadedError(self._name)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if len(self._running) < self._lanes:
            self._start()
        return await answer

    def _start(self) -> None:
        task = asyncio.get_running_loop().create_task(self._drain())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _drain(self) -> None:
        """Serve batches until nobody waits; those who have gone away meanwhile are passed over."""
        await asyncio.sleep(0)  # whoever asks in this turn of the loop comes along
        while self._waiting:
            batch: list[tuple[Asked, asyncio.Future[Answer]]] = []
            while self._waiting and len(batch) < self._batch:
                item = self._waiting.popleft()
                if not item[1].done():
                    batch.append(item)
            if batch:
                await self._serve(batch)

    async def _serve(self, batch: list[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._work([item for item, _ in batch])
        except Exception as error:  # everybody in the batch gets to know
            answers = [error] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
