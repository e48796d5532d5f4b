"""The size of a batch: found while working, halved when memory runs out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from heritage_assets.curation.encoders.backends import OutOfMemoryError
from heritage_assets.curation.encoders.interface import EncoderUnusableError, Vectors

T = TypeVar("T")

_WORTH = 1.05
"""A larger batch must be this much faster: it also costs memory, and the wait for its first result."""


class BatchSizer:
    """Encodes items in batches of the size that serves best on this machine.

    Starts at ``start``; doubles while that raises the items per second by 5 % (the first batch of each size only warms up), up to
    ``most``; halves when memory runs out, and never tries the size that failed again.
    """

    def __init__(self, start: int, most: int) -> None:
        self.size = start
        self._most = most
        self._settled = False
        self._warm = False
        self._before: float | None = None
        """Items per second at half the present size."""

    def run(self, items: Sequence[T], encode: Callable[[Sequence[T]], Vectors]) -> Vectors:
        """Return the rows of all items, in order.

        Raises:
            EncoderUnusableError: no memory even for one item.
        """
        done: list[Vectors] = []
        start = 0
        while start < len(items):
            batch = items[start : start + self.size]
            began = time.perf_counter()
            try:
                done.append(encode(batch))
            except OutOfMemoryError as error:
                self._shrink(len(batch), error)
                continue
            self._note(len(batch), time.perf_counter() - began)
            start += len(batch)
        return np.concatenate(done)

    def _shrink(self, size: int, error: OutOfMemoryError) -> None:
        if size <= 1:
            raise EncoderUnusableError(f"{error} even for one item") from error
        self.size = max(1, size // 2)
        self._settled = True

    def _note(self, size: int, seconds: float) -> None:
        """Learn from one full batch."""
        if self._settled or size < self.size:
            return
        if not self._warm:
            self._warm = True
            return
        rate = size / max(seconds, 1e-9)
        if self._before is not None and rate < _WORTH * self._before:
            self.size //= 2
            self._settled = True
        elif self.size * 2 > self._most:
            self._settled = True
        else:
            self._before, self._warm = rate, False
            self.size *= 2
