"""robots.txt (RFC 9309): which addresses of a host may be asked, and at what distance.

A missing file allows everything (section 2.3.1.3); one that can't be had because of the server or the network forbids everything
for now (2.3.1.4), so the image fails as the file did and is due again later.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from heritage_assets.curation.images.outcomes import ImageError
from heritage_assets.curation.images.policy import REASONS, FetchSettings, Reason

if TYPE_CHECKING:
    from protego import Protego

MOST_BYTES = 512 << 10
"""What is read of a file; RFC 9309 asks for at least 500 KiB."""
FAILED_SECONDS = 30.0
"""A file that could not be had is not asked for again so soon."""


@dataclass
class _Origin:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    known: bool = False
    rules: Protego | None = None
    error: ImageError | None = None
    error_until: float = 0.0


class Robots:
    """The rules of all hosts of a run, each file read once. Memory: some hundred bytes for each rule; a file is at most
    MOST_BYTES.

    Args:
        settings: whose robots.txt is honoured, and who we are.
        read: returns the first bytes of a file, or raises :class:`ImageError`.
        slow_down: is told the host and the Crawl-delay that it asks for, in seconds.
    """

    def __init__(
        self,
        settings: FetchSettings,
        read: Callable[[httpx.URL], Awaitable[bytes]],
        slow_down: Callable[[str, float], None],
    ) -> None:
        self._settings = settings
        self._read = read
        self._slow_down = slow_down
        self._agent = settings.agent
        self._origins: dict[tuple[str, str, int | None], _Origin] = {}

    async def check(self, address: httpx.URL) -> None:
        """Return when ``address`` may be asked.

        Raises:
            ImageError: disallowed_by_robots, or why the file could not be had (transient).
        """
        if not self._settings.honours_robots_of(address.host):
            return
        origin = self._origins.setdefault((address.scheme, address.host, address.port), _Origin())
        if not origin.known:
            async with origin.turn:
                if not origin.known:
                    await self._learn(origin, address)
        if origin.rules is not None and not origin.rules.can_fetch(str(address), self._agent):
            raise ImageError(
                Reason.DISALLOWED_BY_ROBOTS,
                f"robots.txt of {address.host} disallows {address.path[:200]!r}",
                tried=False,
            )

    async def _learn(self, origin: _Origin, address: httpx.URL) -> None:
        if origin.error is not None and time.monotonic() < origin.error_until:
            raise _copied(origin.error)
        try:
            body = await self._read_patiently(address.copy_with(raw_path=b"/robots.txt", fragment=None))
        except ImageError as error:
            if not REASONS[error.reason].permanent:
                origin.error, origin.error_until = error, time.monotonic() + FAILED_SECONDS
                raise _copied(error) from None
            origin.known = True
            return
        origin.rules = await asyncio.to_thread(_parsed, body)
        origin.known = True
        delay = origin.rules.crawl_delay(self._agent)
        if delay is not None and delay > 0:
            self._slow_down(address.host, delay)

    async def _read_patiently(self, address: httpx.URL) -> bytes:
        settings = self._settings
        for attempt in range(settings.attempts):
            try:
                return await self._read(address)
            except ImageError as error:
                last = attempt == settings.attempts - 1 or not error.tried
                if last or REASONS[error.reason].permanent:
                    raise
            await asyncio.sleep(settings.attempt_delay * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311
        raise AssertionError("attempts are at least 1")


def _parsed(body: bytes) -> Protego:
    from protego import Protego

    return Protego.parse(body.decode("utf-8-sig", "replace"))


def _copied(error: ImageError) -> ImageError:
    return ImageError(
        error.reason, f"robots.txt: {error.detail}", http_status=error.http_status, retry_after=error.retry_after,
        tried=error.tried,
    )  # fmt: skip
