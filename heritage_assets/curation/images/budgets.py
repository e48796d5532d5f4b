"""What bounds memory: slots and bytes for bodies under way, pixels for images being decoded."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from heritage_assets.curation.images.policy import ENTRY_BYTES


class MemoryBudget:
    """Slots and bytes for images under way. First come, first served; no wait can block itself: a body is at most
    ``max_bytes``, and the budget holds one such body beside the entry of every slot (checked by the settings)."""

    def __init__(self, slots: int, limit: int) -> None:
        self.slots = asyncio.Semaphore(slots)
        self._free = limit - slots * ENTRY_BYTES
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def reserve(self, size: int) -> None:
        """Wait until ``size`` bytes are free, and take them."""
        if not self._waiting and self._free >= size:
            self._free -= size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release(size)
            raise

    def release(self, size: int) -> None:
        """Give ``size`` bytes back."""
        self._free += size
        while self._waiting and (self._waiting[0][1].done() or self._free >= self._waiting[0][0]):
            wanted, turn = self._waiting.popleft()
            if not turn.done():
                self._free -= wanted
                turn.set_result(None)


@dataclass
class Lease:
    """What one image holds of the budget: a slot, and bytes beyond its entry."""

    budget: MemoryBudget
    held: int = 0
    released: bool = field(default=False, init=False)

    async def cover(self, size: int) -> None:
        """Make sure that a body of ``size`` bytes fits."""
        extra = size - ENTRY_BYTES - self.held
        if extra > 0:
            await self.budget.reserve(extra)
            self.held += extra

    def shrink(self, size: int) -> None:
        """Give back what a body of ``size`` bytes doesn't need."""
        surplus = self.held - max(0, size - ENTRY_BYTES)
        if surplus > 0:
            self.held -= surplus
            self.budget.release(surplus)

    def release(self) -> None:
        """Give everything back; safe to call twice."""
        if not self.released:
            self.released = True
            self.shrink(0)
            self.budget.slots.release()


class PixelBudget:
    """Bounds the pixels decoded at a time by all threads; first come, first served, so that large images get their turn."""

    def __init__(self, pixels: int) -> None:
        self._free = pixels
        self._turn = threading.Lock()
        self._changed = threading.Condition()

    @contextmanager
    def held(self, pixels: int) -> Iterator[None]:
        """Hold ``pixels`` (no more than the whole budget) for the block."""
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._free >= pixels)
            self._free -= pixels
        try:
            yield
        finally:
            with self._changed:
                self._free += pixels
                self._changed.notify_all()
