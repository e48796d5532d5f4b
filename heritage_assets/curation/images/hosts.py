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


def parse_retry_after(value: str | None, now: datetime) -> datetime | None:
    """Return the time named by a Retry-After header (seconds or an HTTP date), or None where it names none."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return now + timedelta(seconds=min(int(text[:20]), LONGEST_RETRY_AFTER.total_seconds()))
    try:
        due = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    due = due if due.tzinfo else due.replace(tzinfo=UTC)
    return min(max(due, now), now + LONGEST_RETRY_AFTER)


class HostGate:
    """Lets requests to one host through, in the order they came.

    The number at a time halves with every complaint (429, 503) and recovers by one after :data:`CALM_ANSWERS` good answers
    (additive increase, multiplicative decrease). A pause longer than ``longest_pause``, or ``host_failures`` failures to reach
    the host in a row, closes the gate: waiting requests fail at once, and their images are due later.
    """

    def __init__(self, host: str, settings: FetchSettings) -> None:
        self.host = host
        self.limit = settings.host_concurrency
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
            self._next_start = time.monotonic() + self._settings.host_interval
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

    def answered(self) -> None:
        """Count an answer that was no complaint."""
        self._unreachable = 0
        self._complaints = 0
        self._calm += 1
        if self._calm >= CALM_ANSWERS and self.limit < self._settings.host_concurrency:
            self.limit += 1
            self._calm = 0
            self._released.set()

    def complained(self, retry_after: datetime | None, now: datetime) -> None:
        """Slow down after a 429 or 503, pause as asked, and close the gate when the pause is too long to wait for."""
        self._unreachable = 0
        self._calm = 0
        self.limit = max(1, self.limit // 2)
        pause = (retry_after - now).total_seconds() if retry_after else DEFAULT_PAUSE * 2 ** min(self._complaints, 10)
        self._complaints += 1
        longest = self._settings.longest_pause
        if retry_after and pause > longest:
            self._closed = lambda: ImageError(
                Reason.RATE_LIMITED,
                f"not tried: {self.host} asked for a pause until {retry_after:%Y-%m-%d %H:%M:%S} UTC",
                retry_after=retry_after,
                tried=False,
            )
        self._resume = max(self._resume, time.monotonic() + min(pause, longest))

    def unreachable(self, error: ImageError) -> None:
        """Count a failure to reach the host; several in a row close the gate for this run."""
        self._unreachable += 1
        if self._unreachable >= self._settings.host_failures:
            detail = (
                f"not tried: {self.host} could not be reached {self._unreachable} times in a row, last: {error.detail}"
            )
            self._closed = lambda: ImageError(Reason.HOST_UNAVAILABLE, detail, tried=False)
            self._released.set()
