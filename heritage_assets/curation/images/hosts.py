"""Politeness towards one host: few requests at a time, spaced, fewer when it complains, none while it asks for a pause."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from heritage_assets.curation.images.outcomes import ImageError
from heritage_assets.curation.images.policy import FetchSettings, Reason

CALM_ANSWERS = 20
"""Good answers in a row after which a host that complained gets one more request at a time."""
DEFAULT_PAUSE = 1.0
"""Seconds of pause after the first 429 without Retry-After; doubles with each further one."""
LONGEST_RETRY_AFTER = timedelta(days=7)
"""A longer Retry-After is an error, or a way to be rid of us; it is cut."""


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Return the wait that a Retry-After header asks for (seconds or an HTTP date), or None where it asks for none."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:20]), LONGEST_RETRY_AFTER.total_seconds()))
    try:
        due = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    due = due if due.tzinfo else due.replace(tzinfo=UTC)
    return min(max(due - now, timedelta()), LONGEST_RETRY_AFTER)


class HostGate:
    """Lets requests to one host through, in the order they came.

    The number at a time halves with every complaint (429, 503) and recovers by one after :data:`CALM_ANSWERS` good answers
    (additive increase, multiplicative decrease). A pause longer than ``longest_pause``, or ``host_failures`` failures to reach
    the host in a row, closes the gate: waiting requests fail at once, and their images are due later.
    """

    def __init__(self, host: str, settings: FetchSettings) -> None:
        self.host = host
        self.limit = settings.host_concurrency
        self.interval = settings.host_interval
        self._settings = settings
        self._active = 0
        self._turn = asyncio.Lock()
        self._released = asyncio.Event()
        self._resume = 0.0
        self._next_start = 0.0
        self._closed: Callable[[], ImageError] | None = None
        self._calm = 0
        self._complaints = 0
        self._unreachable = 0

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """Hold one of the host's places for the block.

        Raises:
            ImageError: rate_limited or host_unavailable (not tried) once the gate is closed.
        """
        async with self._turn:
            await self._wait()
            self._active += 1
            self._next_start = time.monotonic() + self.interval
        try:
            yield
        finally:
            self._active -= 1
            self._released.set()

    async def _wait(self) -> None:
        while True:
            if self._closed is not None:
                raise self._closed()
            if self._active >= self.limit:
                self._released.clear()
                await self._released.wait()
                continue
            delay = max(self._resume, self._next_start) - time.monotonic()
            if delay <= 0:
                return
            # Short naps, so that a gate closed by a request under way doesn't hold the waiting ones for the whole pause.
            await asyncio.sleep(min(delay, 0.5))

    def keep_distance(self, seconds: float) -> None:
        """Space requests by at least so many seconds (a Crawl-delay), ``longest_pause`` at most."""
        self.interval = max(self.interval, min(seconds, self._settings.longest_pause))

    def answered(self) -> None:
        """Count an answer that was no complaint."""
        self._unreachable = 0
        self._complaints = 0
        self._calm += 1
        if self._calm >= CALM_ANSWERS and self.limit < self._settings.host_concurrency:
            self.limit += 1
            self._calm = 0
            self._released.set()

    def complained(self, retry_after: timedelta | None) -> None:
        """Slow down after a 429 or 503, pause as asked, and close the gate when the pause is too long to wait for."""
        self._unreachable = 0
        self._calm = 0
        self.limit = max(1, self.limit // 2)
        pause = DEFAULT_PAUSE * 2 ** min(self._complaints, 10) if retry_after is None else retry_after.total_seconds()
        self._complaints += 1
        longest, now = self._settings.longest_pause, time.monotonic()
        if retry_after is not None and pause > longest:
            end = now + pause
            self._closed = lambda: self._paused_until(end)
        self._resume = max(self._resume, now + min(pause, longest))

    def _paused_until(self, end: float) -> ImageError:
        rest = timedelta(seconds=max(0.0, end - time.monotonic()))
        detail = f"not tried: {self.host} asked for a pause that lasts {rest.total_seconds():.0f} s more"
        return ImageError(Reason.RATE_LIMITED, detail, retry_after=rest, tried=False)

    def unreachable(self, error: ImageError) -> None:
        """Count a failure to reach the host; several in a row close the gate for this run."""
        self._unreachable += 1
        if self._unreachable >= self._settings.host_failures:
            detail = (
                f"not tried: {self.host} could not be reached {self._unreachable} times in a row, last: {error.detail}"
            )
            self._closed = lambda: ImageError(Reason.HOST_UNAVAILABLE, detail, tried=False)
            self._released.set()
