"""Bounds of waiting for a server, and what it says about waiting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from heritage_assets.curation.sources.base import HarvestError


@dataclass(frozen=True)
class Politeness:
    """Bounds: attempts per request, waits and time-outs in seconds (``timeout``: without a byte; ``longest_answer``: in all).

    A ``Retry-After`` above ``longest_wait`` ends the harvest with a clear error; it goes on where it stopped when run again.
    """

    attempts: int = 8
    first_wait: float = 1.0
    longest_wait: float = 120.0
    timeout: float = 60.0
    longest_answer: float = 600.0


class RefusedError(HarvestError):
    """The server's answer is a refusal that asking again won't change; ``body`` is what it said (bytes, cut)."""

    def __init__(self, message: str, status: int, body: bytes = b"") -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class BadQueryError(RefusedError):
    """The endpoint says that the query is wrong (HTTP 400)."""


class UnavailableError(HarvestError):
    """The server still fails after the last attempt."""


class BlockedAddressError(HarvestError):
    """The address leads into a private network."""


def parse_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds to wait: ``Retry-After`` holds seconds or an HTTP date; None when it is absent or nonsense."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
